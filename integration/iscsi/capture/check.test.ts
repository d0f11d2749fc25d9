/** The check of captures can fail: whatever is damaged is found, by us and by tshark. */

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { connect, Status } from '../../../src/iscsi.ts';
import { missing } from '../../lab/processes.ts';
import { checkCapture } from './check.ts';
import { readRecording } from './recorded.ts';
import { breaches } from './rules.ts';
import { Stage } from './stage.ts';
import { pcapOf, Recording, type Side } from './tap.ts';

const skip = missing('tshark');
const access = (opcode: number) => Uint8Array.of(opcode, 0, 0, 0, 0, 9, 0, 0, 8, 0);

/** A session with a write and a read of 4 KiB, each PDU in a chunk of its own. */
async function record(digest: string): Promise<Recording> {
  await using stage = await Stage.open();
  const wishes = { HeaderDigest: [digest], DataDigest: [digest] };
  const session = await connect({ ...stage.to, wishes });
  const dataOut = new Uint8Array(4096).fill(0x61);
  const written = await session.execute({ cdb: access(0x2a), lun: 1, dataOut });
  const read = await session.execute({ cdb: access(0x28), lun: 1, dataIn: 4096 });
  assert.deepEqual([written.status, read.status], [Status.good, Status.good]);
  session.close();
  await stage.tap.quiet();
  const [recording] = stage.tap.recordings;
  assert.ok(recording);
  return recording;
}

/** A copy in which the chunks of one side have gone through `change`; undefined drops one. */
function altered(
  original: Recording,
  side: Side,
  change: (bytes: Uint8Array) => Uint8Array | undefined,
): Recording {
  const copy = new Recording();
  for (const chunk of original.chunks) {
    const bytes = chunk.side === side ? change(Uint8Array.from(chunk.bytes)) : chunk.bytes;
    if (bytes) copy.chunks.push({ ...chunk, bytes });
  }
  return copy;
}

const [scsiCommand, scsiResponse, dataIn] = [0x01, 0x21, 0x25];
/** Does something to the chunks that begin with such a PDU. */
const those =
  (opcode: number, change: (bytes: Uint8Array) => Uint8Array | undefined) => (bytes: Uint8Array) =>
    bytes[0] === opcode ? change(bytes) : bytes;
const flip = (at: number) => (bytes: Uint8Array) => {
  bytes[at] = Number(bytes[at]) ^ 0x04;
  return bytes;
};

describe('the check of captures', { skip }, () => {
  let plain: Recording;
  let digested: Recording;
  before(async () => {
    plain = await record('None');
    digested = await record('CRC32C');
  });

  const complains = async (recording: Recording, what: RegExp, pcap?: Uint8Array) => {
    const { complaints } = await checkCapture([recording], {}, pcap);
    assert.ok(
      complaints.some((line) => what.test(line)),
      `${what}: ${complaints.join('\n') || 'nothing found'}`,
    );
  };

  it('finds nothing where nothing is', async () => {
    const { complaints, digests } = await checkCapture([plain, digested]);
    assert.deepEqual([complaints, digests > 5], [[], true]);
  });

  it('finds a wrong data digest and a wrong header digest', async () => {
    await complains(altered(digested, 1, those(dataIn, flip(100))), /data digest is wrong/);
    await complains(altered(digested, 0, those(scsiCommand, flip(36))), /header digest is wrong/);
  });

  it('tshark finds them by itself', async () => {
    for (const at of [100, 20]) {
      const damaged = altered(digested, 1, those(dataIn, flip(at)));
      await complains(digested, /Bad CRC32/, pcapOf([damaged]));
    }
  });

  it('finds numbers that are out of order, and answers that are missing', () => {
    const breaks = (recording: Recording, what: RegExp) =>
      assert.match(breaches(readRecording(recording).pdus).join('\n'), what);
    assert.deepEqual(breaches(readRecording(plain).pdus), []);
    breaks(altered(plain, 1, those(scsiResponse, flip(27))), /StatSN/);
    breaks(altered(plain, 1, those(scsiResponse, flip(30))), /expCmdSn goes back|MaxCmdSN/);
    breaks(altered(plain, 0, those(scsiCommand, flip(27))), /CmdSN/);
    breaks(altered(plain, 0, those(scsiCommand, flip(31))), /expStatSn goes back/);
    breaks(altered(plain, 1, those(dataIn, flip(39))), /dataSn/);
    breaks(
      altered(
        plain,
        1,
        those(scsiResponse, () => undefined),
      ),
      /has no answer/,
    );
    breaks(
      altered(
        plain,
        0,
        those(scsiCommand, () => undefined),
      ),
      /answers nothing/,
    );
  });

  it('finds bytes that belong to no PDU', async () => {
    const cut = altered(
      plain,
      1,
      those(dataIn, (bytes) => bytes.subarray(0, bytes.length - 1)),
    );
    await complains(cut, /no whole PDU|opcode/);
    const more = altered(plain, 0, (bytes) => (bytes.length === 0 ? Uint8Array.of(1, 2, 3) : bytes));
    await complains(more, /3 bytes at the end are no whole PDU/);
    const other = new Recording();
    other.add(0, new TextEncoder().encode(`GET / HTTP/1.1\r\nHost: ${'x'.repeat(80)}\r\n\r\n`));
    await complains(other, /tshark/);
  });

  it('finds a difference between what was said and what the capture shows', async () => {
    await complains(altered(plain, 1, those(scsiResponse, flip(18))), /tshark finds no request/);
    const pcap = pcapOf([altered(plain, 0, those(scsiCommand, flip(23)))]);
    await complains(plain, /expectedLength is \d+, to tshark \d+/, pcap);
    const torn = pcapOf([plain]);
    torn[torn.length - 4] = Number(torn[torn.length - 4]) ^ 1; // the last TCP checksum
    await complains(plain, /tshark/, torn);
  });
});
