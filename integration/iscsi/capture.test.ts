/**
 * tshark reads what our initiator and our target say to each other: every byte is iSCSI, every digest good, every PDU is to
 * tshark what it is to us, answers belong to requests, numbers are in order.
 */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type ConnectOptions,
  connect,
  discover,
  type IscsiSession,
  LoginError,
  Status,
  TaskManagement,
} from '../../src/iscsi.ts';
import { InitiatorOpcode, TargetOpcode } from '../../src/transport/iscsi/opcodes.ts';
import * as pdus from '../../src/transport/iscsi/pdu.ts';
import { encodeText } from '../../src/transport/iscsi/text.ts';
import { missing } from '../lab/processes.ts';
import { until } from '../lab/until.ts';
import type { Verdict } from './capture/check.ts';
import { RawSession } from './capture/raw-session.ts';
import { readRecording } from './capture/recorded.ts';
import { Stage, stageName } from './capture/stage.ts';

const skip = missing('tshark');
const access = (opcode: number, blocks: number) =>
  Uint8Array.of(opcode, 0, 0, 0, 0, 9, 0, blocks >>> 8, blocks & 0xff, 0);
const [read10, write10] = [0x28, 0x2a];
const lun = 1;

/** Nothing to complain of, and these PDUs were there. */
function clean(verdict: Verdict, ...titles: readonly string[]): void {
  assert.deepEqual(verdict.complaints, []);
  for (const title of titles) assert.ok(verdict.pdus.has(title), `no ${title}`);
}

/** Data both ways in many lengths; short, long and refused commands. */
async function exchange(session: IscsiSession): Promise<void> {
  for (const blocks of [1, 16, 200, 1500]) {
    const dataOut = new Uint8Array(512 * blocks).map((_, i) => (31 * i + blocks) >>> 3);
    const written = await session.execute({ cdb: access(write10, blocks), lun, dataOut });
    const read = await session.execute({ cdb: access(read10, blocks), lun, dataIn: dataOut.length });
    assert.deepEqual([written.status, read.status], [Status.good, Status.good]);
    assert.equal(Buffer.compare(read.dataIn, dataOut), 0);
  }
  const inquiry = (length: number) => Uint8Array.of(0x12, 0, 0, 0, length, 0);
  const short = await session.execute({ cdb: inquiry(36), lun, dataIn: 255 });
  const long = await session.execute({ cdb: inquiry(36), lun, dataIn: 11 }); // padded, and overflows
  assert.deepEqual([short.residual, long.residual], [219, -25]);
  const both = { cdb: new Uint8Array(32).fill(0x7f), lun, dataOut: new Uint8Array(600), dataIn: 600 };
  for (const request of [
    both,
    { cdb: access(read10, 9), lun: 7, dataIn: 9 * 512 },
    { cdb: Uint8Array.of(0xff), lun },
  ])
    assert.equal((await session.execute(request)).status, Status.checkCondition);
  const many = Array.from({ length: 40 }, () =>
    session.execute({ cdb: access(read10, 8), lun, dataIn: 4096 }),
  );
  for (const { status } of await Promise.all(many)) assert.equal(status, Status.good);
}

const shortSegments = { MaxRecvDataSegmentLength: 8192, MaxBurstLength: 32_768, FirstBurstLength: 16_384 };
const variants: Readonly<Record<string, Partial<ConnectOptions>>> = {
  'as it is by default': {},
  'with all data solicited, several R2T at once': {
    wishes: { ...shortSegments, InitialR2T: true, ImmediateData: false, MaxOutstandingR2T: 4 },
  },
  'with immediate data and R2T': { wishes: { ...shortSegments, InitialR2T: true } },
  'with unsolicited data, none immediate': { wishes: { ...shortSegments, ImmediateData: false } },
  'with a header digest': { wishes: { HeaderDigest: ['CRC32C'] } },
  'with a data digest': { wishes: { DataDigest: ['CRC32C'], ...shortSegments } },
  'with both digests': { wishes: { HeaderDigest: ['CRC32C'], DataDigest: ['CRC32C'] } },
};

describe('tshark reads our sessions', { skip }, () => {
  for (const [title, options] of Object.entries(variants))
    it(title, async () => {
      await using stage = await Stage.open({ wishes: { MaxRecvDataSegmentLength: 16_384 } });
      await discover(stage.to);
      const session = await connect({ ...stage.to, ...options });
      await exchange(session);
      session.close();
      const verdict = await stage.verdict();
      clean(verdict, 'Text Response', 'SCSI Response', 'SCSI Data-In', 'Logout Response');
      const digests = Object.keys(options.wishes ?? {}).some((key) => key.endsWith('Digest'));
      assert.equal(verdict.digests > 50, digests, `${verdict.digests} digests`);
      const solicited = options.wishes?.InitialR2T === true;
      if (solicited) clean(verdict, 'Ready To Transfer', 'SCSI Data-Out');
    });

  it('logins: CHAP both ways, with every algorithm; refused, moved, reinstated', async () => {
    const [mine, its] = ['a secret of hers', 'the other one of it'];
    await using stage = await Stage.open({
      chap: { users: { alice: mine }, own: { name: 'stage', secret: its } },
    });
    await using elsewhere = await Stage.open({ redirect: { address: `${stage.tap.portal},1` } });
    const chap = { name: 'alice', secret: mine };
    const isid = Uint8Array.of(0x80, 1, 2, 3, 4, 5);
    for (const algorithms of [[5], [7], [8], [8, 7, 5]])
      for (const target of [undefined, { name: 'stage', secret: its }]) {
        const session = await connect({
          ...stage.to,
          chap: { ...chap, algorithms, ...(target ? { target } : {}) },
        });
        session.close();
      }
    await assert.rejects(connect(stage.to), LoginError);
    await assert.rejects(connect({ ...stage.to, chap: { ...chap, secret: 'another secret' } }), LoginError);
    await assert.rejects(connect({ ...stage.to, target: 'iqn.2026-01.org.example:no', chap }), LoginError);
    const first = await connect({ ...elsewhere.to, chap, isid });
    const second = await connect({ ...stage.to, chap, isid });
    assert.ok((await first.ended) instanceof Error);
    second.close();
    clean(await stage.verdict(), 'Login Response');
    clean(await elsewhere.verdict(), 'Login Response');
  });

  it('task management, asynchronous messages, pings', async () => {
    await using stage = await Stage.open({ timeouts: { ping: 300 } });
    const session = await connect({ ...stage.to, timeouts: { ping: 400 } });
    const forgetting = new AbortController();
    const waiting = session.execute({ cdb: new Uint8Array(6).fill(8, 0, 1), dataIn: 64 }, forgetting.signal);
    await until('the target pings', () =>
      stage.tap.recordings.some((one) =>
        readRecording(one).pdus.some(({ opcode }) => opcode === TargetOpcode.nopIn),
      ),
    );
    forgetting.abort();
    await assert.rejects(waiting, { fault: 'aborted' });
    for (const what of Object.values(TaskManagement))
      if (what !== TaskManagement.abortTask && what !== TaskManagement.queryTask)
        await session.manage(what, lun);
    const told = session.ended;
    stage.target.requestLogout(2);
    await told;
    const other = await connect(stage.to);
    stage.target.close();
    await other.ended;
    clean(
      await stage.verdict(),
      ...['Task Management Function Request', 'Task Management Function Response'],
      ...['Asynchronous Message', 'NOP-In', 'NOP-Out'],
    );
  });

  it('what our initiator never says: pings with data, text, SNACK, immediate commands', async () => {
    for (const digest of ['None', 'CRC32C']) {
      await using stage = await Stage.open();
      await using session = await RawSession.login(
        ...[stage.tap.portal, stageName],
        ...([
          ['HeaderDigest', digest],
          ['DataDigest', digest],
        ] as const),
      );
      const ping = { opcode: InitiatorOpcode.nopOut, tag: 5, transferTag: 0xffffffff };
      session.say(pdus.NopOut, ping, new Uint8Array(333).fill(0x61));
      assert.equal((await session.hears(TargetOpcode.nopIn)).data.length, 333);
      const text = { opcode: InitiatorOpcode.textRequest, tag: 6, transferTag: 0xffffffff };
      session.say(pdus.TextRequest, text, encodeText([['SendTargets', '']]));
      await session.hears(TargetOpcode.textResponse);
      session.say(pdus.TextRequest, { ...text, tag: 7 }, encodeText([['X-org.example.key', 'value']]));
      await session.hears(TargetOpcode.textResponse);
      const command = { opcode: InitiatorOpcode.scsiCommand, attribute: 1, lun, cdb: new Uint8Array(16) };
      for (const [i, attribute] of [0, 1, 2, 3].entries()) {
        session.say(pdus.ScsiCommand, { ...command, tag: 20 + i, attribute, immediate: i & 1 });
        await session.hears(TargetOpcode.scsiResponse);
      }
      session.say(pdus.Snack, {
        opcode: InitiatorOpcode.snack,
        type: 1,
        tag: 0xffffffff,
        begin: 1,
        runLength: 1,
      });
      await session.hears(TargetOpcode.reject);
      await session.logout();
      clean(await stage.verdict(), 'Reject', 'NOP-In', 'Text Response');
    }
  });
});
