/** Hostile bytes: nothing throws, nothing is read outside, everything is answered and counted. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hex } from '../bytes/hex.ts';
import type { Command } from '../scsi/command.ts';
import { Status } from '../scsi/status.ts';
import { Lab, type LabHost, labMac } from './lab.test.ts';
import { arp, bytes, concat, ip, tcp } from './packets.test.ts';
import { emptyRecord, extendedStream, maxRecords, type RecordValues, writeRecord } from './record.ts';

const nexus = { initiator: 2, name: 'hostile' };

/** A command whose answer is noted. */
class Noted implements Command {
  readonly nexus = nexus;
  readonly tag = 1;
  readonly lun = 0;
  readonly attribute = 0;
  readonly cdb = new Uint8Array(16);
  readonly cdbLength = 12;
  readonly dataInLength = 0;
  readonly dataOut: Uint8Array;
  readonly dataOutOffset: number;
  readonly dataOutLength: number;
  dataOutWanted = 0;
  status: number | undefined;

  constructor(dataOut: Uint8Array, offset: number, length: number) {
    this.dataOut = dataOut;
    this.dataOutOffset = offset;
    this.dataOutLength = length;
  }
  complete(status: number): void {
    assert.equal(this.status, undefined, 'answered twice');
    this.status = status;
  }
  abandon(): void {
    assert.fail();
  }
}

/** A host alone, to which we speak as initiator 2. */
function alone(): LabHost {
  const lab = new Lab();
  const host = lab.host(1, { guard: 'enforce', prefixes: ['10.90.0.1/24', 'fd90::1/64'] });
  lab.run(1);
  return host;
}

/** Everything that came in, delivered or dropped. */
const inbound = [
  'rxPackets',
  'drops.malformed',
  'drops.unknownProtocol',
  'drops.guardAddress',
  'drops.guardMac',
  'drops.notForUs',
  'drops.interface',
];
const accounted = (host: LabHost) => {
  const counters = host.counters(2);
  return inbound.reduce((total, name) => total + Number(counters[name] ?? 0), 0);
};

const send = (host: LabHost, form: 6 | 10 | 12, stream: number, data: Uint8Array) => {
  // In the middle of a buffer, so that reading outside is possible, and shows.
  const around = new Uint8Array(data.length + 64).fill(0x45);
  around.set(data, 32);
  const command = new Noted(around, 32, data.length);
  host.link.messages.send(command, form, stream, data.length);
  return command.status;
};

const record = (values: Partial<RecordValues>, datagram: Uint8Array): Uint8Array => {
  const message = new Uint8Array(16 + datagram.length);
  writeRecord(message, 0, { ...emptyRecord(), etherType: 0x0800, length: datagram.length, ...values });
  message.set(datagram, 16);
  return message;
};
const good = ip('10.90.0.2', '10.90.0.1', 17, bytes(30));

describe('hostile messages', () => {
  it('of arbitrary bytes are answered and counted', () => {
    const host = alone();
    let count = 0;
    const stream = fc.oneof(fc.constantFrom(0, 6, 0xd, extendedStream), fc.nat(0xffff));
    const form = fc.constantFrom<6 | 10 | 12>(6, 10, 12);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), form, stream, (data, size, where) => {
        const status = send(host, size, where, data);
        assert.ok(status === Status.good || status === Status.checkCondition);
        if (data.length > 0) assert.ok(accounted(host) > count, 'it is counted');
        count = accounted(host);
      }),
      { numRuns: 2000 },
    );
  });

  it('with headers that are almost right likewise, and what is delivered lies inside', () => {
    const host = alone();
    const small = fc.nat(300);
    const header = fc.record({
      flags: fc.nat(0x1f),
      gsoType: fc.constantFrom(0, 0, 1, 3, 4, 5, 0x81),
      etherType: fc.constantFrom(0, 0x0800, 0x0806, 0x86dd, 0x8100),
      length: small,
      headerLength: small,
      gsoSize: small,
      checksumStart: fc.oneof(small, fc.nat(0xffff)),
      checksumOffset: fc.oneof(small, fc.nat(0xffff)),
      gap: fc.oneof(small, fc.nat(0xffff)),
    });
    const datagram = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.constant(good),
      fc.constant(
        ip('fd90::2', 'fd90::1', 58, Uint8Array.from([135, 0, 0, 0, ...bytes(20), 1, 0, ...bytes(6)])),
      ),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(header, datagram), { minLength: 1, maxLength: 4 }), (records) => {
        const whole = records.flatMap(([values, data]) => [...record(values, data)]);
        host.received.length = 0;
        send(host, 12, extendedStream, Uint8Array.from(whole));
        for (const { vnet, datagram: delivered } of host.received) {
          const view = new DataView(vnet.buffer);
          if (view.getUint8(0) & 1)
            assert.ok(view.getUint16(6, true) - 14 + view.getUint16(8, true) + 2 <= whole.length);
          assert.ok(delivered.length <= whole.length);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('whose offload would have the kernel write or read where it should not', () => {
    const host = alone();
    const segment = tcp('10.90.0.2', '10.90.0.1', bytes(3000), { partial: true });
    const offload = { flags: 1, checksumStart: 20, checksumOffset: 16 };
    const large = { ...offload, gsoType: 1, gsoSize: 1000, headerLength: 40 };
    const delivers = (values: Partial<RecordValues>, datagram = segment) => {
      const before = Number(host.counters(2)['drops.malformed'] ?? 0);
      assert.equal(send(host, 12, extendedStream, record(values, datagram)), Status.good);
      const delivered = host.received.splice(0).length === 1;
      assert.equal(Number(host.counters(2)['drops.malformed']) - before, delivered ? 0 : 1);
      return delivered;
    };
    assert.ok(delivers(offload));
    assert.ok(delivers(large));
    assert.ok(!delivers({ ...offload, checksumStart: 0, checksumOffset: 12 }), 'over the source address');
    assert.ok(!delivers({ ...offload, checksumStart: 16, checksumOffset: 20 }), 'inside the IP header');
    const trailed = Uint8Array.from([...segment, ...bytes(99)]);
    assert.ok(!delivers({ ...offload, checksumStart: segment.length }, trailed), 'behind the datagram');
    assert.ok(!delivers({ ...large, gsoSize: 0xffff }), 'GSO_BY_FRAGS');
    assert.ok(!delivers({ ...large, checksumOffset: 6 }), 'TCP with the checksum of UDP');
    assert.ok(!delivers({ ...large, checksumStart: segment.length - 20 }), 'a header and nothing else');
    const question = arp(1, labMac(2), '10.90.0.2', '10.90.0.1');
    assert.ok(!delivers({ ...offload, etherType: 0x0806, checksumStart: 8, checksumOffset: 6 }, question));
  });

  it('of more records than a message may have', () => {
    const host = alone();
    const many = (count: number) =>
      concat(...Array.from({ length: count }, (_, i) => record({ flags: i === count - 1 ? 0 : 16 }, good)));
    assert.equal(send(host, 12, extendedStream, many(maxRecords)), Status.good);
    assert.equal(send(host, 12, extendedStream, many(maxRecords + 1)), Status.checkCondition);
    assert.equal(host.received.length, 2 * maxRecords);
  });

  it('that lie about their length', () => {
    const host = alone();
    assert.equal(send(host, 10, 0, good.subarray(0, 40)), Status.good);
    assert.equal(host.counters(2)['drops.malformed'], 1, 'IP says more than there is');
    send(host, 10, 0, Uint8Array.from([...good, 1, 2, 3]));
    assert.deepEqual(host.received.pop()?.datagram, good, 'what trails is cut off');
    assert.equal(send(host, 10, 0, new Uint8Array(0)), Status.good, 'no data is no error');
    assert.equal(send(host, 12, extendedStream, record({ length: 51 }, good)), Status.checkCondition);
    assert.equal(
      send(host, 12, extendedStream, record({ flags: 16 }, good)),
      Status.checkCondition,
      'no next one',
    );
    assert.equal(host.received.pop()?.datagram.length, good.length, 'but the first was good');
    assert.equal(
      send(host, 12, extendedStream, Uint8Array.from([...record({}, good), ...bytes(99)])),
      Status.good,
    );
    assert.equal(host.received.length, 1, 'padding of a carrier');
  });

  it('that name what RFC 2143 does not', () => {
    const host = alone();
    for (let nibble = 0; nibble < 16; nibble++) {
      const known = [0, 6, 13].includes(nibble);
      assert.equal(send(host, 10, nibble, good), known ? Status.good : Status.checkCondition);
      assert.equal(send(host, 10, 0x10 | nibble, good), Status.checkCondition, 'reserved bits');
    }
    assert.deepEqual(
      host.received.map((frame) => frame.etherType),
      [0x0800],
    );
  });

  it('whose sender changes them while they are read: what was checked is what is delivered', () => {
    const host = alone();
    const long = tcp('10.90.0.2', '10.90.0.1', bytes(1000));
    const message = record({}, long);
    const command = new Noted(message, 0, message.length);
    const reads = new Map<string, number>();
    const watched = new Proxy(message, {
      get(target, name) {
        if (typeof name === 'string' && /^\d+$/.test(name)) reads.set(name, (reads.get(name) ?? 0) + 1);
        const value = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    Object.assign(command, { dataOut: watched });
    host.link.messages.send(command, 12, extendedStream, message.length);
    assert.equal(command.status, Status.good);
    assert.deepEqual(host.received[0]?.datagram, long);
    assert.equal(reads.size, 16 + 40, 'the record and as much as a decision takes');
    assert.ok(
      [...reads.values()].every((times) => times === 1),
      'each byte once',
    );
  });

  it('from initiators that cannot be are refused', () => {
    const host = alone();
    for (const initiator of [-1, 1, 256, 1000, Number.NaN]) {
      const command = new Noted(good, 0, good.length);
      Object.assign(command, { nexus: { initiator, name: 'odd' } });
      host.link.messages.send(command, 10, 0, good.length);
      assert.equal(command.status, Status.checkCondition);
    }
    assert.equal(host.link.counters.get('unknownInitiators'), 5);
    assert.deepEqual(host.received, []);
  });

  it('as frames from our own interface', () => {
    const [lab, one] = Lab.of(2);
    assert.ok(one);
    const head = hex`025343000002 025343000001`;
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 400 }),
        fc.uint8Array({ minLength: 10, maxLength: 10 }),
        fc.constantFrom('', '0800', '0806', '86dd'),
        fc.nat(2),
        (body, vnet, type, whom) => {
          const to = [one.mac, new Uint8Array(6).fill(0xff), bytes(6)][whom] ?? head;
          const target = whom === 0 ? Uint8Array.from([...one.mac.subarray(0, 5), 2]) : to;
          const frame = Uint8Array.from([...target, ...one.mac, ...Buffer.from(type, 'hex'), ...body]);
          assert.ok(['sent', 'dropped', 'full'].includes(one.send(frame, vnet)));
          lab.run(3);
        },
      ),
      { numRuns: 500 },
    );
    const { counters } = one.link.snapshot();
    assert.ok(Number(counters['txFrames']) >= 500);
  });
});
