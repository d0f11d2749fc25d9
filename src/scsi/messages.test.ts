/** How messages reach the service, and which are refused before. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hex } from '../bytes/hex.ts';
import { commandForm, commandSet } from './command-set.ts';
import * as message from './message-cdb.ts';
import { type MessageForm, messageLength, messageReservedClear, messageStream } from './message-cdb.ts';
import { malformed } from './refusals.ts';
import { Status } from './status.ts';
import { getMessage, sendMessage, TestHost, testServer } from './testing.ts';

const data = (length: number) => ({ dataOut: new Uint8Array(length) });

describe('messages to the service', () => {
  it('come in all three forms', () => {
    const { server, service } = testServer();
    const host = new TestHost(server);
    host.say(hex`0a 00 000004 00`, data(4));
    host.say(hex`2a 00 0000 1206 00 0004 00`, data(4));
    host.say(hex`aa 00 0000 8006 00000004 00 00`, data(4));
    host.say(hex`08 00 000400 00`);
    host.say(hex`28 00 0000 0006 00 0400 00`);
    host.say(hex`a8 00 0000 0006 00010000 00 00`);
    assert.deepEqual(service.log, [
      'send(6) stream 0 length 4',
      'send(10) stream 4614 length 4',
      'send(12) stream 32774 length 4',
      'get(6) stream 0 length 1024',
      'get(10) stream 6 length 1024',
      'get(12) stream 6 length 65536',
    ]);
  });

  it('come as SEND and RECEIVE at a processor device, which has no other forms', () => {
    const { server, service } = testServer();
    const host = new TestHost(server);
    host.say(hex`0a 20 000004 00`, { lun: 1, ...data(4) });
    host.say(hex`08 20 000040 00`, { lun: 1 });
    assert.deepEqual(service.log, ['send(6) stream 0 length 4', 'get(6) stream 0 length 64']);
    assert.equal(host.say(sendMessage(4), { lun: 1, ...data(4) }).refusal, '5/2000');
  });

  it('may be empty (SCSI-2 §18.2.4)', () => {
    const { server, service } = testServer();
    new TestHost(server).say(sendMessage(0, 6));
    assert.deepEqual(service.log, ['send(10) stream 6 length 0']);
  });

  it('are as long as the CDB says; more data-out is left over', () => {
    const { server, service } = testServer();
    const command = new TestHost(server).say(sendMessage(4), data(10));
    assert.deepEqual(service.log, ['send(10) stream 0 length 4']);
    assert.equal(command.dataOutWanted, 4);
  });

  it('are refused when the CDB says more than there is, and the lack shows in the residual', () => {
    const { server, service } = testServer();
    const host = new TestHost(server);
    const command = host.say(sendMessage(11), data(10));
    assert.equal(command.refusal, '5/2400 @7');
    assert.equal(command.dataOutWanted, 11);
    assert.equal(host.say(hex`0a 00 00000b 00`, data(10)).refusal, '5/2400 @2');
    assert.equal(host.say(hex`aa 00 00000000 0000000b 00 00`, data(10)).refusal, '5/2400 @6');
    assert.deepEqual(service.log, []);
  });

  it('are refused for a reserved bit or a control byte that is not zero', () => {
    const { server, service } = testServer();
    const host = new TestHost(server);
    const refusal = (cdb: Uint8Array, lun = 0) => host.say(cdb, { lun, ...data(4) }).refusal;
    assert.equal(refusal(hex`2a 01 0000 0000 00 0004 00`), '5/2400 @1.0');
    assert.equal(refusal(hex`2a 00 0040 0000 00 0004 00`), '5/2400 @3.6');
    assert.equal(refusal(hex`2a 00 0000 0000 06 0004 00`), '5/2400 @6.2');
    assert.equal(refusal(hex`2a 00 0000 0000 00 0004 04`), '5/2400 @9.2');
    assert.equal(refusal(hex`aa 00 0000 0000 00000004 80 00`), '5/2400 @10.7');
    assert.equal(refusal(hex`0a 01 000004 00`, 1), '5/2400 @1.0');
    assert.deepEqual(service.log, []);
  });

  it('may have any LUN in byte 1: the transport says which one is meant (SCSI-2 §7.2.2)', () => {
    const { server, service } = testServer();
    new TestHost(server).say(hex`2a e0 0000 0006 00 0004 00`, data(4));
    assert.deepEqual(service.log, ['send(10) stream 6 length 4']);
  });

  it('are refused when the CDB is cut short', () =>
    assert.equal(
      new TestHost(testServer().server).say(hex`2a 00 0000 0006 00`, data(4)).refusal,
      '5/2400 @7',
    ));

  it('never exceed what was asked for', () => {
    const { server, service } = testServer();
    const command = new TestHost(server).say(getMessage(3));
    service.held[0]?.complete(Status.good, undefined, hex`0102030405`, 1);
    assert.deepEqual(command.dataIn, hex`020304`);
  });

  it('must not be ended twice by the service', () => {
    const { server, service } = testServer();
    new TestHost(server).say(getMessage(3));
    const [held] = service.held;
    held?.complete(Status.good);
    assert.throws(() => held?.complete(Status.good), /not outstanding/);
    assert.throws(() => held?.abandon(), /not outstanding/);
  });

  it('may be abandoned by the service', () => {
    const { server, service } = testServer();
    const command = new TestHost(server).say(getMessage(3));
    service.held[0]?.abandon();
    assert.equal(command.abandoned, true);
  });
});

describe('messages by way of a buffer', () => {
  const messageBufferId = 0x49;

  it('WRITE BUFFER in data mode sends, READ BUFFER gets; the offset is the stream', () => {
    const { server, service } = testServer({ messageBufferId });
    const host = new TestHost(server);
    const sent = host.say(hex`3b 02 49 000006 000004 00`, data(6));
    host.say(hex`3c 02 49 00000d 010000 00`);
    assert.deepEqual(service.log, ['send(10) stream 6 length 4', 'get(10) stream 13 length 65536']);
    assert.equal(sent.dataOutWanted, 4);
    service.held[0]?.complete(Status.good);
    assert.equal(sent.status, Status.good);
  });

  it('refuses a stream of more than 16 bits, and less data than announced', () => {
    const { server, service } = testServer({ messageBufferId });
    const host = new TestHost(server);
    assert.equal(host.say(hex`3b 02 49 010000 000004 00`, data(4)).refusal, '5/2400 @3');
    assert.equal(host.say(hex`3c 02 49 010000 000004 00`).refusal, '5/2400 @3');
    assert.equal(host.say(hex`3b 02 49 000000 000005 00`, data(4)).refusal, '5/2400 @6');
    assert.deepEqual(service.log, []);
  });

  it('shows the buffer in descriptor mode', () =>
    assert.deepEqual(
      new TestHost(testServer({ messageBufferId }).server).say(hex`3c 03 49 000000 000004 00`).dataIn,
      hex`00 ffffff`,
    ));
});

describe('reading message CDBs by hand', () => {
  const layouts = { 6: message.SendMessage6, 10: message.SendMessage10, 12: message.SendMessage12 };
  const opcodes = { 6: 0x0a, 10: 0x2a, 12: 0xaa };
  const anyForm = fc.constantFrom<MessageForm>(6, 10, 12);
  /** Mostly zeros, so that well-formed ones come up. */
  const anyCdb = fc.array(fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.nat(255)), {
    minLength: 16,
    maxLength: 16,
  });

  it('agrees with the tables', () => {
    fc.assert(
      fc.property(anyForm, anyCdb, (form, bytes) => {
        const cdb = Uint8Array.from(bytes);
        cdb[0] = opcodes[form];
        const values: { length: number; stream?: number } = layouts[form].decode(cdb);
        assert.equal(messageLength(cdb, form), values.length);
        assert.equal(messageStream(cdb, form), values.stream ?? 0);
        const table = commandForm(commandSet(9), cdb);
        assert.ok(table);
        assert.equal(messageReservedClear(cdb, form), malformed(table, cdb, form) === undefined);
      }),
      { numRuns: 500 },
    );
  });
});
