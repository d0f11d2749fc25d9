import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hex } from '../../bytes/hex.ts';
import { layout } from '../../bytes/testing-layout.ts';
import { chain, oneBus, ring } from '../route/topologies.ts';
import { AdvertHeader, decodeAdverts, encodeAdverts, encodeDeparture } from './advert-codec.ts';
import { greatestPacket } from './buffers.ts';
import {
  HopLayout,
  headerBytes,
  hopBytes,
  MessageHeader,
  MessageKind,
  maxHops,
  messageBytes,
  messageSize,
  PacketHeader,
  PacketKind,
  packetVersion,
  ReadMessage,
  writeChunk,
  writeLength,
  writeMessage,
} from './packet.ts';
import { Ways } from './ways.ts';

const header = {
  version: 1,
  kind: PacketKind.chunk,
  source: 2,
  target: 5,
  hops: 2,
  leads: 1,
  ends: 1,
  sequenceHigh: 1,
  sequence: 7,
  message: 9,
  sourceLife: 3,
  targetLife: 4,
  epoch: 6,
  length: 0x1234,
};
const headerGolden = hex`01 01 0002 0005 02 c0 0001 00000007 00000009 0003 0004 00000006 00001234 0000`;
layout('docs/mpi-wire.md', PacketHeader, headerGolden, header);
layout('docs/mpi-wire.md', HopLayout, hex`0102 0304`, { from: 0x102, to: 0x304 });
layout('docs/mpi-wire.md', MessageHeader, hex`02 01 00 0a 00000011 00000000 00000200 00001000`, {
  kind: 2,
  code: 1,
  fault: 0,
  extra: 10,
  tag: 17,
  lun: 0,
  value: 512,
  data: 4096,
});
layout('docs/mpi-wire.md', AdvertHeader, hex`0003 0001 0000002a 0002 0000`, {
  origin: 3,
  life: 1,
  sequence: 42,
  ports: 2,
});

const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffffffff);

describe('routed packets by hand', () => {
  it('have the headers that the layout says', () => {
    const anyChunk = fc.record(
      {
        source: u16,
        target: u16,
        sequence: fc.nat(2 ** 48 - 1),
        message: u32,
        bytes: fc.nat(greatestPacket),
        leads: fc.boolean(),
        ends: fc.boolean(),
        way: fc.array(fc.record({ from: u16, to: u16 }, { noNullPrototype: true }), {
          minLength: 1,
          maxLength: maxHops,
        }),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(anyChunk, u16, u16, u32, (chunk, sourceLife, targetLife, epoch) => {
        const bytes = new Uint8Array(headerBytes + maxHops * hopBytes).fill(0xa5);
        const view = new DataView(bytes.buffer);
        const end = writeChunk(view, chunk, sourceLife, targetLife, epoch);
        writeLength(view, chunk.bytes);
        const { source, target, message, way, bytes: length } = chunk;
        assert.equal(end, headerBytes + way.length * hopBytes);
        assert.deepEqual(PacketHeader.decode(bytes.subarray(0, headerBytes)), {
          version: packetVersion,
          kind: PacketKind.chunk,
          source,
          target,
          hops: way.length,
          leads: Number(chunk.leads),
          ends: Number(chunk.ends),
          sequenceHigh: Math.floor(chunk.sequence / 2 ** 32),
          sequence: chunk.sequence % 2 ** 32,
          message,
          sourceLife,
          targetLife,
          epoch,
          length,
        });
        assert.equal(bytes[30], 0);
        for (const [i, hop] of way.entries()) {
          const at = headerBytes + i * hopBytes;
          assert.deepEqual(HopLayout.decode(bytes.subarray(at, at + hopBytes)), hop);
        }
      }),
    );
  });

  it('have messages as the layout says', () => {
    const anyMessage = fc.record(
      {
        kind: fc.constantFrom(...Object.values(MessageKind)),
        code: fc.nat(255),
        fault: fc.nat(2),
        extra: fc.nat(252),
        tag: u32,
        lun: u32,
        value: fc.integer(),
        data: fc.nat(greatestPacket),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(anyMessage, (m) => {
        const bytes = new Uint8Array(messageBytes + 3).fill(0xa5);
        const view = new DataView(bytes.buffer);
        writeMessage(view, 3, m.kind, m.code, m.fault, m.extra, m.tag, m.lun, m.value, m.data);
        assert.deepEqual(MessageHeader.decode(bytes.subarray(3)), { ...m, value: m.value >>> 0 });
        const read = new ReadMessage();
        const size = messageSize(m.extra, m.data);
        assert.equal(read.read(view, 3, size), true);
        assert.deepEqual({ ...read }, m);
        for (const wrong of [0, messageBytes - 1, size - 1, size + 1])
          assert.equal(read.read(view, 3, wrong), false, `${wrong} bytes`);
      }),
    );
  });

  it('are no messages with a kind that there is not', () => {
    const view = new DataView(new ArrayBuffer(messageBytes));
    for (const kind of [0, 6, 255]) {
      view.setUint8(0, kind);
      assert.equal(new ReadMessage().read(view, 0, messageBytes), false);
    }
  });
});

const carrier = { carrier: 'x', alpha: 1, beta: 0, shared: false };
const wayOf = (...ports: number[]) =>
  new DataView(Uint16Array.from(ports, (p) => ((p & 0xff) << 8) | (p >> 8)).buffer);

describe('ways in packets', () => {
  // Buses i: nodes i and i + 1, ports 2i and 2i + 1.
  const network = chain(5, carrier);

  it('are read, and known again', () => {
    const ways = new Ways(network, 2);
    const view = wayOf(0, 1, 2, 3, 4, 5);
    const way = ways.read(view, 0, 3);
    assert.deepEqual([way?.at, way?.source, way?.target], [1, 0, 3]);
    assert.deepEqual(way?.hops, [
      { from: 0, to: 1 },
      { from: 2, to: 3 },
      { from: 4, to: 5 },
    ]);
    assert.equal(ways.read(view, 0, 3), way);
    assert.notEqual(ways.read(view, 0, 2), way);
  });

  it('are refused when they are none', () => {
    const ways = new Ways(network, 2);
    const bad: Readonly<Record<string, number[]>> = {
      'no hop': [],
      'a port that there is not': [2, 99],
      'two buses in a hop': [0, 3],
      'a gap': [0, 1, 4, 5],
      'back and forth': [2, 3, 3, 2],
      'not to us': [0, 1],
      'too many': Array.from({ length: 2 * (maxHops + 1) }, (_, i) => i % 8),
    };
    for (const [what, ports] of Object.entries(bad))
      assert.equal(ways.read(wayOf(...ports), 0, ports.length / 2), undefined, what);
    const round = ring(4, carrier);
    const circle = [...Array(4).keys()].flatMap((bus) => [
      round.portOn(bus, bus),
      round.portOn(bus, (bus + 1) % 4),
    ]);
    assert.equal(new Ways(round, 2).read(wayOf(...circle), 0, 4), undefined, 'a circle');
  });

  it('need a network whose ports have numbers of 16 bits', () => {
    const tooLarge = { ...network, ports: 0x10001 } as unknown as typeof network;
    assert.throws(() => new Ways(tooLarge, 0), { name: 'RangeError', message: /65536 ports, not 65537/ });
  });
});

describe('adverts as packets', () => {
  const strip = (bytes: Uint8Array) => bytes.subarray(headerBytes);
  const any = fc.array(
    fc.record(
      { origin: fc.nat(9), sequence: u32, heard: fc.uniqueArray(fc.nat(99)) },
      { noNullPrototype: true },
    ),
    { maxLength: 20 },
  );

  it('come back as they went, own ones in this life', () => {
    fc.assert(
      fc.property(any, fc.nat(9), fc.nat(0xffff), (list, node, life) => {
        const adverts = list.map((one) => ({ ...one, heard: new Set(one.heard) }));
        const packets = encodeAdverts(node, life, adverts);
        for (const packet of packets) {
          const { kind, source, sourceLife, length } = PacketHeader.decode(packet.subarray(0, headerBytes));
          assert.deepEqual([kind, source, sourceLife, length], [2, node, life, packet.length - headerBytes]);
        }
        const back = packets.flatMap((packet) => decodeAdverts(strip(packet), 10, 100) ?? []);
        assert.deepEqual(
          back,
          adverts.map((one) => {
            const own = one.origin === node ? life : 0;
            return { ...one, life: own, sequence: one.sequence + own * 2 ** 32 };
          }),
        );
      }),
    );
  });

  it('go in several packets when they are many', () => {
    const heard = new Set(Array.from({ length: 256 }, (_, i) => i));
    const adverts = Array.from({ length: 600 }, (_, origin) => ({ origin, sequence: 1, heard }));
    const packets = encodeAdverts(0, 0, adverts);
    assert.ok(packets.length > 1 && packets.every(({ length }) => length <= greatestPacket));
    assert.equal(packets.flatMap((packet) => decodeAdverts(strip(packet), 600, 256) ?? []).length, 600);
  });

  it('are refused when they are cut, or tell of what there is not', () => {
    const bus = oneBus(4, carrier);
    const [packet = new Uint8Array(0)] = encodeAdverts(1, 2, [
      { origin: 1, sequence: 3, heard: new Set([0, 3]) },
    ]);
    const body = strip(packet);
    assert.equal(decodeAdverts(body, bus.nodes, bus.ports)?.length, 1);
    for (let n = 1; n < body.length; n++)
      assert.equal(decodeAdverts(body.subarray(0, n), bus.nodes, bus.ports), undefined);
    assert.equal(decodeAdverts(body, 1, bus.ports), undefined);
    assert.equal(decodeAdverts(body, bus.nodes, 3), undefined);
  });

  it('a departure is a header alone', () =>
    assert.deepEqual(
      encodeDeparture(7, 2),
      hex`01 03 0007 0000 00 00 0000 00000000 00000000 0002 0000 00000000 00000000 0000`,
    ));
});
