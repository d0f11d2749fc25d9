import assert from 'node:assert/strict';
import { isIPv4, isIPv6 } from 'node:net';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  formatIP,
  formatIPv4,
  formatIPv6,
  formatMac,
  formatPrefix,
  parseIP,
  parseIPv4,
  parseIPv6,
  parseMac,
  parsePrefix,
} from './addresses.ts';
import { hex } from './hex.ts';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
/** Random groups, half of them zero, so that runs of zeros come up. */
const sparse = fc
  .array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 })
  .map((groups) => Uint8Array.from(groups.flatMap((group) => [group >>> 8, group & 0xff])));
/** Almost addresses: the characters of which addresses are made. */
const nearly = fc.string({ unit: fc.constantFrom(...'0125f:.%/ '), maxLength: 20 });

describe('IPv4 addresses', () => {
  it('reads and writes', () => {
    assert.deepEqual(parseIPv4('10.90.0.255'), hex`0a5a00ff`);
    assert.equal(formatIPv4(hex`ff 0a5a00ff`, 1), '10.90.0.255');
  });

  it('refuses what is none', () => {
    for (const text of ['', '1.2.3', '1.2.3.4.5', '1.2.3.256', '01.2.3.4', '1.2.3.4 ', '0x1.2.3.4', '1..2.3'])
      assert.throws(() => parseIPv4(text), SyntaxError, text);
  });

  it('gives back whatever was put in', () => {
    fc.assert(fc.property(bytes(4), (b) => assert.deepEqual(parseIPv4(formatIPv4(b)), b)));
  });
});

describe('IPv6 addresses', () => {
  const canonical: readonly (readonly [text: string, bytes: Uint8Array])[] = [
    ['::', hex`0000 0000 0000 0000 0000 0000 0000 0000`],
    ['::1', hex`0000 0000 0000 0000 0000 0000 0000 0001`],
    ['fd90::3', hex`fd90 0000 0000 0000 0000 0000 0000 0003`],
    ['2001:db8::', hex`2001 0db8 0000 0000 0000 0000 0000 0000`],
    ['2001:db8:0:1:1:1:1:1', hex`2001 0db8 0000 0001 0001 0001 0001 0001`],
    ['2001:db8::1:0:0:1', hex`2001 0db8 0000 0000 0001 0000 0000 0001`],
    ['2001:0:0:1::1', hex`2001 0000 0000 0001 0000 0000 0000 0001`],
    ['::ffff:192.0.2.1', hex`0000 0000 0000 0000 0000 ffff c000 0201`],
  ];

  it('reads and writes (RFC 5952 §4 and §5)', () => {
    for (const [text, address] of canonical) {
      assert.equal(formatIPv6(address), text);
      assert.deepEqual(parseIPv6(text), address);
    }
  });

  it('reads other spellings (RFC 4291 §2.2)', () => {
    assert.equal(formatIPv6(parseIPv6('2001:DB8:0000:0:0:0:0:0001')), '2001:db8::1');
    assert.equal(formatIPv6(parseIPv6('64:ff9b::192.0.2.33')), '64:ff9b::c000:221');
    assert.equal(formatIPv6(parseIPv6('1:2:3:4:5:6:7::')), '1:2:3:4:5:6:7:0');
  });

  it('refuses what is none', () => {
    for (const text of [
      '',
      ':',
      ':::',
      '1::2::3',
      '1:2:3:4:5:6:7:8:9',
      '1:2:3:4::5:6:7:8',
      'fe80::1%eth0',
      '1.2.3.4::',
      '::1.2.3.4:1',
    ])
      assert.throws(() => parseIPv6(text), SyntaxError, text);
  });

  it('gives back whatever was put in, in lower case', () => {
    fc.assert(
      fc.property(sparse, (b) => {
        const text = formatIPv6(b);
        assert.deepEqual(parseIPv6(text), b);
        assert.equal(text, text.toLowerCase());
        assert.ok(isIPv6(text));
      }),
    );
  });
});

describe('IP addresses of either family', () => {
  it('accepts exactly what Node takes for an address without a zone', () => {
    fc.assert(
      fc.property(fc.oneof(nearly, fc.ipV4(), fc.ipV6()), (text) => {
        const valid = isIPv4(text) || (isIPv6(text) && !text.includes('%'));
        if (valid) assert.equal(formatIP(parseIP(formatIP(parseIP(text)))), formatIP(parseIP(text)));
        else assert.throws(() => parseIP(text), SyntaxError);
      }),
    );
  });

  it('refuses every other length', () => {
    for (const length of [0, 3, 5, 15, 17]) assert.throws(() => formatIP(new Uint8Array(length)), RangeError);
    for (let n = 0; n < 4; n++) assert.throws(() => formatIPv4(new Uint8Array(n)), RangeError);
    for (let n = 0; n < 16; n++) assert.throws(() => formatIPv6(new Uint8Array(n)), RangeError);
  });
});

describe('prefixes', () => {
  it('reads both families', () => {
    assert.deepEqual(parsePrefix('10.90.0.3/24'), { family: 4, address: hex`0a5a0003`, length: 24 });
    assert.equal(parsePrefix('fd90::3/64').family, 6);
    assert.equal(formatPrefix(parsePrefix('FD90:0::3/128')), 'fd90::3/128');
  });

  it('refuses what is none', () => {
    for (const text of [
      '10.0.0.1',
      '10.0.0.1/',
      '10.0.0.1/33',
      '::1/129',
      '10.0.0.1/-1',
      '10.0.0.1/08',
      '10.0.0.1/8/8',
      '/8',
    ])
      assert.throws(() => parsePrefix(text), SyntaxError, text);
  });

  it('gives back whatever was put in', () => {
    const any = fc.oneof(fc.tuple(bytes(4), fc.nat(32)), fc.tuple(sparse, fc.nat(128)));
    fc.assert(
      fc.property(any, ([address, length]) => {
        const family = address.length === 4 ? 4 : 6;
        assert.deepEqual(parsePrefix(formatPrefix({ family, address, length })), { family, address, length });
      }),
    );
  });
});

describe('MAC addresses', () => {
  it('reads, writes and gives back whatever was put in', () => {
    assert.deepEqual(parseMac('02:53:43:A1:b2:03'), hex`025343a1b203`);
    fc.assert(fc.property(bytes(6), (b) => assert.deepEqual(parseMac(formatMac(b)), b)));
  });

  it('refuses what is none', () => {
    for (const text of ['', '02:53:43:a1:b2', '2:53:43:a1:b2:3', '02-53-43-a1-b2-03', '02:53:43:a1:b2:0g'])
      assert.throws(() => parseMac(text), SyntaxError, text);
    for (let n = 0; n < 6; n++) assert.throws(() => formatMac(new Uint8Array(n)), RangeError);
  });
});
