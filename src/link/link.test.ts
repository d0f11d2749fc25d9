/** Conversations of hosts on a bus: feed this, expect exactly that. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatMac } from '../bytes/addresses.ts';
import { hex } from '../bytes/hex.ts';
import { EtherType } from './ethernet.ts';
import { featureNames } from './extensions.ts';
import { everybody, Lab, labMac, pair, strictFeatures } from './lab.test.ts';
import { arp, arpFrame, bytes, ethernet, ip, ipv4Frame, tcp, vnet } from './packets.test.ts';
import { RecordHeader } from './record.ts';

const a = '10.90.0.1';
const b = '10.90.0.2';
const needsChecksum = vnet(1, 0, 0, 0, 34, 16);

describe('two extended peers', () => {
  it('ask what the other is', () => {
    const { one } = pair({ hostName: 'Müller' });
    const [peer] = one.link.snapshot().peers;
    assert.equal(peer?.state, 'push');
    assert.equal(peer?.hostName, 'Müller');
    assert.equal(peer?.mac, formatMac(labMac(2)));
    assert.deepEqual(peer?.extensions, featureNames);
  });

  it('resolve an address and carry a datagram', () => {
    const { lab, one, two } = pair();
    assert.equal(one.send(arpFrame(one, everybody, arp(1, one.mac, a, b))), 'sent');
    lab.run();
    const [request] = two.received.splice(0);
    assert.deepEqual(request?.datagram, arp(1, one.mac, a, b));
    assert.deepEqual(request?.destination, everybody);
    assert.deepEqual(request?.source, one.mac);
    two.send(arpFrame(two, one.mac, arp(2, two.mac, b, a, one.mac)));
    lab.run();
    const [reply] = one.received.splice(0);
    assert.deepEqual(reply?.datagram, arp(2, two.mac, b, a, one.mac));
    assert.deepEqual(reply?.destination, one.mac);
    const datagram = ip(a, b, 17, bytes(1000));
    one.send(ipv4Frame(one, two.mac, datagram));
    lab.run();
    assert.deepEqual(two.received, [
      { vnet: new Uint8Array(10), destination: two.mac, source: one.mac, etherType: 0x0800, datagram },
    ]);
    assert.equal(one.counters(2)['txPackets'], 2);
    assert.equal(two.counters(1)['rxBytes'], 28 + 1020);
  });

  it('leave checksum and segmentation to each other', () => {
    const { lab, one, two } = pair();
    const datagram = tcp(a, b, bytes(40000), { partial: true });
    const header = vnet(1, 1, 54, 1448, 34, 16);
    one.send(ipv4Frame(one, two.mac, datagram), header);
    lab.run();
    assert.deepEqual(two.received[0]?.datagram, datagram);
    assert.deepEqual(two.received[0]?.vnet, header);
    const [message] = two.messages;
    assert.deepEqual(message?.cdb, hex`aa 00 0000 4958 00009c78 0000`);
    assert.deepEqual(RecordHeader.decode(message?.dataOut ?? new Uint8Array(0)), {
      flags: 1,
      gsoType: 1,
      etherType: 0x0800,
      length: 40040,
      headerLength: 40,
      gsoSize: 1448,
      checksumStart: 20,
      checksumOffset: 16,
      gap: 0,
    });
  });

  it('put small datagrams into one command while others are under way', () => {
    const { lab, one, two } = pair();
    const all = Array.from({ length: 5 }, (_, i) => ip(a, b, 17, bytes(10 + i)));
    for (const datagram of all) assert.equal(one.send(ipv4Frame(one, two.mac, datagram)), 'sent');
    lab.run();
    assert.deepEqual(
      two.received.map((frame) => frame.datagram),
      all,
    );
    assert.equal(two.messages.length, 2, 'the first at once, the others together');
    assert.equal(one.counters(2)['txPackets'], 5);
    assert.equal(one.counters(2)['txMessages'], 2);
  });

  it('carry IPv6, multicast included', () => {
    const { lab, one, two } = pair();
    const datagram = ip('fd90::1', 'ff02::1:ff00:2', 17, bytes(64));
    one.send(ethernet(hex`3333ff000002`, one.mac, EtherType.ipv6, datagram));
    const group = ip(a, '224.0.0.251', 17, bytes(9));
    one.send(ipv4Frame(one, hex`01005e0000fb`, group));
    lab.run();
    assert.deepEqual(
      two.received.map((frame) => formatMac(frame.destination)),
      ['33:33:ff:00:00:02', '01:00:5e:00:00:fb'],
    );
    assert.deepEqual(two.received[0]?.datagram, datagram);
  });

  it('drop what RFC 2143 cannot name, and runts', () => {
    const { one, two } = pair();
    assert.equal(one.send(ethernet(two.mac, one.mac, 0x88cc, bytes(60))), 'dropped');
    assert.equal(one.send(two.mac), 'dropped');
    assert.equal(one.send(ipv4Frame(one, labMac(6), ip(a, b, 17, bytes(1)))), 'dropped');
    assert.equal(one.link.counters.get('drops.etherType'), 1);
    assert.equal(one.link.counters.get('drops.runt'), 1);
    assert.equal(one.link.counters.get('drops.noPeer'), 1);
  });
});

describe('a strict RFC 2143 host', () => {
  const strictTwo = () => {
    const lab = new Lab();
    const one = lab.host(1);
    const two = lab.host(2, { features: strictFeatures });
    lab.run(50);
    two.seen.length = 0;
    return { lab, one, two };
  };

  it('gets the RFC to the byte', () => {
    const { lab, one, two } = strictTwo();
    assert.deepEqual(one.link.snapshot().peers[0]?.extensions, []);
    const datagram = ip(a, b, 17, bytes(20));
    one.send(ipv4Frame(one, two.mac, datagram));
    one.send(arpFrame(one, everybody, arp(1, one.mac, a, b)));
    lab.run();
    const [first, second, ...messages] = two.messages;
    assert.deepEqual(first?.cdb, hex`2a 00 00 00 00 00 00 0028 00`);
    assert.deepEqual(first?.dataOut, datagram);
    assert.deepEqual(second?.cdb, hex`2a 00 00 00 00 06 00 001c 00`);
    assert.deepEqual(second?.dataOut, arp(1, one.mac, a, b));
    assert.equal(messages.length, 0, 'nothing was sent twice: TEST UNIT READY met the unit attention');
    assert.equal(two.received.length, 2);
  });

  it('gets complete checksums', () => {
    const { lab, one, two } = strictTwo();
    one.send(ipv4Frame(one, two.mac, tcp(a, b, bytes(100), { partial: true })), needsChecksum);
    lab.run();
    assert.deepEqual(two.received[0]?.datagram, tcp(a, b, bytes(100)));
    assert.equal(one.counters(2)['checksumsCompleted'], 1);
  });

  it('gets segments, not what is still to be segmented', () => {
    const { lab, one, two } = strictTwo();
    const datagram = tcp(a, b, bytes(60000), { partial: true });
    assert.equal(one.send(ipv4Frame(one, two.mac, datagram), vnet(1, 1, 54, 1448, 34, 16)), 'sent');
    lab.run();
    assert.equal(two.received.length, Math.ceil(60000 / 1448));
    assert.ok(two.received.every((frame) => frame.datagram.length <= 1488 && frame.vnet[1] === 0));
    const payload = two.received.flatMap((frame) => [...frame.datagram.subarray(40)]);
    assert.equal(Buffer.compare(Buffer.from(payload), Buffer.from(bytes(60000))), 0);
  });

  it('can send to an extended one, and does not see what it does not understand', () => {
    const { lab, one, two } = strictTwo();
    const datagram = ip(b, a, 17, bytes(300));
    two.send(ipv4Frame(two, one.mac, datagram));
    lab.run();
    assert.deepEqual(one.received[0]?.datagram, datagram);
    assert.deepEqual(one.received[0]?.source, two.mac);
    assert.ok(!two.seen.some(({ cdb }) => cdb[0] === 0xaa));
  });

  it('shares a broadcast with extended ones: one buffer, two forms', () => {
    const { lab, one, two } = strictTwo();
    const three = lab.host(3);
    lab.run(50);
    two.seen.length = 0;
    three.seen.length = 0;
    const datagram = ip(a, '255.255.255.255', 17, bytes(50));
    one.send(ipv4Frame(one, everybody, datagram));
    lab.run();
    assert.deepEqual(two.messages.at(-1)?.cdb, hex`2a 00 00 00 00 00 00 0046 00`);
    assert.deepEqual(two.messages.at(-1)?.dataOut, datagram);
    assert.deepEqual(three.messages.at(-1)?.cdb, hex`aa 00 0000 4958 00000056 0000`);
    assert.deepEqual(three.messages.at(-1)?.dataOut.slice(16), datagram);
    for (const host of [two, three]) {
      assert.equal(host.received.length, 1);
      assert.deepEqual(host.received[0]?.destination, everybody);
    }
  });

  it('completes a broadcast for all if one cannot', () => {
    const { lab, one, two } = strictTwo();
    const three = lab.host(3);
    lab.run(50);
    one.send(ipv4Frame(one, everybody, tcp(a, b, bytes(9), { partial: true })), needsChecksum);
    lab.run();
    for (const host of [two, three]) assert.deepEqual(host.received.at(-1)?.datagram, tcp(a, b, bytes(9)));
  });
});

describe('a broadcast', () => {
  it('reaches each of sixteen hosts once, and not its sender', () => {
    const [lab, ...hosts] = Lab.of(16, {}, { width: 32 });
    const [one] = hosts;
    one?.send(arpFrame(one, everybody, arp(1, one.mac, a, '10.90.0.16')));
    lab.run();
    assert.deepEqual(
      hosts.map((host) => host.received.length),
      [0, ...Array.from({ length: 15 }, () => 1)],
    );
    assert.equal(one?.link.counters.get('txGroup'), 1);
  });

  it('is not repeated for an address that nobody has', () => {
    const { lab, one, two } = pair();
    const ask = () => one.send(arpFrame(one, everybody, arp(1, one.mac, a, '10.90.0.99')));
    assert.deepEqual([ask(), ask(), ask()], ['sent', 'dropped', 'dropped']);
    lab.run(1000);
    assert.equal(ask(), 'sent');
    const probe = () => one.send(arpFrame(one, everybody, arp(1, one.mac, '0.0.0.0', '10.90.0.99')));
    assert.deepEqual([probe(), probe()], ['sent', 'sent'], 'probes are not held back (RFC 5227)');
    lab.run();
    assert.equal(two.received.length, 4);
    assert.equal(one.link.counters.get('arpSuppressed'), 2);
    // An answer ends it.
    const known = () => one.send(arpFrame(one, everybody, arp(1, one.mac, a, b)));
    assert.deepEqual([known(), known()], ['sent', 'dropped']);
    two.send(arpFrame(two, one.mac, arp(2, two.mac, b, a, one.mac)));
    lab.run();
    assert.equal(known(), 'sent');
  });
});
