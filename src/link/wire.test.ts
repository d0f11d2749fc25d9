/** Bytes on the wire: CDBs, records, VPD page C0h, ARP. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { LayoutError } from '../bytes/fields.ts';
import { hex } from '../bytes/hex.ts';
import { ReadBuffer, WriteBuffer } from '../scsi/cdb.ts';
import { GetMessage12, Receive, Send, SendMessage10, SendMessage12 } from '../scsi/message-cdb.ts';
import { ArpPacket, isArp } from './arp.ts';
import { extendedGet, extendedSend, messageBufferId, strictSend } from './command-set.ts';
import { busMac, EtherType, etherTypeOfNibble } from './ethernet.ts';
import {
  decodeExtensions,
  ExtensionsPage,
  encodeExtensions,
  Feature,
  featureBits,
  featureNames,
  namesOfFeatures,
} from './extensions.ts';
import { chainRecord, emptyRecord, extendedStream, RecordHeader, readRecord, writeRecord } from './record.ts';

const written = (write: (cdb: Uint8Array) => number): Uint8Array => {
  const cdb = new Uint8Array(32).fill(0xa5);
  return cdb.slice(0, write(cdb));
};
const lun = fc.nat(7);
const u16 = fc.nat(0xffff);
const u8 = fc.nat(0xff);

describe('SEND MESSAGE(10), RFC 2143 §3', () => {
  it('is the RFC to the byte', () => {
    assert.deepEqual(
      written((cdb) => strictSend(cdb, 0, EtherType.ipv4, 65280)),
      hex`2a 00 00 00 00 00 00 ff00 00`,
    );
    assert.deepEqual(
      written((cdb) => strictSend(cdb, 5, EtherType.arp, 28)),
      hex`2a a0 00 00 00 06 00 001c 00`,
    );
    assert.deepEqual(
      written((cdb) => strictSend(cdb, 0, EtherType.ipv6, 40)),
      hex`2a 00 00 00 00 0d 00 0028 00`,
    );
  });
  it('is what the layout writes', () => {
    fc.assert(
      fc.property(lun, fc.constantFrom(...Object.values(EtherType)), u16, (l, etherType, length) => {
        const values = { opcode: 0x2a, lun: l, stream: etherType & 0xf, length, control: 0 };
        assert.deepEqual(
          written((cdb) => strictSend(cdb, l, etherType, length)),
          SendMessage10.encode(values),
        );
      }),
    );
  });
  it('names three EtherTypes, and no two by one nibble', () => {
    for (const type of Object.values(EtherType)) assert.equal(etherTypeOfNibble[type & 0xf], type);
    assert.equal(etherTypeOfNibble.filter((type) => type !== 0).length, 3);
  });
});

describe('commands that carry records', () => {
  it('are what the layouts write', () => {
    fc.assert(
      fc.property(lun, fc.nat(0xffffff), (l, length) => {
        const stream = extendedStream;
        const twelve = { lun: l, stream, length, control: 0 };
        const buffer = { mode: 2, id: messageBufferId, offset: stream, length, control: 0 };
        const inBuffer = (cdb: Uint8Array) => {
          cdb[1] = Number(cdb[1]) | (l << 5);
          return cdb;
        };
        const expected = [
          [extendedSend, 'message', SendMessage12.encode({ ...twelve, opcode: 0xaa })],
          [extendedGet, 'message', GetMessage12.encode({ ...twelve, opcode: 0xa8 })],
          [extendedSend, 'send', Send.encode({ opcode: 0x0a, lun: l, length })],
          [extendedGet, 'send', Receive.encode({ opcode: 0x08, lun: l, length })],
          [extendedSend, 'buffer', inBuffer(WriteBuffer.encode({ ...buffer, opcode: 0x3b }))],
          [extendedGet, 'buffer', inBuffer(ReadBuffer.encode({ ...buffer, opcode: 0x3c }))],
        ] as const;
        for (const [make, set, bytes] of expected)
          assert.deepEqual(
            written((cdb) => make(cdb, set, l, length)),
            bytes,
          );
      }),
    );
  });
});

describe('record', () => {
  const bytes = hex`05 01 0800 fdc0 0034 05a8 0014 0010 000b`;
  const values = {
    flags: 5,
    gsoType: 1,
    etherType: 0x0800,
    length: 0xfdc0,
    headerLength: 52,
    gsoSize: 1448,
    checksumStart: 20,
    checksumOffset: 16,
    gap: 11,
  };
  const any = fc.record(
    {
      flags: u8,
      gsoType: u8,
      etherType: u16,
      length: u16,
      headerLength: u16,
      gsoSize: u16,
      checksumStart: u16,
      checksumOffset: u16,
      gap: u16,
    },
    { noNullPrototype: true },
  );
  it('reads', () => assert.deepEqual(RecordHeader.decode(bytes), values));
  it('writes, over a dirty buffer', () =>
    assert.deepEqual(RecordHeader.encode(values, new Uint8Array(16).fill(0xa5)), bytes));
  it('refuses every shorter buffer', () => {
    for (let n = 0; n < 16; n++) assert.throws(() => RecordHeader.over(bytes.subarray(0, n)), LayoutError);
  });
  it('has hand-written twins that agree with the table', () => {
    fc.assert(
      fc.property(any, fc.nat(40), (v, at) => {
        const buffer = new Uint8Array(64).fill(0xa5);
        writeRecord(buffer, at, v);
        assert.deepEqual(buffer.slice(at, at + 16), RecordHeader.encode(v));
        const back = emptyRecord();
        readRecord(buffer, at, back);
        assert.deepEqual(back, v);
      }),
    );
  });
  it('chains another, and leaves nothing old in between', () => {
    const buffer = new Uint8Array(64).fill(0xa5);
    writeRecord(buffer, 0, { ...emptyRecord(), flags: 4, length: 10 });
    chainRecord(buffer, 0, 26, 40);
    assert.deepEqual(RecordHeader.decode(buffer), { ...emptyRecord(), flags: 0x14, length: 10, gap: 14 });
    assert.deepEqual(buffer.slice(26, 40), new Uint8Array(14));
    assert.equal(buffer[40], 0xa5);
  });
});

describe('VPD page C0h', () => {
  const mac = busMac('lab', 3);
  const values = { features: 0x7f, mac, mtu: 65280, maxMessage: 131072, hostName: 'kangaroo' };
  const golden = () => {
    const bytes = new Uint8Array(92);
    bytes.set(hex`495053435349 01 08 007f`);
    bytes.set(mac, 10);
    bytes.set(hex`0000ff00 00020000 00000000 6b616e6761726f6f`, 16);
    return bytes;
  };
  it('writes', () => assert.deepEqual(encodeExtensions(values), golden()));
  it('reads', () => assert.deepEqual(decodeExtensions(golden()), values));
  it('refuses every shorter page', () => {
    for (let n = 0; n < ExtensionsPage.size; n++)
      assert.equal(decodeExtensions(golden().subarray(0, n)), undefined);
  });
  it("refuses others' pages, later ones it takes", () => {
    const changed = (at: number, ...to: number[]) => {
      const bytes = golden();
      bytes.set(to, at);
      return decodeExtensions(bytes);
    };
    assert.equal(changed(0, 0x4a), undefined);
    assert.equal(changed(6, 0), undefined);
    assert.equal(changed(8, 0, 0x7e), undefined, 'without extended messages');
    assert.equal(changed(10, 3), undefined, 'a group address');
    assert.equal(changed(20, 0, 0, 0, 9), undefined, 'no room for anything');
    assert.equal(changed(6, 2)?.hostName, 'kangaroo');
  });
  it('cuts a long name between characters, and takes the harm out of one', () => {
    const long = decodeExtensions(encodeExtensions({ ...values, hostName: 'ü'.repeat(40) }));
    assert.equal(long?.hostName, 'ü'.repeat(32));
    const bad = decodeExtensions(encodeExtensions({ ...values, hostName: '\u001b[2J' }));
    assert.equal(bad?.hostName, '\ufffd[2J');
  });
  it('never throws on arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.boolean(), (bytes, magic) => {
        if (magic) bytes.set(hex`495053435349 01`.subarray(0, bytes.length));
        decodeExtensions(bytes);
      }),
    );
  });
  it('names its features', () => {
    assert.equal(featureBits(featureNames), 0x7f);
    assert.deepEqual(namesOfFeatures(Feature.checksum | Feature.pull | 0x8000), ['checksum', 'pull']);
    assert.equal(new Set(Object.values(Feature)).size, featureNames.length);
  });
});

describe('ARP, RFC 826', () => {
  const bytes = hex`0001 0800 06 04 0001 025343abcd01 0a5a0001 000000000000 0a5a0002`;
  const values = {
    hardwareType: 1,
    protocolType: 0x0800,
    hardwareLength: 6,
    protocolLength: 4,
    operation: 1,
    senderMac: hex`025343abcd01`,
    senderAddress: hex`0a5a0001`,
    targetMac: new Uint8Array(6),
    targetAddress: hex`0a5a0002`,
  };
  it('reads', () => assert.deepEqual(ArpPacket.decode(bytes), values));
  it('writes, over a dirty buffer', () =>
    assert.deepEqual(ArpPacket.encode(values, new Uint8Array(28).fill(0xa5)), bytes));
  it('refuses every shorter buffer', () => {
    for (let n = 0; n < 28; n++) assert.throws(() => ArpPacket.over(bytes.subarray(0, n)), LayoutError);
  });
  it('is told from other hardware and protocols by the first six bytes', () => {
    assert.ok(isArp(bytes, 0));
    for (let at = 0; at < 6; at++) {
      const other = bytes.slice();
      other[at] = Number(other[at]) ^ 1;
      assert.ok(!isArp(other, 0));
    }
  });
});

describe('the MAC address of an ID on a bus', () => {
  it('is locally administered, and differs by bus and by ID', () => {
    assert.deepEqual(busMac('lab', 7).slice(0, 3), hex`025343`);
    assert.equal(busMac('lab', 7)[5], 7);
    assert.notDeepEqual(busMac('lab', 7).slice(3, 5), busMac('lab2', 7).slice(3, 5));
    assert.deepEqual(busMac('', 0), hex`025343 1cd9 00`);
  });
});
