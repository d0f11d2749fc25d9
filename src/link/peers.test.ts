/** Peers that come, go, refuse, stall, fetch: what becomes of frames to them. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AdditionalSense, SenseKey } from '../scsi/sense.ts';
import { encodeSense } from '../scsi/sense-data.ts';
import { Status } from '../scsi/status.ts';
import { encodeExtensions, featureBits, featureNames, wholePage } from './extensions.ts';
import { everybody, Lab, labMac, pair, strictFeatures } from './lab.test.ts';
import { arp, arpFrame, bytes, ip, ipv4Frame, tcp, vnet } from './packets.test.ts';

const a = '10.90.0.1';
const b = '10.90.0.2';

describe('peers appear and vanish', () => {
  it('and frames sent while they are being asked are not lost', () => {
    const lab = new Lab({ latency: 1 });
    const one = lab.host(1);
    const two = lab.host(2);
    one.poll(0);
    two.poll(0);
    one.poll(0);
    assert.equal(one.state(2), 'negotiating');
    const first = arp(1, one.mac, a, b);
    assert.equal(one.send(arpFrame(one, everybody, first)), 'sent');
    assert.equal(
      one.send(ipv4Frame(one, two.mac, tcp(a, b, bytes(9), { partial: true })), vnet(1, 0, 0, 0, 34, 16)),
      'sent',
    );
    lab.run(100);
    assert.equal(one.state(2), 'push');
    assert.deepEqual(
      two.received.map((frame) => frame.datagram),
      [first, tcp(a, b, bytes(9))],
    );
  });

  it('and what was on its way to one that vanished is freed; one that comes back is new', () => {
    const { lab, one, two } = pair({}, { latency: 1 });
    for (let i = 0; i < 20; i++) one.send(ipv4Frame(one, two.mac, ip(a, b, 17, bytes(5000))));
    two.port[Symbol.dispose]();
    lab.hosts.splice(lab.hosts.indexOf(two), 1);
    lab.run(10);
    assert.equal(one.state(2), 'none');
    assert.equal(one.send(ipv4Frame(one, two.mac, ip(a, b, 17, bytes(5)))), 'dropped');
    const again = lab.host(2, { hostName: 'again' });
    lab.run(100);
    const [peer] = one.link.snapshot().peers;
    assert.equal(peer?.hostName, 'again');
    assert.equal(peer?.counters['txPackets'], 0);
    assert.equal(peer?.queued, 0);
    one.send(ipv4Frame(one, again.mac, ip(a, b, 17, bytes(5))));
    lab.run(10);
    assert.equal(again.received.length, 1);
  });

  it('and go through every slab again and again without losing one', () => {
    const { lab, one, two } = pair({ slabs: 3 });
    for (let i = 0; i < 200; i++) {
      assert.equal(one.send(ipv4Frame(one, two.mac, ip(a, b, 17, bytes(60000)))), 'sent');
      assert.equal(one.send(ipv4Frame(one, everybody, ip(a, '10.90.0.255', 17, bytes(i)))), 'sent');
      lab.run(5);
    }
    assert.equal(two.received.length, 400);
  });

  it('at another LUN, too', () => {
    const lab = new Lab();
    const one = lab.host(1);
    const two = lab.host(2, { lun: 3, features: strictFeatures });
    lab.run(50);
    assert.equal(one.state(2), 'push');
    one.send(ipv4Frame(one, two.mac, ip(a, b, 17, bytes(9))));
    lab.run();
    assert.equal(two.messages[0]?.cdb[1], 0x60);
    assert.equal(two.received.length, 1);
  });

  it('and are asked again when they are busy at first', () => {
    const lab = new Lab();
    const one = lab.host(1);
    let busy = 5;
    lab.host(2, {
      intercept: (command) => {
        if (busy-- <= 0) return false;
        command.complete(Status.busy);
        return true;
      },
    });
    lab.run(1000);
    assert.equal(one.state(2), 'push');
  });
});

describe('odd targets', () => {
  it('that never run out of unit attentions are asked once a second', () => {
    const lab = new Lab();
    const one = lab.host(1);
    const two = lab.host(2, {
      intercept: (command) => {
        const sense = { key: SenseKey.unitAttention, code: AdditionalSense.powerOnOccurred };
        command.complete(Status.checkCondition, encodeSense(sense));
        return true;
      },
    });
    lab.run(20_000);
    assert.equal(one.state(2), 'negotiating');
    assert.ok(two.seen.length < 50, `${two.seen.length} commands`);
  });

  it('that take short messages only get large frames in segments', () => {
    const lab = new Lab();
    const one = lab.host(1);
    const two = lab.host(2, {
      intercept: (command) => {
        if (command.cdb[0] !== 0x12 || command.cdb[2] !== 0xc0) return false;
        const features = featureBits(featureNames);
        const body = encodeExtensions({
          features,
          mac: labMac(2),
          mtu: 1500,
          maxMessage: 2048,
          hostName: '',
        });
        command.complete(Status.good, undefined, wholePage(body));
        return true;
      },
    });
    lab.run(50);
    const large = tcp(a, b, bytes(30000), { partial: true });
    one.send(ipv4Frame(one, two.mac, large), vnet(1, 1, 54, 1000, 34, 16));
    one.send(ipv4Frame(one, everybody, large), vnet(1, 1, 54, 1000, 34, 16));
    lab.run(5);
    assert.equal(two.received.length, 60);
    assert.ok(two.messages.every(({ dataOut }) => dataOut.length <= 2048));
  });
});

describe('command sets', () => {
  it('SEND, to a processor device with extensions', () => {
    const lab = new Lab();
    const one = lab.host(1);
    const two = lab.host(2, { processor: true });
    lab.run(50);
    one.send(ipv4Frame(one, two.mac, ip(a, b, 17, bytes(9))));
    lab.run();
    assert.deepEqual([...(two.messages.at(-1)?.cdb ?? [])], [0x0a, 0, 0, 0, 16 + 29, 0]);
    assert.equal(two.received.length, 1);
  });

  it('no datagram, to a processor device without: it may be an enclosure', () => {
    const lab = new Lab();
    const one = lab.host(1);
    const two = lab.host(2, { processor: true, features: strictFeatures });
    lab.run(50);
    assert.equal(one.state(2), 'refused');
    assert.equal(one.send(ipv4Frame(one, two.mac, ip(a, b, 17, bytes(9)))), 'dropped');
    assert.equal(one.counters(2)['drops.refused'], 1);
    assert.equal(two.messages.length, 0);
  });

  const invalidOpcode = encodeSense({
    key: SenseKey.illegalRequest,
    code: AdditionalSense.invalidCommandOperationCode,
  });

  it('the first data-out is as long as the largest datagram, and meets no unit attention', () => {
    const lab = new Lab();
    lab.host(1);
    const two = lab.host(2);
    lab.run(50);
    const opcodes = two.seen.map(({ cdb }) => cdb[0]);
    assert.deepEqual(opcodes.slice(opcodes.lastIndexOf(0x12) + 1), [0x00, 0x00, 0xaa]);
    assert.deepEqual(
      two.messages.map(({ dataOut }) => dataOut.length),
      [66_048],
    );
  });

  it('WRITE BUFFER, where the carrier lets short SEND MESSAGE(12)s through alone', () => {
    const lab = new Lab();
    const one = lab.host(1);
    const two = lab.host(2, {
      intercept: (command) => {
        if (command.cdb[0] !== 0xaa || command.dataOut.length < 2000) return false;
        command.complete(Status.checkCondition, invalidOpcode);
        return true;
      },
    });
    lab.run(50);
    two.seen.length = 0;
    one.send(ipv4Frame(one, two.mac, ip(a, b, 17, bytes(9))));
    lab.run();
    assert.equal(two.messages[0]?.cdb[0], 0x3b);
  });

  it('SEND MESSAGE(12), where nothing long gets through', () => {
    const lab = new Lab();
    const one = lab.host(1);
    const two = lab.host(2, {
      intercept: (command) => {
        if (command.dataOut.length < 2000) return false;
        command.complete(Status.checkCondition, invalidOpcode);
        return true;
      },
    });
    lab.run(50);
    assert.equal(one.state(2), 'push');
    two.seen.length = 0;
    one.send(ipv4Frame(one, two.mac, ip(a, b, 17, bytes(9))));
    lab.run();
    assert.equal(two.messages[0]?.cdb[0], 0xaa);
  });

  it('WRITE BUFFER, where the carrier does not let SEND MESSAGE(12) through', () => {
    const lab = new Lab();
    const one = lab.host(1);
    const two = lab.host(2, {
      intercept: (command) => {
        if (command.cdb[0] !== 0xaa) return false;
        command.complete(Status.checkCondition, invalidOpcode);
        return true;
      },
    });
    lab.run(50);
    assert.equal(one.state(2), 'push');
    two.seen.length = 0;
    one.send(ipv4Frame(one, two.mac, ip(a, b, 17, bytes(9))));
    lab.run();
    assert.deepEqual([...(two.messages[0]?.cdb ?? [])], [0x3b, 2, 0x49, 0, 0x49, 0x58, 0, 0, 45, 0]);
    assert.equal(two.received.length, 1);
  });
});
