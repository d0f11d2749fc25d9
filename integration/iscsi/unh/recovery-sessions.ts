/** Sessions of a target at error recovery level 1, and what is asked of it again. */

import assert from 'node:assert/strict';
import { SnackType } from '../../../src/transport/iscsi/opcodes.ts';
import { dataOut, snack } from './pdus.ts';
import type { Heard } from './peer.ts';
import { bytes, type RawInitiator, session } from './raw-initiator.ts';

const level1 = { wishes: { ErrorRecoveryLevel: 1 } };
export const r2tOnly = ['ImmediateData=No', 'InitialR2T=Yes', 'MaxRecvDataSegmentLength=1024'];

/** A session at level 1 that has begun as all do. */
export function recovering(...keys: string[]) {
  const all = session(['ErrorRecoveryLevel=1', ...keys], level1);
  assert.equal(all.login.text.get('ErrorRecoveryLevel'), '1');
  all.raw.greet();
  return all;
}

/** Asks for something again. */
export function asks(raw: RawInitiator, type: number, values: Parameters<typeof snack>[0]): void {
  raw.send(snack({ type, expStatSn: raw.expStatSn, ...values }));
}

/** A read of which nothing is acknowledged, and its data. */
export function unacknowledged(...keys: string[]) {
  const { raw } = recovering(...r2tOnly, ...keys);
  raw.acknowledges = false;
  const tag = raw.read(8);
  return { raw, tag, pdus: raw.reads(tag, 4096) };
}

export const plain = (of: readonly Heard<'dataIn'>[]) =>
  of.map(({ dataSn, offset, final, hasStatus, statSn, data }) => ({
    dataSn,
    offset,
    final,
    hasStatus,
    statSn,
    data,
  }));

/** An answer that was lost comes again, the same in all but the window. */
export function answersAgain(
  kind: 'nopIn' | 'textResponse' | 'managementReply',
  request: (raw: RawInitiator) => void,
): void {
  const { raw } = recovering();
  raw.acknowledges = false;
  request(raw);
  const first = raw.expect(kind);
  asks(raw, SnackType.status, { begin: first.statSn, runLength: 1 });
  const again = raw.expect(kind);
  assert.deepEqual([again.statSn, again.tag, again.data], [first.statSn, first.tag, first.data]);
  raw.silence();
}

/** A SNACK is refused for this reason. */
export function refuses(
  raw: RawInitiator,
  type: number,
  values: Parameters<typeof snack>[0],
  reason: number,
): void {
  asks(raw, type, values);
  assert.equal(raw.expect('reject').reason, reason);
  raw.silence();
}

/** A write of 2048 bytes, one R2T; its Data-Out one by one. */
export function writing(...keys: string[]) {
  const all = recovering(...r2tOnly, ...keys);
  const { raw } = all;
  const tag = raw.write(4);
  const r2t = raw.expect('readyToTransfer');
  const { transferTag } = r2t;
  const part = (dataSn: number, damage?: 'data') =>
    raw.send(
      dataOut({ tag, transferTag, dataSn, offset: 512 * dataSn, final: dataSn === 3 ? 1 : 0 }, bytes(512)),
      damage,
    );
  return { ...all, tag, r2t, part };
}

/** The rest is asked for anew: the next R2TSN, another tag. It ends well. */
export function renewed(raw: RawInitiator, r2t: Heard<'readyToTransfer'>, offset: number): void {
  const again = raw.expect('readyToTransfer');
  assert.deepEqual([again.r2tSn, again.offset, again.desiredLength], [r2t.r2tSn + 1, offset, 2048 - offset]);
  assert.notEqual(again.transferTag, r2t.transferTag);
  raw.answer(again, bytes(2048 - offset));
  raw.ends(r2t.tag);
  raw.silence();
}
