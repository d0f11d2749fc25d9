/** The commands that every device type has. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hex } from '../bytes/hex.ts';
import { TaskManagement } from './command.ts';
import { communicationsUnit } from './logical-unit.ts';
import { Status } from './status.ts';
import { TestHost, TestService, testServer, testUnitReady } from './testing.ts';

const host = new TestHost(testServer().server);
const refusal = (cdb: Uint8Array, dataOut = hex``) => host.say(cdb, { dataOut }).refusal;

describe('INQUIRY', () => {
  it('gives standard data, as much as was asked for', () => {
    const whole = hex`09 00 02 02 1f 000002 4950534353492020 7465737420756e697420202020202020 302e3120`;
    assert.deepEqual(host.say(hex`12 00 00 00ff 00`).dataIn, whole);
    assert.deepEqual(host.say(hex`12 00 00 0005 00`).dataIn, whole.subarray(0, 5));
    assert.deepEqual(host.say(hex`12 00 00 0000 00`).dataIn, hex``);
    assert.equal(host.say(hex`12 00 00 00ff 00`, { lun: 1 }).dataIn?.[0], 3);
  });
  it('lists its pages', () =>
    assert.deepEqual(host.say(hex`12 01 00 00ff 00`).dataIn, hex`09 00 0003 00 80 83`));
  it('gives the serial number', () =>
    assert.deepEqual(host.say(hex`12 01 80 00ff 00`).dataIn, hex`09 80 0005 6c61622d33`));
  it('gives the designators of unit and port', () =>
    assert.deepEqual(
      host.say(hex`12 01 83 00ff 00`).dataIn,
      hex`09 83 0029
        02 01 00 1d 4950534353492020 7465737420756e697420202020202020 6c61622d33
        01 14 00 04 0000 0001`,
    ));
  it('gives vendor pages as they are at the moment', () => {
    let count = 0;
    const vendorPages = new Map([[0xc7, () => Uint8Array.of(++count)]]);
    const one = new TestHost(testServer({ vendorPages, relativePort: 3 }).server);
    assert.deepEqual(one.say(hex`12 01 00 00ff 00`).dataIn, hex`09 00 0004 00 80 83 c7`);
    assert.deepEqual(one.say(hex`12 01 c7 00ff 00`).dataIn, hex`09 c7 0001 01`);
    assert.deepEqual(one.say(hex`12 01 c7 00ff 00`).dataIn, hex`09 c7 0001 02`);
    assert.equal(one.say(hex`12 01 83 00ff 00`).dataIn?.at(-1), 3);
  });
  it('refuses pages it has not, a page without EVPD, and reserved bits', () => {
    assert.equal(refusal(hex`12 01 c0 00ff 00`), '5/2400 @2');
    assert.equal(refusal(hex`12 00 80 00ff 00`), '5/2400 @2');
    assert.equal(refusal(hex`12 02 00 00ff 00`), '5/2400 @1.1');
    assert.equal(refusal(hex`12 00 00 00ff 04`), '5/2400 @5.2');
  });
  it('refuses an identity that does not fit', () => {
    const fine = { vendor: 'V', product: 'P', revision: '1', serial: 'S' };
    const service = new TestService();
    for (const bad of [
      { vendor: 'ninechars' },
      { product: 'é' },
      { revision: '1.0.0' },
      { serial: 'x'.repeat(201) },
    ])
      assert.throws(() => communicationsUnit({ identity: { ...fine, ...bad }, service }), RangeError);
    const vendorPages = new Map([[0x83, () => hex``]]);
    assert.throws(() => communicationsUnit({ identity: fine, service, vendorPages }), RangeError);
  });
});

describe('TEST UNIT READY, REQUEST SENSE, SEND DIAGNOSTIC', () => {
  it('pass', () => {
    assert.equal(host.say(testUnitReady).status, Status.good);
    assert.equal(host.say(hex`1d 04 00 0000 00`).status, Status.good);
    assert.deepEqual(host.say(hex`03 00 0000 04 00`).dataIn, hex`70 00 00 00`);
  });
  it('ask for no data-out', () => {
    const command = host.say(testUnitReady, { dataOut: new Uint8Array(5) });
    assert.equal(command.dataOutWanted, 0);
  });
  it('refuse what we do not have', () => {
    assert.equal(refusal(hex`03 01 0000 12 00`), '5/2400 @1.0');
    assert.equal(refusal(hex`1d 10 00 0004 00`, new Uint8Array(4)), '5/2400 @3');
    assert.equal(refusal(hex`00 00 00 01 00 00`), '5/2400 @3.0');
    assert.equal(refusal(hex`25 00 00000000 0000 00 00`), '5/2000');
    assert.equal(refusal(hex`a3 05 0000 0000 00000000 00 00`), '5/2400 @1.4');
  });
  it('a CDB without a byte is refused', () => assert.equal(refusal(hex``), '5/2400 @0'));
});

describe('REPORT LUNS', () => {
  it('lists the logical units', () => {
    const all = hex`00000010 00000000 0000000000000000 0001000000000000`;
    assert.deepEqual(host.say(hex`a0 00 00 000000 00000100 00 00`).dataIn, all);
    assert.deepEqual(host.say(hex`a0 00 02 000000 00000010 00 00`, { lun: 1 }).dataIn, all.subarray(0, 16));
  });
  it('knows no well known logical units', () =>
    assert.deepEqual(host.say(hex`a0 00 01 000000 00000100 00 00`).dataIn, hex`00000000 00000000`));
  it('refuses other selections and less room than for one LUN', () => {
    assert.equal(refusal(hex`a0 00 03 000000 00000100 00 00`), '5/2400 @2');
    assert.equal(refusal(hex`a0 00 00 000000 0000000f 00 00`), '5/2400 @6');
  });
});

describe('WRITE BUFFER and READ BUFFER', () => {
  it('echo what was written', () => {
    const one = new TestHost(testServer().server);
    assert.equal(one.say(hex`3c 0a 00 000000 001000 00`).refusal, '5/2c00');
    assert.deepEqual(one.say(hex`3c 0b 00 000000 000004 00`).dataIn, hex`00 00 1000`);
    assert.equal(one.say(hex`3b 0a 00 000000 000003 00`, { dataOut: hex`010203` }).status, Status.good);
    assert.deepEqual(one.say(hex`3c 0a 00 000000 001000 00`).dataIn, hex`010203`);
    assert.deepEqual(one.say(hex`3c 0a 00 000000 000002 00`).dataIn, hex`0102`);
  });
  it('keep data buffer 0', () => {
    const one = new TestHost(testServer().server);
    assert.deepEqual(one.say(hex`3c 03 00 000000 000004 00`).dataIn, hex`00 001000`);
    assert.equal(one.say(hex`3b 02 00 000ffe 000002 00`, { dataOut: hex`0102` }).status, Status.good);
    assert.deepEqual(one.say(hex`3c 02 00 000ffd 000010 00`).dataIn, hex`00 01 02`);
  });
  it('show each host its own buffers only', () => {
    const { server } = testServer();
    const [a, b] = [new TestHost(server, 1), new TestHost(server, 2)];
    a.say(hex`3b 02 00 000000 000001 00`, { dataOut: hex`aa` });
    a.say(hex`3b 0a 00 000000 000001 00`, { dataOut: hex`aa` });
    assert.deepEqual(b.say(hex`3c 02 00 000000 000001 00`).dataIn, hex`00`);
    assert.equal(b.say(hex`3c 0a 00 000000 000001 00`).refusal, '5/2c00');
  });
  it('are empty after a reset', () => {
    const { server } = testServer();
    const one = new TestHost(server);
    for (const reset of [
      () => server.manage(one.nexus, TaskManagement.logicalUnitReset, 0, 0),
      () => server.busReset(),
    ]) {
      one.say(hex`3b 0a 00 000000 000001 00`, { dataOut: hex`aa` });
      one.say(hex`3b 02 00 000000 000001 00`, { dataOut: hex`aa` });
      reset();
      one.say(testUnitReady); // takes the unit attention
      assert.equal(one.say(hex`3c 0a 00 000000 000001 00`).refusal, '5/2c00');
      assert.deepEqual(one.say(hex`3c 02 00 000000 000001 00`).dataIn, hex`00`);
    }
  });
  it('describe a buffer that is not there as empty', () =>
    assert.deepEqual(host.say(hex`3c 03 07 000000 000004 00`).dataIn, hex`00 000000`));
  it('refuse other modes, other buffers, and what does not fit', () => {
    assert.equal(refusal(hex`3b 05 00 000000 000000 00`), '5/2400 @1.4');
    assert.equal(refusal(hex`3c 05 00 000000 000000 00`), '5/2400 @1.4');
    assert.equal(refusal(hex`3b 02 01 000000 000000 00`), '5/2400 @2');
    assert.equal(refusal(hex`3c 02 01 000000 000000 00`), '5/2400 @2');
    assert.equal(refusal(hex`3b 02 00 001001 000000 00`), '5/2400 @3');
    assert.equal(refusal(hex`3c 02 00 001001 000000 00`), '5/2400 @3');
    assert.equal(refusal(hex`3b 02 00 001000 000001 00`, hex`01`), '5/2400 @6');
    assert.equal(refusal(hex`3b 0a 00 000000 001001 00`, new Uint8Array(4097)), '5/2400 @6');
    assert.equal(refusal(hex`3b 0a 00 000000 000002 00`, hex`01`), '5/2400 @6');
  });
});

describe('REPORT SUPPORTED OPERATION CODES', () => {
  it('lists all commands of the device type', () => {
    const list = host.say(hex`a3 0c 00 00 0000 00001000 00 00`).dataIn ?? hex``;
    const codes = Array.from({ length: (list.length - 4) / 8 }, (_, i) => list[4 + 8 * i]);
    assert.deepEqual(
      codes,
      [0x00, 0x03, 0x08, 0x0a, 0x12, 0x1d, 0x28, 0x2a, 0x3b, 0x3c, 0xa0, 0xa3, 0xa8, 0xaa],
    );
    assert.deepEqual(list.subarray(0, 4), hex`00000070`);
    assert.deepEqual(list.subarray(4 + 7 * 8, 4 + 8 * 8), hex`2a 00 0000 00 00 000a`);
    assert.deepEqual(list.subarray(4 + 11 * 8, 4 + 12 * 8), hex`a3 00 000c 00 01 000c`);
    const processor = host.say(hex`a3 0c 00 00 0000 00001000 00 00`, { lun: 1 }).dataIn;
    assert.equal(processor?.length, 4 + 10 * 8);
  });
  it('adds timeouts', () => {
    const list = host.say(hex`a3 0c 80 00 0000 00000018 00 00`).dataIn;
    assert.deepEqual(list, hex`00000118 00 00 0000 00 02 0006 000a 00 00 00000000 0000001e`);
  });
  it('gives one command and the bits it looks at', () => {
    assert.deepEqual(
      host.say(hex`a3 0c 01 2a 0000 00001000 00 00`).dataIn,
      hex`00 03 000a 2a 00 0000 ffff 00 ffff 00`,
    );
    assert.deepEqual(
      host.say(hex`a3 0c 82 a3 000c 00001000 00 00`).dataIn,
      hex`00 83 000c a3 0c 87 ff ffff ffffffff 00 00 000a 00 00 00000000 0000001e`,
    );
    assert.deepEqual(host.say(hex`a3 0c 01 ff 0000 00001000 00 00`).dataIn, hex`00 01 0000`);
    assert.deepEqual(host.say(hex`a3 0c 02 a3 0005 00001000 00 00`).dataIn, hex`00 01 0000`);
    assert.deepEqual(host.say(hex`a3 0c 03 00 0000 00000004 00 00`).dataIn, hex`00 03 0006`);
    assert.deepEqual(host.say(hex`a3 0c 03 00 0001 00000004 00 00`).dataIn, hex`00 01 0000`);
    assert.deepEqual(host.say(hex`a3 0c 03 a3 000c 00000004 00 00`).dataIn, hex`00 03 000c`);
  });
  it('refuses an option that does not suit the command', () => {
    assert.equal(refusal(hex`a3 0c 01 a3 0000 00001000 00 00`), '5/2400 @2.2');
    assert.equal(refusal(hex`a3 0c 02 12 0000 00001000 00 00`), '5/2400 @2.2');
    assert.equal(refusal(hex`a3 0c 04 00 0000 00001000 00 00`), '5/2400 @2.2');
  });
});
