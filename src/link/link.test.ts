import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { arp, arpFrame, everybody, ip, ipv4Frame, Lab, labMac } from './lab.test.ts';

const a = '10.90.0.1';
const b = '10.90.0.2';
const data = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7) & 0xff);

describe('a conversation between two extended peers', () => {
  it('begins by each asking what the other is', () => {
    const [, one] = Lab.of(2, { hostName: 'Müller' });
    const peer = one?.link.snapshot().peers[0];
    assert.equal(peer?.state, 'push');
    assert.equal(peer?.hostName, 'Müller');
    assert.equal(
      peer?.mac,
      '02:53:43:' +
        labMac(2)
          .slice(3)
          .reduce((t, x) => t + (t && ':') + x.toString(16).padStart(2, '0'), ''),
    );
    assert.deepEqual(peer?.extensions, ['messages', 'checksum', 'tso4', 'tso6', 'uso', 'batch', 'pull']);
  });

  it('resolves an address and carries a datagram both ways', () => {
    const [lab, one, two] = Lab.of(2);
    assert.ok(one && two);
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
    const datagram = ip(a, b, 17, data(1000));
    one.send(ipv4Frame(one, two.mac, datagram));
    lab.run();
    assert.deepEqual(two.received, [
      { vnet: new Uint8Array(10), destination: two.mac, source: one.mac, etherType: 0x0800, datagram },
    ]);
    assert.equal(one.counters(2)['txPackets'], 2);
    assert.equal(two.counters(1)['rxBytes'], 28 + 1020);
  });
});
