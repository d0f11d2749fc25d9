/** Peers without room: who waits, for how long, and what is dropped. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Command } from '../scsi/command.ts';
import { AdditionalSense, SenseKey } from '../scsi/sense.ts';
import { encodeSense } from '../scsi/sense-data.ts';
import { Status } from '../scsi/status.ts';
import { everybody, Lab, type LabHost, pair } from './lab.test.ts';
import { bytes, ip, ipv4Frame, tcp, vnet } from './packets.test.ts';

const a = '10.90.0.1';
const b = '10.90.0.2';
const isMessage = (command: Command) => command.cdb[0] === 0xaa || command.cdb[0] === 0x2a;
const lengths = (host: LabHost) => host.received.map((frame) => frame.datagram.length);

describe('flow control', () => {
  const stalling = (slabs: number) => {
    const lab = new Lab({ depth: 4 });
    const one = lab.host(1, { slabs });
    const two = lab.host(2);
    const three = lab.host(3);
    lab.run(50);
    two.stopped = true;
    return { lab, one, two, three };
  };

  it('a peer that is stopped holds up the interface once, for 2 ms, and then nobody', () => {
    const { lab, one, two, three } = stalling(8);
    const toTwo = () => one.send(ipv4Frame(one, two.mac, ip(a, b, 17, bytes(3000))));
    for (let i = 0; i < 4; i++) assert.equal(toTwo(), 'sent');
    assert.equal(toTwo(), 'full');
    assert.equal(one.link.retryAt, lab.bus.clock.now() + 2);
    assert.ok(one.link.waiting);
    lab.run(1);
    assert.equal(toTwo(), 'full');
    lab.run(1.1);
    assert.equal(toTwo(), 'dropped');
    assert.equal(one.link.retryAt, Number.POSITIVE_INFINITY);
    for (let i = 0; i < 100; i++) assert.equal(toTwo(), 'dropped');
    assert.equal(one.counters(2)['stalls'], 1);
    assert.equal(one.counters(2)['drops.stalled'], 100);
    for (let i = 0; i < 50; i++) {
      assert.equal(one.send(ipv4Frame(one, three.mac, ip(a, '10.90.0.3', 17, bytes(3000)))), 'sent');
      lab.run();
    }
    assert.equal(three.received.length, 50);
    two.stopped = false;
    lab.run(5);
    assert.deepEqual(lengths(two), [3020, 3020, 3020, 3020], 'it catches up');
    assert.equal(toTwo(), 'sent');
    lab.run(5);
    assert.equal(two.received.length, 5);
  });

  it('a frame that is held is sent as soon as there is room', () => {
    const { lab, one, two } = stalling(8);
    const datagram = ip(a, b, 17, bytes(3000));
    for (let i = 0; i < 4; i++) one.send(ipv4Frame(one, two.mac, datagram));
    const place = one.link.frame();
    assert.ok(place);
    assert.equal(one.send(ipv4Frame(one, two.mac, datagram)), 'full');
    assert.equal(one.link.frame(), place);
    two.stopped = false;
    lab.run(1);
    assert.equal(one.link.transmit(place, 24 + datagram.length), 'sent');
    lab.run(1);
    assert.equal(two.received.length, 5);
    assert.deepEqual(two.received[4]?.datagram, datagram);
  });

  it('a slow peer has half of the time at most, when there are others', () => {
    const { lab, one, two, three } = stalling(8);
    const to = (host: LabHost) => one.send(ipv4Frame(one, host.mac, ip(a, b, 17, bytes(3000))));
    // Two takes one command every 1.5 ms, and is sent as many as will go.
    let served = 0;
    let turns = 0;
    const end = lab.bus.clock.now() + 300;
    const patience = () => {
      two.stopped = turns++ % 15 !== 0;
      lab.run(0.1);
    };
    while (lab.bus.clock.now() < end) {
      while (to(two) === 'full') patience();
      if (to(three) === 'sent') served++;
      patience();
    }
    assert.ok(served > 1000, `${served} of at most 3000 in 300 ms`);
    assert.ok(Number(one.counters(2)['txPackets']) > 150);
  });

  it('one peer alone is waited for as often as it takes', () => {
    const { lab, one, two } = stalling(8);
    const to = () => one.send(ipv4Frame(one, two.mac, ip(a, b, 17, bytes(3000))));
    for (let turns = 0; turns < 3000; turns++) {
      to();
      two.stopped = turns % 15 !== 0;
      lab.run(0.1);
    }
    assert.equal(one.counters(2)['drops.full'], 0);
    assert.equal(one.counters(2)['drops.stalled'], 0);
  });

  it('stalled peers never get all the memory', () => {
    const lab = new Lab({ depth: 64, width: 16 });
    const one = lab.host(1, { slabs: 8 });
    const others = [2, 3, 4, 5].map((id) => lab.host(id));
    const good = lab.host(9);
    lab.run(50);
    for (const host of others) host.stopped = true;
    for (let round = 0; round < 200; round++) {
      for (const host of others) one.send(ipv4Frame(one, host.mac, ip(a, b, 17, bytes(60000))));
      one.send(ipv4Frame(one, everybody, ip(a, '255.255.255.255', 17, bytes(100))));
      lab.run(0.5);
    }
    good.received.length = 0;
    for (let i = 0; i < 20; i++) {
      assert.equal(one.send(ipv4Frame(one, good.mac, ip(a, b, 17, bytes(60000)))), 'sent');
      lab.run(0.1);
    }
    assert.equal(good.received.length, 20);
  });

  it('nor do they one after another', () => {
    const lab = new Lab({ depth: 256, width: 64 });
    const one = lab.host(1, { slabs: 32 });
    const others = Array.from({ length: 20 }, (_, i) => lab.host(i + 2));
    const good = lab.host(60);
    lab.run(50);
    for (const host of others) {
      host.stopped = true;
      let disposition = '';
      for (let i = 0; i < 2000 && disposition !== 'dropped'; i++) {
        disposition = one.send(ipv4Frame(one, host.mac, ip(a, b, 17, bytes(60000))));
        if (disposition === 'full') lab.run(1);
      }
      assert.equal(disposition, 'dropped');
    }
    for (let i = 0; i < 20; i++) {
      assert.equal(one.send(ipv4Frame(one, good.mac, ip(a, b, 17, bytes(60000)))), 'sent');
      lab.run(0.1);
    }
    assert.equal(good.received.length, 20);
    assert.equal(one.link.counters.get('memoryExhausted'), 0);
  });

  it('a peer that stops before it is known holds up the interface once', () => {
    const lab = new Lab();
    const one = lab.host(1);
    const two = lab.host(2);
    two.poll(0);
    two.stopped = true;
    lab.run(1);
    const toTwo = () => one.send(ipv4Frame(one, two.mac, ip(a, b, 17, bytes(30))));
    for (let i = 0; i < 128; i++) assert.equal(toTwo(), 'sent');
    assert.equal(toTwo(), 'full');
    lab.run(2.1);
    for (let i = 0; i < 50; i++) assert.equal(toTwo(), 'dropped');
    assert.equal(one.counters(2)['holds'], 1);
    assert.equal(one.counters(2)['drops.stalled'], 49);
    two.stopped = false;
    lab.run(50);
    assert.equal(two.received.length, 128);
    assert.equal(toTwo(), 'sent');
    lab.run(1);
    assert.equal(two.received.length, 129);
  });

  it('when all memory is in flight there is no frame to read into, and it is counted once', () => {
    const { lab, one, two } = pair({ slabs: 2 });
    two.stopped = true;
    let sent = 0;
    while (one.link.frame() && one.send(ipv4Frame(one, two.mac, ip(a, b, 17, bytes(60000)))) === 'sent')
      sent++;
    assert.ok(sent >= 1 && sent <= 4, `${sent}`);
    two.stopped = false;
    lab.run(5);
    assert.equal(two.received.length, sent);
    assert.ok(one.link.frame());
    assert.ok(one.link.counters.get('memoryExhausted') <= 1);
  });

  it('TASK SET FULL is tried again for 2 ms, then dropped and counted', () => {
    const { lab, one, two } = pair();
    let full = 3;
    two.intercept = (command) => {
      if (!isMessage(command) || full-- <= 0) return false;
      command.complete(Status.taskSetFull);
      return true;
    };
    one.send(ipv4Frame(one, two.mac, ip(a, b, 17, bytes(9))));
    lab.run(5);
    assert.equal(two.received.length, 1);
    assert.equal(one.counters(2)['retries'], 3);
    full = Number.POSITIVE_INFINITY;
    const before = lab.bus.clock.now();
    one.send(ipv4Frame(one, two.mac, ip(a, b, 17, bytes(9))));
    lab.run(5);
    assert.equal(one.counters(2)['drops.taskSetFull'], 1);
    assert.ok(Number(one.counters(2)['status.taskSetFull']) < 3 + 2 / 0.25 + 2, `${before}`);
    assert.equal(one.link.snapshot().peers[0]?.queued, 0);
  });

  it('a unit attention costs one retry, other refusals the frame', () => {
    const { lab, one, two } = pair();
    const answers = [
      SenseKey.unitAttention,
      SenseKey.unitAttention,
      SenseKey.unitAttention,
      SenseKey.hardwareError,
    ];
    two.intercept = (command) => {
      const key = isMessage(command) ? answers.shift() : undefined;
      if (key === undefined) return false;
      command.complete(Status.checkCondition, encodeSense({ key, code: AdditionalSense.powerOnOccurred }));
      return true;
    };
    const send = () => {
      one.send(ipv4Frame(one, two.mac, ip(a, b, 17, bytes(9))));
      lab.run(5);
      return two.received.length;
    };
    assert.equal(send(), 0, 'twice the same is once too often');
    assert.equal(one.counters(2)['drops.checkCondition'], 1);
    assert.equal(send(), 0);
    assert.equal(one.counters(2)['drops.checkCondition'], 2);
    assert.equal(send(), 1);
  });

  describe('what is refused for want of room keeps its place', () => {
    /** Two keeps what it is sent, until told how to answer; later commands pass. */
    const holding = (keep: number) => {
      const { lab, one, two } = pair();
      const kept: Command[] = [];
      two.intercept = (command) => {
        if (!isMessage(command) || keep-- <= 0) return false;
        kept.push(command);
        return true;
      };
      const send = (length: number) => one.send(ipv4Frame(one, two.mac, ip(a, b, 17, bytes(length))));
      return { lab, two, kept, send };
    };

    it('before what waits already', () => {
      const { lab, two, kept, send } = holding(2);
      for (const length of [3001, 3002]) send(length);
      lab.run(0);
      kept[0]?.complete(Status.taskSetFull);
      lab.run(0.1);
      send(3003);
      kept[1]?.complete(Status.taskSetFull);
      lab.run(5);
      assert.deepEqual(lengths(two), [3021, 3022, 3023]);
    });

    it('before what was waiting for company', () => {
      const { lab, two, kept, send } = holding(1);
      send(1);
      lab.run(0);
      send(2);
      kept[0]?.complete(Status.taskSetFull);
      lab.run(5);
      assert.deepEqual(lengths(two), [21, 22]);
    });
  });

  it('a large frame that has to be segmented waits until there is room for all of it', () => {
    const lab = new Lab({ depth: 4 });
    const one = lab.host(1);
    const two = lab.host(2, { features: [] });
    lab.run(50);
    two.stopped = true;
    const large = () =>
      one.send(
        ipv4Frame(one, two.mac, tcp(a, b, bytes(60000), { partial: true })),
        vnet(1, 1, 54, 1000, 34, 16),
      );
    assert.deepEqual([large(), large()], ['sent', 'sent']);
    assert.equal(large(), 'full');
    two.stopped = false;
    lab.run(1);
    assert.equal(large(), 'sent');
    lab.run(5);
    assert.equal(two.received.length, 180);
    assert.equal(one.counters(2)['drops.full'], 0);
  });
});
