/** The source guard, alone and in conversations; bridges on either side. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatMac, parseIP, parseMac } from '../bytes/addresses.ts';
import { toHex } from '../bytes/hex.ts';
import { silent } from '../observe/logger.ts';
import { EtherType } from './ethernet.ts';
import { type GuardMode, SourceGuard } from './guard.ts';
import { everybody, Lab, type LabHost } from './lab.test.ts';
import { MacTable } from './neighbours.ts';
import { arp, arpFrame, bytes, ethernet, ip, ipv4Frame } from './packets.test.ts';

const key = (address: string) => toHex(parseIP(address));
const prefixes = ['10.90.0.1/24', 'fd90::1/64'];

describe('source guard', () => {
  const guard = (pins: readonly (readonly [number, string])[] = []) => {
    const one = new SourceGuard('enforce', pins, silent);
    one.configure(prefixes);
    return (id: number, address: string) => one.check(id, key(address));
  };

  it('gives an address on the link to whom uses it first', () => {
    const check = guard();
    for (const address of ['10.90.0.2', 'fd90::2', 'fe80::2', '169.254.1.1']) {
      assert.equal(check(2, address), undefined);
      assert.equal(check(2, address), undefined);
      assert.equal(check(3, address), 'owned by another');
    }
  });
  it('lets addresses from elsewhere pass from any: routers', () => {
    const check = guard();
    for (const id of [2, 3]) {
      assert.equal(check(id, '8.8.8.8'), undefined);
      assert.equal(check(id, '2001:db8::1'), undefined);
    }
  });
  it('keeps pins, on the link or not', () => {
    const check = guard([
      [3, '10.90.0.3'],
      [3, '8.8.8.8'],
    ]);
    assert.equal(check(2, '10.90.0.3'), 'pinned to another');
    assert.equal(check(2, '8.8.8.8'), 'pinned to another');
    assert.equal(check(3, '10.90.0.3'), undefined);
  });
  it('never believes our own address, or one that is no host', () => {
    const check = guard();
    assert.equal(check(2, '10.90.0.1'), 'our own address');
    assert.equal(check(2, 'fd90::1'), 'our own address');
    for (const address of ['224.0.0.1', '255.255.255.255', '127.0.0.1', 'ff02::1', '::1'])
      assert.equal(check(2, address), 'not a host address');
  });
  it('lets who has no address yet ask for one', () => {
    const check = guard();
    for (const address of ['0.0.0.0', '::']) assert.equal(check(2, address), undefined);
  });
  it('bounds what one nexus may own, and frees it with the nexus', () => {
    const one = new SourceGuard('enforce', [], silent);
    one.configure(['10.0.0.1/8']);
    const address = (n: number) => `0a0a${(n + 0x10000).toString(16).slice(1)}`;
    for (let n = 0; n < 1024; n++) assert.equal(one.check(2, address(n)), undefined);
    assert.equal(one.check(2, address(1024)), 'too many');
    assert.equal(one.check(3, address(0)), 'owned by another');
    one.release(2);
    assert.equal(one.check(3, address(0)), undefined);
  });
});

/** Three hosts; the second will claim to be the third. */
function three(guard: GuardMode, pins: readonly (readonly [number, string])[] = []) {
  const lab = new Lab();
  const one = lab.host(1, { guard, pins, prefixes });
  const two = lab.host(2);
  const other = lab.host(3);
  lab.run(50);
  const say = (host: LabHost, from: string) => {
    host.send(ipv4Frame(host, one.mac, ip(from, '10.90.0.1', 17, bytes(9))));
    lab.run();
    return one.received.splice(0).length;
  };
  return { lab, one, two, other, say };
}

describe('a host that claims to be another', () => {
  it('is dropped and counted under enforce, in IP and in ARP', () => {
    const { lab, one, two, other, say } = three('enforce');
    assert.equal(say(other, '10.90.0.3'), 1);
    assert.equal(say(two, '10.90.0.2'), 1);
    assert.equal(say(two, '10.90.0.3'), 0);
    assert.equal(say(two, '10.90.0.1'), 0);
    two.send(arpFrame(two, everybody, arp(1, two.mac, '10.90.0.3', '10.90.0.1')));
    lab.run();
    assert.equal(one.received.length, 0);
    assert.equal(one.counters(2)['drops.guardAddress'], 3);
    two.send(arpFrame(two, everybody, arp(1, other.mac, '10.90.0.2', '10.90.0.1')));
    two.send(arpFrame(two, everybody, arp(1, one.mac, '10.90.0.2', '10.90.0.9')));
    lab.run();
    assert.equal(one.received.length, 0);
    assert.equal(one.counters(2)['drops.guardMac'], 2);
    assert.equal(say(two, '10.90.0.2'), 1, 'and goes on as itself');
    assert.equal(one.logged.filter((line) => line === 'warn source guard').length, 4, 'each address once');
  });

  it('is passed, counted and named under warn', () => {
    const { one, two, say } = three('warn', [[3, '10.90.0.3']]);
    assert.equal(say(two, '10.90.0.3') + say(two, '10.90.0.3'), 2);
    assert.equal(one.counters(2)['guardWarnings'], 2);
    assert.equal(one.counters(2)['drops.guardAddress'], 0);
    assert.equal(one.logged.filter((line) => line === 'warn source guard').length, 1);
  });

  it('is nobody’s business when off', () => {
    const { one, two, say } = three('off', [[3, '10.90.0.3']]);
    assert.equal(say(two, '10.90.0.3'), 1);
    assert.deepEqual(one.link.snapshot().peers[0]?.addresses, ['10.90.0.3']);
  });

  it('cannot take what we use ourselves, though nobody told the link', () => {
    const { one, two, say } = three('enforce');
    assert.equal(say(two, '10.90.0.77'), 1);
    one.send(arpFrame(one, everybody, arp(1, one.mac, '10.90.0.77', '10.90.0.77')));
    assert.equal(say(two, '10.90.0.77'), 0);
  });

  it('loses what it owned when it goes', () => {
    const { lab, one, two, other, say } = three('enforce');
    assert.equal(say(other, '10.90.0.3'), 1);
    other.port[Symbol.dispose]();
    lab.run(5);
    assert.equal(say(two, '10.90.0.3'), 1);
    assert.equal(one.counters(2)['drops.guardAddress'], 0);
  });

  it('may probe for an address (RFC 5227), and route', () => {
    const { lab, one, two, say } = three('enforce');
    two.send(arpFrame(two, everybody, arp(1, two.mac, '0.0.0.0', '10.90.0.1')));
    lab.run();
    assert.equal(one.received.splice(0).length, 1);
    assert.equal(say(two, '198.51.100.1'), 1);
  });

  it('in a Neighbor Advertisement that is hidden neither', () => {
    const { lab, one, two, other } = three('enforce');
    const nextHeader = { destinationOptions: 60, fragment: 44, icmp: 58 };
    const advertise = (first: number, before: number[], target: string, options: number[], hops = 255) => {
      const icmp = [136, 0, 0, 0, 0x60, 0, 0, 0, ...parseIP(target), ...options];
      const datagram = ip('fe80::2', 'ff02::1', first, Uint8Array.from([...before, ...icmp]));
      datagram[7] = hops;
      two.send(ethernet(parseMac('33:33:00:00:00:01'), two.mac, EtherType.ipv6, datagram));
      lab.run();
      return one.received.splice(0).length;
    };
    const options = (length: number) => [
      nextHeader.icmp,
      length / 8 - 1,
      ...new Array<number>(length - 2).fill(0),
    ];
    const link = [2, 1, ...two.mac];
    const { destinationOptions, icmp, fragment } = nextHeader;
    assert.equal(advertise(destinationOptions, options(8), 'fd90::2', link), 1);
    assert.equal(advertise(destinationOptions, options(8), 'fd90::1', link), 0, 'behind an extension header');
    assert.equal(advertise(destinationOptions, options(160), 'fd90::1', link), 0, 'a long one');
    assert.equal(
      advertise(destinationOptions, options(2048), 'fd90::1', link),
      0,
      'one that we do not see all of',
    );
    assert.equal(
      advertise(destinationOptions, options(2048), 'fd90::1', link, 64),
      1,
      'from elsewhere: no matter',
    );
    assert.equal(advertise(fragment, options(8), 'fd90::1', link), 0, 'an atomic fragment');
    const long = [253, 30, ...new Array<number>(238).fill(0)];
    assert.equal(advertise(icmp, [], 'fd90::2', [...long, ...link]), 1);
    assert.equal(advertise(icmp, [], 'fd90::2', [...long, 2, 1, ...other.mac]), 0, 'behind a long option');
    const longer = new Array<number[]>(6).fill(long).flat();
    assert.equal(advertise(icmp, [], 'fd90::2', [...longer, ...link]), 0, 'more than we look at');
  });

  it('by a MAC address behind another peer neither', () => {
    const { lab, one, two, other } = three('enforce');
    const guest = parseMac('52:54:00:12:34:56');
    const say = (host: LabHost, address: string) => {
      host.send(ethernet(everybody, guest, EtherType.arp, arp(1, guest, address, '10.90.0.1')));
      lab.run();
      return one.received.splice(0).length;
    };
    assert.equal(say(other, '10.90.0.50'), 1);
    assert.equal(say(two, '10.90.0.2'), 0);
    assert.equal(one.counters(2)['drops.guardMac'], 1);
    lab.run(1000);
    assert.equal(say(other, '10.90.0.50'), 1);
  });

  it('does not fill the log', () => {
    const { one, two, say } = three('enforce');
    for (let i = 0; i < 2000; i++) say(two, `224.0.${i >> 8}.${i & 0xff}`);
    assert.equal(one.counters(2)['drops.guardAddress'], 2000);
    assert.equal(one.logged.filter((line) => line === 'warn source guard').length, 256);
  });

  it('in a Neighbor Advertisement neither', () => {
    const { lab, one, two, other } = three('enforce');
    const advertise = (target: string, mac: Uint8Array) => {
      const icmp = [136, 0, 0, 0, 0x60, 0, 0, 0, ...parseIP(target), 2, 1, ...mac];
      const datagram = ip('fe80::2', 'ff02::1', 58, Uint8Array.from([...icmp, ...bytes(200)]));
      two.send(ethernet(parseMac('33:33:00:00:00:01'), two.mac, EtherType.ipv6, datagram));
      lab.run();
      return one.received.splice(0).length;
    };
    assert.equal(advertise('fd90::2', two.mac), 1);
    assert.equal(advertise('fd90::1', two.mac), 0, 'our own address');
    assert.equal(advertise('fd90::2', other.mac), 0, "another's MAC address");
  });
});

describe('bridges', () => {
  const foreign = parseMac('52:54:00:12:34:56');

  it('on our side: datagrams for hosts behind the interface get their MAC address back', () => {
    const lab = new Lab();
    const one = lab.host(1);
    const two = lab.host(2);
    lab.run(50);
    one.send(ethernet(everybody, foreign, EtherType.arp, arp(1, foreign, '10.90.0.50', '10.90.0.2')));
    lab.run();
    assert.deepEqual(two.received.pop()?.source, one.mac, 'the source is the nexus');
    // Learned from the ARP sender: the host is behind one.
    two.send(arpFrame(two, foreign, arp(2, two.mac, '10.90.0.2', '10.90.0.50', foreign)));
    two.send(ipv4Frame(two, foreign, ip('10.90.0.2', '10.90.0.50', 17, bytes(9))));
    two.send(ipv4Frame(two, one.mac, ip('10.90.0.2', '10.90.0.1', 17, bytes(9))));
    lab.run();
    assert.deepEqual(
      one.received.map((frame) => formatMac(frame.destination)),
      [formatMac(foreign), formatMac(foreign), formatMac(one.mac)],
    );
  });

  it('a peer with many hosts behind it does not make us forget those of another', () => {
    const table = new MacTable();
    const mac = (id: number, n: number) => Uint8Array.of(2, id, 0, n >>> 16, (n >>> 8) & 0xff, n & 0xff);
    table.learn(mac(3, 1), 0, 3);
    for (let n = 0; n < 10_000; n++) table.learn(mac(2, n), 0, 2);
    assert.equal(table.find(mac(3, 1), 0), 3);
    assert.equal(table.find(mac(2, 9999), 0), 2);
    assert.equal(table.find(mac(2, 0), 0), -1, 'the oldest of its own');
    table.learn(mac(2, 9999), 0, 3);
    table.forget(2);
    assert.equal(table.find(mac(2, 9998), 0), -1);
    assert.equal(table.find(mac(2, 9999), 0), 3, 'it had moved');
  });

  it('that pad short frames: the padding stays behind', () => {
    const lab = new Lab();
    const one = lab.host(1);
    const two = lab.host(2, { features: [] });
    lab.run(50);
    two.seen.length = 0;
    const datagrams = [
      [EtherType.arp, arp(1, foreign, '10.90.0.50', '10.90.0.2')],
      [EtherType.ipv4, ip('10.90.0.50', '10.90.0.2', 17, bytes(9))],
      [EtherType.ipv6, ip('fd90::50', 'fd90::2', 59, bytes(1))],
    ] as const;
    for (const [etherType, datagram] of datagrams) {
      const padded = new Uint8Array(46);
      padded.set(datagram);
      one.send(ethernet(two.mac, foreign, etherType, padded));
    }
    lab.run();
    assert.deepEqual(
      two.messages.map(({ dataOut }) => dataOut),
      datagrams.map(([, datagram]) => datagram),
    );
  });

  it('with an unknown MAC address: all extended peers get it, who knows the IP address delivers', () => {
    const lab = new Lab();
    const [one, two, three3, strict] = [1, 2, 3]
      .map((id) => lab.host(id))
      .concat(lab.host(4, { features: [] }));
    assert.ok(one && two && three3 && strict);
    lab.run(50);
    two.send(ethernet(one.mac, foreign, EtherType.ipv4, ip('10.90.0.50', '10.90.0.1', 17, bytes(9))));
    lab.run();
    one.send(ipv4Frame(one, foreign, ip('10.90.0.1', '10.90.0.50', 17, bytes(9))));
    lab.run();
    assert.deepEqual(
      two.received.map((frame) => formatMac(frame.destination)),
      [formatMac(foreign)],
    );
    assert.equal(three3.received.length, 0);
    assert.equal(three3.counters(1)['drops.notForUs'], 1);
    assert.equal(strict.received.length, 0, 'might forward it');
    assert.equal(one.link.counters.get('txUnknown'), 1);
  });
});
