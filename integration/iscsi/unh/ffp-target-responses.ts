/** Full feature phase for targets, groups 16, 18 and 19: SCSI responses, digests, the expected length. */

import assert from 'node:assert/strict';
import { AdditionalSense, SenseKey } from '../../../src/scsi/sense.ts';
import { Status } from '../../../src/scsi/status.ts';
import { RejectReason } from '../../../src/transport/iscsi/opcodes.ts';
import { dataOut, scsiCommand } from './pdus.ts';
import { bytes, cdb, senseOf, session } from './raw-initiator.ts';
import { type Check, check } from './suite.ts';

const r2tOnly = ['ImmediateData=No', 'InitialR2T=Yes'];
const { writeErrorUnexpectedUnsolicitedData, writeErrorNotEnoughUnsolicitedData, protocolServiceCrcError } =
  AdditionalSense;
const inquiry = (length: number) => cdb(0x12, 0, 0, length >>> 8, length & 0xff);

/** The same write comes again while it is under way: it is as if it had not. */
function ignoresRetry(first: number): void {
  const { raw } = session(r2tOnly);
  raw.greet();
  const numbers = raw.numbered();
  const write = scsiCommand({
    ...numbers,
    write: 1,
    expectedLength: 1024,
    cdb: cdb(0x2a, 0, 0, 0, 0, 0, 0, 0, 2),
  });
  raw.send(write);
  const r2t = raw.expect('readyToTransfer');
  const { tag, transferTag } = r2t;
  if (first > 0) raw.send(dataOut({ tag, transferTag }, bytes(first)));
  raw.send(write);
  raw.silence();
  const dataSn = first > 0 ? 1 : 0;
  raw.send(dataOut({ tag, transferTag, final: 1, dataSn, offset: first }, bytes(1024 - first)));
  raw.ends(tag);
  raw.silence();
}

export const responses: readonly Check[] = [
  check('16.1', 'less data than expected: U and the residual count', '§11.4.5', () => {
    const { raw } = session();
    const tag = raw.command({ read: 1, expectedLength: 4096, cdb: inquiry(4096) });
    const pdus = raw.all('dataIn');
    const length = pdus.reduce((sum, { data }) => sum + data.length, 0);
    const end = pdus.at(-1)?.hasStatus ? pdus.at(-1) : raw.ends(tag);
    assert.ok(length > 35 && length < 4096);
    assert.deepEqual([end?.underflow, end?.overflow, end?.residual], [1, 0, 4096 - length]);
  }),
  check('16.2', 'more data than expected: O and the residual count', '§11.4.5', () => {
    const { raw } = session();
    raw.command({ read: 1, expectedLength: 4, cdb: inquiry(36) });
    const [data] = raw.all('dataIn');
    assert.deepEqual([data?.data.length, data?.hasStatus], [4, 1]);
    assert.deepEqual([data?.underflow, data?.overflow, data?.residual], [0, 1, 32]);
  }),
  check(
    '16.3.1',
    'immediate data up to FirstBurstLength, and the rest when asked for',
    '§11.3.1, §4.2.5.2',
    () => {
      const { raw } = session(['ImmediateData=Yes', 'InitialR2T=Yes', 'FirstBurstLength=512']);
      raw.greet();
      const tag = raw.write(2, {}, bytes(512));
      const r2t = raw.expect('readyToTransfer');
      assert.deepEqual([r2t.offset, r2t.desiredLength], [512, 512]);
      raw.answer(r2t, bytes(512));
      raw.ends(tag);
    },
    {
      deviation:
        'the public text of 2003 has F=0 in the command; RFC 7143 §11.3.1 lets F=0 announce Data-Out, which InitialR2T=Yes forbids. It is run with F=1',
    },
  ),
  check('16.3.2', 'more immediate data than FirstBurstLength: CHECK CONDITION 0Ch/0Ch', '§11.4.7.2', () => {
    const { raw } = session(['ImmediateData=Yes', 'InitialR2T=Yes', 'FirstBurstLength=512']);
    raw.greet();
    raw.refused(raw.write(2, {}, bytes(1024)), writeErrorUnexpectedUnsolicitedData);
  }),
  check('16.3.3', 'data-out that was asked for ends in GOOD', '§11.4, §11.8', () => {
    const { raw } = session(r2tOnly);
    raw.greet();
    raw.wholeWrite(2);
  }),
  check('16.3.4', 'immediate data where there must be none: CHECK CONDITION 0Ch/0Ch', '§11.4.7.2', () => {
    const { raw } = session(r2tOnly);
    raw.greet();
    raw.refused(raw.write(2, {}, bytes(1024)), writeErrorUnexpectedUnsolicitedData);
  }),
  check('16.3.5', 'unsolicited data-out of a whole first burst ends in GOOD', '§4.2.5.2', () => {
    const { raw } = session(['ImmediateData=No', 'InitialR2T=No', 'FirstBurstLength=1024']);
    raw.greet();
    const tag = raw.write(2, { final: 0 });
    raw.send(dataOut({ tag, final: 1 }, bytes(1024)));
    raw.ends(tag);
  }),
  check('16.3.6', 'less unsolicited data-out than announced: CHECK CONDITION 0Ch/0Dh', '§11.4.7.2', () => {
    const { raw } = session(['ImmediateData=No', 'InitialR2T=No', 'FirstBurstLength=1024']);
    raw.greet();
    const tag = raw.write(4, { final: 0 });
    raw.send(dataOut({ tag, final: 1 }, bytes(512)));
    raw.refused(tag, writeErrorNotEnoughUnsolicitedData);
  }),
  check('16.3.7', 'an operation code that there is not: CHECK CONDITION', '§11.4.2', () => {
    const { raw } = session();
    raw.greet();
    raw.refused(raw.command({ cdb: cdb(0x1f) }), AdditionalSense.invalidCommandOperationCode);
  }),
  check('16.4.1', 'a retry of a write is ignored when half of its data is there', '§7.2.1', () =>
    ignoresRetry(512),
  ),
  check('16.4.2', 'a retry of a write is ignored before its data has come', '§7.2.1', () => ignoresRetry(0)),
  check('16.5', 'no response before the data-out with F, whatever else comes', '§11.4.2', () => {
    const { raw } = session(r2tOnly);
    raw.greet();
    const tag = raw.write(4);
    const { transferTag } = raw.expect('readyToTransfer');
    raw.send(dataOut({ tag: tag + 1, transferTag }, bytes(512)));
    for (let i = 0; i < 4; i++) {
      raw.silence();
      raw.send(dataOut({ tag, transferTag, dataSn: i, offset: 512 * i, final: i === 3 ? 1 : 0 }, bytes(512)));
    }
    raw.ends(tag);
  }),

  check(
    '18.1.1',
    'a command without the header digest that was agreed on is not taken; the connection goes',
    '§7.8',
    () => {
      const { raw, lab } = session(['HeaderDigest=CRC32C,None', 'FirstBurstLength=512', 'InitialR2T=Yes']);
      raw.greet();
      const commands = lab.node.counters.commands;
      raw.forgetDigests();
      raw.write(1, {}, bytes(512));
      raw.write(1); // where the digest and the data end, from there
      raw.closed();
      assert.equal(lab.node.counters.commands, commands);
      assert.equal(lab.node.counters.digestErrors, 1);
    },
  ),
  check(
    '18.2.1',
    'a command with a wrong data digest is rejected; the one after it waits for its place',
    '§7.8',
    () => {
      const { raw } = session(['DataDigest=CRC32C,None', 'FirstBurstLength=512', 'InitialR2T=Yes']);
      raw.greet();
      const damaged = raw.cmdSn;
      raw.write(1, {}, bytes(512), 'data');
      raw.write(1);
      assert.equal(raw.expect('reject').reason, RejectReason.dataDigest);
      raw.silence();
      const retried = raw.write(1, { cmdSn: damaged }, bytes(512));
      raw.ends(retried);
      raw.answer(raw.expect('readyToTransfer'), bytes(512));
      raw.expect('scsiResponse');
    },
  ),
  check(
    '18.2.2',
    'data-out with a wrong data digest is rejected; the command fails when F has come',
    '§7.8',
    () => {
      const { raw } = session(['DataDigest=CRC32C,None', ...r2tOnly]);
      raw.greet();
      const tag = raw.write(2);
      const { transferTag } = raw.expect('readyToTransfer');
      raw.send(dataOut({ tag, transferTag }, bytes(512)), 'data');
      const rejected = raw.expect('reject');
      assert.equal(rejected.reason, RejectReason.dataDigest);
      raw.silence();
      raw.send(dataOut({ tag, transferTag, dataSn: 1, offset: 512, final: 1 }, bytes(512)));
      const response = raw.ends(tag, Status.checkCondition);
      const sense = senseOf(response.data);
      assert.deepEqual([sense?.key, sense?.code], [SenseKey.abortedCommand, protocolServiceCrcError]);
    },
  ),

  check('19.1', 'READ CAPACITY with an expected length of 0 gets no data', '§11.3.4, §11.4.5', () => {
    const { raw } = session(r2tOnly);
    raw.greet();
    const { overflow, residual } = raw.ends(raw.command({ read: 1, expectedLength: 0, cdb: cdb(0x25) }));
    assert.deepEqual([overflow, residual], [1, 8]);
    raw.silence();
  }),
];
