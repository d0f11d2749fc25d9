import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hex } from '../bytes/hex.ts';
import { checksum, completeChecksum, fold, naiveSum, sum } from './checksum.ts';
import { Gso } from './ethernet.ts';
import { ip, tcp } from './packets.test.ts';
import { Segmenter } from './segment.ts';

const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 37 + 11) & 0xff);

describe('the Internet checksum', () => {
  it('agrees with the example of RFC 1071 §3', () => {
    assert.equal(sum(hex`0001 f203 f4f5 f6f7`, 0, 8), 0xddf2);
    assert.equal(checksum(hex`4500 0073 0000 4000 4011 0000 c0a8 0001 c0a8 00c7`, 0, 20), 0xb861);
  });
  it('agrees with the definition, whatever the place and length', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 80, maxLength: 400 }),
        fc.nat(70),
        fc.nat(400),
        (all, at, length) => {
          const n = Math.min(length, all.length - at);
          assert.equal(sum(all, at, n), naiveSum(all, at, n));
          const inner = all.subarray(1);
          assert.equal(sum(inner, 0, Math.max(n - 1, 0)), naiveSum(inner, 0, Math.max(n - 1, 0)));
        },
      ),
    );
  });
  it('does not overflow on the longest datagram', () => {
    const ones = new Uint8Array(131072).fill(0xff);
    assert.equal(sum(ones, 0, ones.length), 0xffff);
    assert.equal(sum(ones, 2, 65535), naiveSum(ones, 2, 65535));
    assert.equal(fold(0xffff * 65536), 0xffff);
  });
  it('completes what the kernel left, and refuses to write outside', () => {
    const whole = tcp('10.0.0.1', '10.0.0.2', bytes(999));
    const partial = tcp('10.0.0.1', '10.0.0.2', bytes(999), { partial: true });
    assert.notDeepEqual(partial, whole);
    assert.ok(completeChecksum(partial, 0, partial.length, 20, 16));
    assert.deepEqual(partial, whole);
    assert.ok(!completeChecksum(partial, 0, partial.length, partial.length - 1, 0));
    assert.ok(!completeChecksum(partial, 0, partial.length, 20, 65535));
    assert.deepEqual(partial, whole);
  });
});

/** All segments of a datagram. */
function segments(datagram: Uint8Array, gsoType: number, size: number, l4: number): Uint8Array[] {
  const segmenter = new Segmenter();
  const out: Uint8Array[] = [];
  assert.ok(segmenter.begin(datagram, 0, datagram.length, gsoType, size, l4));
  for (;;) {
    const into = new Uint8Array(segmenter.longest);
    const length = segmenter.next(into, 0);
    if (length === 0) return out;
    out.push(into.slice(0, length));
  }
}
const flagsOf = (segment: Uint8Array, l4: number) => segment[l4 + 13];

describe('segmentation', () => {
  for (const [from, to, gsoType, l4] of [
    ['10.0.0.1', '10.0.0.2', Gso.tcp4, 20],
    ['fd90::1', 'fd90::2', Gso.tcp6, 40],
  ] as const)
    it(`takes TCP over ${from.includes(':') ? 'IPv6' : 'IPv4'} apart as if it had been sent so`, () => {
      const payload = bytes(3000);
      const cwrPshFin = 0x80 | 0x08 | 0x01 | 0x10;
      const parts = segments(tcp(from, to, payload, { flags: cwrPshFin, partial: true }), gsoType, 1400, l4);
      assert.equal(parts.length, 3);
      for (const [i, part] of parts.entries()) {
        const chunk = payload.slice(1400 * i, 1400 * (i + 1));
        const flags = [0x90, 0x10, 0x19][i] ?? 0;
        const expected = tcp(from, to, chunk, { flags, sequence: 1000 + 1400 * i });
        if (l4 === 20) {
          // Identification counts up (RFC 6864 leaves it to us as DF is set; TSO of NICs does so).
          expected[5] = Number(expected[5]) + i;
          expected.set([0, 0], 10);
          const value = checksum(expected, 0, 20);
          expected.set([value >>> 8, value & 0xff], 10);
        }
        assert.deepEqual(part, expected);
      }
    });

  it('gives back the payload, whatever its size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 1500 }), (length, size) => {
        const payload = bytes(length);
        const parts = segments(tcp('fd90::1', 'fd90::2', payload), Gso.tcp6 | Gso.ecn, size, 40);
        const joined = parts.flatMap((part) => [...part.subarray(60)]);
        assert.deepEqual(Uint8Array.from(joined), payload);
        for (const [i, part] of parts.entries()) {
          assert.equal((part[4] as number) * 256 + (part[5] as number), part.length - 40);
          const last = i === parts.length - 1;
          assert.equal(flagsOf(part, 40), last ? 0x18 : 0x10);
        }
      }),
    );
  });

  it('takes UDP apart into datagrams with headers of their own', () => {
    const udp = Uint8Array.from([0x10, 0, 0, 53, 0, 0, 0, 0, ...bytes(250)]);
    const parts = segments(ip('10.0.0.1', '10.0.0.2', 17, udp), Gso.udp, 100, 20);
    assert.deepEqual(
      parts.map((part) => part.length - 28),
      [100, 100, 50],
    );
    for (const part of parts) {
      assert.equal((part[24] as number) * 256 + (part[25] as number), part.length - 20);
      assert.equal(checksum(part, 0, 20), 0);
      const pseudo = naiveSum(part, 12, 8) + 17 + part.length - 20;
      assert.equal(checksum(part, 20, part.length - 20, pseudo), 0);
    }
  });

  it('makes no segment longer than the datagram was', () => {
    const segmenter = new Segmenter();
    const datagram = tcp('fd90::1', 'fd90::2', bytes(65000));
    datagram[64000 + 12] = 0x50;
    assert.ok(segmenter.begin(datagram, 0, datagram.length, Gso.tcp6, 0xffff, 64000));
    assert.ok(segmenter.longest <= datagram.length);
  });

  it('refuses what it cannot take apart, and never reads outside', () => {
    const segmenter = new Segmenter();
    const datagram = tcp('10.0.0.1', '10.0.0.2', bytes(100));
    const begin = (type: number, size: number, l4: number, from = datagram) =>
      segmenter.begin(from, 0, from.length, type, size, l4);
    assert.ok(!begin(Gso.udpFragment, 10, 20), 'a type that nobody offers any more');
    assert.ok(!begin(Gso.tcp4, 0, 20), 'no size');
    assert.ok(!begin(Gso.tcp4, 10, 4), 'a TCP header inside the IP header');
    assert.ok(!begin(Gso.tcp4, 10, 130), 'a TCP header at the end');
    assert.ok(!begin(Gso.tcp4, 10, 20, datagram.slice(0, 40)), 'nothing to take apart');
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 200 }),
        fc.nat(255),
        fc.nat(300),
        fc.nat(300),
        (random, type, size, l4) => {
          if (!begin(type, size, l4, random)) return;
          const into = new Uint8Array(segmenter.longest);
          for (let left = segmenter.segmentsLeft; left > 0; left--)
            assert.ok(segmenter.next(into, 0) <= segmenter.longest);
          assert.equal(segmenter.next(into, 0), 0);
        },
      ),
    );
  });
});
