import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ScriptedTarget } from '../../../contract/scripted-target.ts';
import { AdditionalSense } from '../../scsi/sense.ts';
import { decodeSense } from '../../scsi/sense-data.ts';
import { Status } from '../../scsi/status.ts';
import type { Pdu } from './framer.ts';
import { InitiatorOpcode, RejectReason, reservedTag, SnackType, TargetOpcode } from './opcodes.ts';
import * as pdu from './pdu.ts';
import { opcodes, type RawInitiator, rawSession } from './testing-wire.ts';
import type { Pair } from './text.ts';

const keys: readonly Pair[] = [
  ['ErrorRecoveryLevel', '1'],
  ['MaxRecvDataSegmentLength', '512'],
  ['MaxBurstLength', '1024'],
  ['MaxOutstandingR2T', '2'],
  ['InitialR2T', 'No'],
  ['FirstBurstLength', '1024'],
  ['DataDigest', 'CRC32C'],
];

/** At level 1: Data-In of 512 bytes, two in a burst. CmdSN and StatSN are 1 now. */
function session() {
  const all = rawSession(new ScriptedTarget(), keys, { wishes: { ErrorRecoveryLevel: 1 } });
  all.peer.useDataDigests();
  all.device.answer = (command) =>
    command.complete(
      Status.good,
      undefined,
      Uint8Array.from({ length: 2000 }, (_, i) => i & 0xff),
    );
  const snack = (values: object) =>
    all.peer.say(pdu.Snack, {
      opcode: InitiatorOpcode.snack,
      final: 1,
      tag: reservedTag,
      transferTag: reservedTag,
      expStatSn: 1,
      ...values,
    });
  return { ...all, snack };
}

const read = { read: 1, expectedLength: 2000, tag: 5, cmdSn: 1, expStatSn: 1 };
const reason = (answers: readonly Pdu[]) => {
  assert.deepEqual(opcodes(answers), [TargetOpcode.reject]);
  return pdu.Reject.decode((answers[0] as Pdu).header).reason;
};
const numbers = (answers: readonly Pdu[]) => answers.map((one) => pdu.DataIn.decode(one.header).dataSn);

describe('SNACK at the target (RFC 7143 §11.16)', () => {
  it('for data brings exact replicas, but for the command window', () => {
    const { peer, snack } = session();
    const sent = peer.command(read);
    assert.deepEqual(numbers(sent), [0, 1, 2, 3]);
    const data = { type: SnackType.data, tag: 5 };
    assert.deepEqual(snack({ ...data, begin: 1, runLength: 2 }), sent.slice(1, 3));
    assert.deepEqual(snack({ ...data, begin: 3, runLength: 0 }), sent.slice(3));
    assert.deepEqual(snack(data), sent);
    peer.command({ tag: 6, cmdSn: 2, expStatSn: 1 });
    const [again] = snack({ ...data, runLength: 1 }) as [Pdu];
    assert.equal(pdu.DataIn.decode(again.header).expCmdSn, 3);
  });

  it('for what was not sent, or was acknowledged, is a protocol error; the next number is said (§11.17.2)', () => {
    const { peer, snack } = session();
    peer.command(read);
    const [reject] = snack({ type: SnackType.data, tag: 5, begin: 3, runLength: 2 }) as [Pdu];
    const { reason: why, dataSn } = pdu.Reject.decode(reject.header);
    assert.deepEqual([why, dataSn], [RejectReason.protocol, 4]);
    assert.equal(reason(snack({ type: SnackType.data, tag: 77 })), RejectReason.protocol);
    assert.equal(reason(snack({ type: SnackType.status, begin: 9, runLength: 1 })), RejectReason.protocol);
    assert.equal(
      reason(snack({ type: SnackType.data, tag: 5, runLength: 1, expStatSn: 2 })),
      RejectReason.protocol,
    );
    assert.equal(
      reason(snack({ type: SnackType.status, begin: 1, runLength: 1, expStatSn: 2 })),
      RejectReason.protocol,
    );
  });

  it('for statuses brings responses of any kind, and data-in with status', () => {
    const { peer, snack } = session();
    const data = peer.command(read);
    const [good] = peer.command({ tag: 6, cmdSn: 2, expStatSn: 1 }) as [Pdu];
    const ping = { opcode: InitiatorOpcode.nopOut, immediate: 1, final: 1, tag: 7, transferTag: reservedTag };
    const [pong] = peer.say(pdu.NopOut, { ...ping, cmdSn: 3, expStatSn: 1 }, Uint8Array.of(1, 2, 3)) as [Pdu];
    const again = snack({ type: SnackType.status, begin: 1, runLength: 0 });
    assert.deepEqual(opcodes(again), [TargetOpcode.dataIn, TargetOpcode.scsiResponse, TargetOpcode.nopIn]);
    assert.deepEqual(again[0]?.data, data[3]?.data);
    assert.deepEqual(
      again.slice(1).map(({ data: one }) => one),
      [good.data, pong.data],
    );
    const statSns = again.map((one) => pdu.ScsiResponse.decode(one.header).statSn);
    assert.deepEqual(statSns, [1, 2, 3]);
  });

  it('acknowledges data, which can not be had again then (§11.16.2)', () => {
    const { peer, snack } = session();
    const sent = peer.command(read).map((one) => pdu.DataIn.decode(one.header));
    assert.deepEqual(
      sent.map(({ acknowledge }) => acknowledge),
      [0, 1, 0, 0],
      'once a burst, not for the last',
    );
    const [, { transferTag }] = sent as [unknown, { transferTag: number }];
    const ack = { type: SnackType.dataAck, transferTag };
    assert.equal(reason(snack({ ...ack, begin: 5 })), RejectReason.invalidDataAck);
    assert.deepEqual(snack({ ...ack, begin: 2 }), []);
    assert.equal(
      reason(snack({ type: SnackType.data, tag: 5, begin: 1, runLength: 1 })),
      RejectReason.protocol,
    );
    assert.deepEqual(numbers(snack({ type: SnackType.data, tag: 5 })), [2, 3]);
    assert.equal(reason(snack({ ...ack, transferTag: 99, begin: 2 })), RejectReason.invalidDataAck);
  });

  it('R-Data brings all data without status, and a response with its tag (§11.16.3)', () => {
    const { peer, snack } = session();
    peer.command(read);
    const again = snack({ type: SnackType.resegmented, tag: 5, transferTag: 0x77 });
    assert.deepEqual(numbers(again.slice(0, 4)), [0, 1, 2, 3]);
    assert.ok(again.slice(0, 4).every((one) => pdu.DataIn.decode(one.header).hasStatus === 0));
    const { opcode, snackTag, statSn, expDataSn } = pdu.ScsiResponse.decode((again[4] as Pdu).header);
    assert.deepEqual([opcode, snackTag, statSn, expDataSn], [TargetOpcode.scsiResponse, 0x77, 1, 4]);
    const status = snack({ type: SnackType.status, begin: 1, runLength: 1 });
    assert.equal(pdu.ScsiResponse.decode((status[0] as Pdu).header).snackTag, 0x77, 'the latest content');
    const bad = { type: SnackType.resegmented, tag: 5 };
    assert.equal(reason(snack({ ...bad, transferTag: 0 })), RejectReason.invalidField);
    assert.equal(reason(snack({ ...bad, transferTag: 1, begin: 1 })), RejectReason.invalidField);
  });

  it('R-Data for a command under way is remembered', () => {
    const { peer, snack, device } = session();
    const { answer } = device;
    device.answer = device.hold;
    peer.command(read);
    assert.deepEqual(snack({ type: SnackType.resegmented, tag: 5, transferTag: 0x77 }), []);
    answer(device.take());
    const sent = peer.heard();
    assert.equal(pdu.ScsiResponse.decode((sent.at(-1) as Pdu).header).snackTag, 0x77);
  });

  it('with fields that make no sense is rejected', () => {
    const { peer, snack } = session();
    peer.command(read);
    for (const values of [
      { type: 7 },
      { type: SnackType.status, tag: 5 },
      { type: SnackType.data },
      { type: SnackType.data, tag: 5, transferTag: 1 },
      { type: SnackType.dataAck, transferTag: 1, runLength: 1 },
    ])
      assert.equal(reason(snack(values)), RejectReason.invalidField, JSON.stringify(values));
  });

  it('for R2Ts brings those that were not answered', () => {
    const { peer, snack } = session();
    const [one, two] = peer.command({ ...read, read: 0, write: 1 }) as [Pdu, Pdu];
    const again = { type: SnackType.data, tag: 5 };
    assert.deepEqual(snack({ ...again, begin: 1, runLength: 1 }), [two]);
    assert.deepEqual(snack(again), [one, two]);
    answerInFull(peer, one);
    assert.equal(reason(snack({ ...again, begin: 0, runLength: 1 })), RejectReason.protocol);
    assert.equal(reason(snack({ ...again, begin: 2, runLength: 1 })), RejectReason.protocol);
  });
});

/** Data-out for an R2T. */
function answerInFull(peer: RawInitiator, r2t: Pdu, bad = false): Pdu[] {
  const { transferTag, offset, desiredLength, tag } = pdu.ReadyToTransfer.decode(r2t.header);
  peer.damage = (bytes) => {
    if (bad) bytes.fill(0xee, 60, 61);
  };
  const answers = peer.dataOut(
    { tag, transferTag, offset, final: 1, expStatSn: 1 },
    new Uint8Array(desiredLength),
  );
  peer.damage = () => undefined;
  return answers;
}

describe('data-out at the target, at level 1 (RFC 7143 §7.8, §7.9, §11.8)', () => {
  const write = { ...read, read: 0, write: 1 };

  it('that is damaged is rejected and asked for again, by the next R2TSN', () => {
    const { peer, device } = session();
    const [one, two] = peer.command(write) as [Pdu, Pdu];
    const answers = answerInFull(peer, one, true);
    assert.deepEqual(opcodes(answers), [TargetOpcode.reject, TargetOpcode.readyToTransfer]);
    const again = pdu.ReadyToTransfer.decode((answers[1] as Pdu).header);
    const first = pdu.ReadyToTransfer.decode(one.header);
    assert.deepEqual([again.r2tSn, again.offset, again.desiredLength], [2, 0, first.desiredLength]);
    assert.notEqual(again.transferTag, first.transferTag);
    answerInFull(peer, two);
    assert.deepEqual(answerInFull(peer, one), [], 'too late for that');
    assert.equal(device.commands, 0);
    answerInFull(peer, answers[1] as Pdu);
    assert.equal(device.commands, 1);
  });

  it('of which the end is lost is asked for after a while; an R2T is repeated first', () => {
    const { peer, lab, connection } = session();
    const [one, two] = peer.command(write) as [Pdu, Pdu];
    lab.clock.advance(5_000);
    connection.tick();
    assert.deepEqual(peer.heard(), [one, two]);
    lab.clock.advance(5_000);
    connection.tick();
    const again = peer.heard().map((r2t) => pdu.ReadyToTransfer.decode(r2t.header).r2tSn);
    assert.deepEqual(again, [2, 3]);
  });

  it('that never comes whole ends the command with 0Bh/47h/05h', () => {
    const { peer, device } = session();
    let answers = peer.command({ ...write, expectedLength: 1000 });
    let rounds = 0;
    for (; answers.at(-1) && opcodes(answers).at(-1) === TargetOpcode.readyToTransfer; rounds++)
      answers = answerInFull(peer, answers.at(-1) as Pdu, true);
    const end = answers.at(-1) as Pdu;
    assert.deepEqual([opcodes([end]), device.commands, rounds], [[TargetOpcode.scsiResponse], 0, 17]);
    assert.equal(decodeSense(end.data.subarray(2))?.code, AdditionalSense.protocolServiceCrcError);
  });

  it('in the command itself is damaged: the command was not received (§7.3)', () => {
    const { peer, device } = session();
    peer.damage = (bytes) => bytes.fill(0xee, 60, 61);
    const whole = { ...write, expectedLength: 512 };
    const answers = peer.command(whole, new Uint8Array(512));
    assert.equal(reason(answers), RejectReason.dataDigest);
    assert.equal(pdu.Reject.decode((answers[0] as Pdu).header).expCmdSn, 1);
    peer.damage = () => undefined;
    peer.command(whole, new Uint8Array(512));
    assert.deepEqual(peer.command(whole, new Uint8Array(512)), [], 'a retry too many');
    assert.equal(device.commands, 1);
  });

  it('asks for acknowledgement of responses (§7.1.4.2)', () => {
    const { peer, lab, connection } = session();
    peer.command({ tag: 6, cmdSn: 1, expStatSn: 1 });
    assert.equal(connection.due, 3_000);
    lab.clock.advance(3_000);
    connection.tick();
    const [asked] = peer.heard() as [Pdu];
    const { opcode, statSn, tag, transferTag } = pdu.NopIn.decode(asked.header);
    assert.deepEqual([opcode, statSn, tag], [TargetOpcode.nopIn, 2, reservedTag]);
    const answer = { opcode: InitiatorOpcode.nopOut, immediate: 1, final: 1, tag: reservedTag, transferTag };
    peer.say(pdu.NopOut, { ...answer, cmdSn: 2, expStatSn: 2 });
    assert.ok(connection.due > 10_000);
  });

  it('never fails on any SNACK or data', () => {
    const small = fc.oneof(fc.nat(6), fc.constant(reservedTag), fc.nat(0xffffffff));
    const header = fc.record({
      opcode: fc.constantFrom(InitiatorOpcode.snack, InitiatorOpcode.dataOut),
      flags: fc.nat(0xff),
      words: fc.array(small, { minLength: 8, maxLength: 8 }),
    });
    fc.assert(
      fc.property(fc.array(header, { maxLength: 30 }), (headers) => {
        const { peer, connection, lab } = session();
        peer.command(read);
        peer.command({ ...write, tag: 6, cmdSn: 2 });
        for (const { opcode, flags, words } of headers) {
          const bytes = new Uint8Array(48);
          const view = new DataView(bytes.buffer);
          bytes.set([opcode, flags]);
          for (const [i, word] of words.entries()) view.setUint32(16 + 4 * i, word);
          connection.receive(bytes);
          lab.clock.advance(1_000);
          connection.tick();
        }
      }),
    );
  });
});
