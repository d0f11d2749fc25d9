import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hex } from '../bytes/hex.ts';
import { describeCdb, describeSense, describeStatus } from './describe.ts';
import { DeviceType } from './opcodes.ts';

describe('describe', () => {
  it('says a CDB', () => {
    assert.equal(describeCdb(hex`2a 20 0000 0006 00 001c 00`), 'SEND MESSAGE(10) stream=6 length=28');
    assert.equal(describeCdb(hex`0a 00 000010 00`, DeviceType.processor), 'SEND length=16');
    assert.equal(describeCdb(hex`12 01 83 00ff 00`), 'INQUIRY vitalProductData=1 page=131 length=255');
  });

  it('does not take a command of one device type for that of another', () =>
    assert.equal(
      describeCdb(hex`2a 00 00000000 00 0008 00`, 0),
      'opcode 2ah: 2a 00 00 00 00 00 00 00 08 00',
    ));

  it('says what it does not know', () => {
    assert.equal(describeCdb(hex`ff 01`), 'opcode ffh: ff 01');
    assert.equal(describeCdb(hex`2a 01`), 'SEND MESSAGE(10), cut short: 2a 01');
    assert.equal(describeCdb(hex``), 'empty CDB');
    assert.equal(describeStatus(0x7e), 'status 7eh');
    assert.equal(describeSense(hex``), 'no sense data');
    assert.equal(describeSense(hex`01 02`), 'sense data 01 02');
    assert.equal(describeSense(hex`70 00 0c 00000000 0a 00000000 9901 00 000000`), 'sense key c (C/99h/01h)');
  });

  it('says a status', () => assert.equal(describeStatus(0x28), 'TASK SET FULL'));

  it('says sense data', () => {
    assert.equal(
      describeSense(hex`70 00 05 00000000 0a 00000000 2400 00 cc 0001`),
      'ILLEGAL REQUEST, INVALID FIELD IN CDB (5/24h/00h), CDB byte 1 bit 4',
    );
    assert.equal(
      describeSense(hex`71 00 06 00000000 0a 00000000 2901 00 000000`),
      'deferred UNIT ATTENTION, POWER ON OCCURRED (6/29h/01h)',
    );
    assert.equal(
      describeSense(hex`72 06 2902 00000000`),
      'UNIT ATTENTION, SCSI BUS RESET OCCURRED (6/29h/02h)',
    );
  });

  it('says any bytes in one line, and throws at none', () => {
    const line = (text: string) => assert.match(text, /^[ -~]+$/);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(0xff), (bytes, number) => {
        line(describeCdb(bytes, number));
        line(describeCdb(bytes));
        line(describeSense(bytes));
        line(describeStatus(number));
      }),
    );
  });
});
