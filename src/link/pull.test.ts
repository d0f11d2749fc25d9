/** Hosts that can only initiate fetch what is for them. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Status } from '../scsi/status.ts';
import { Task } from '../transport/task.ts';
import { everybody, Lab, labMac } from './lab.test.ts';
import { arp, arpFrame, bytes, ip, ipv4Frame } from './packets.test.ts';

const a = '10.90.0.1';
const b = '10.90.0.2';

describe('pull', () => {
  it('serves a host that can only initiate, which learns and is learned', () => {
    const lab = new Lab();
    const one = lab.host(1);
    const two = lab.host(2, { initiatorOnly: true, pull: 4, hostName: 'puller' });
    lab.run(50);
    assert.equal(one.state(2), 'pull');
    assert.equal(one.link.snapshot().peers[0]?.hostName, 'puller');
    const datagrams = [1, 2, 3, 4, 5, 6].map((n) => ip(a, b, 17, bytes(1000 * n)));
    for (const datagram of datagrams) assert.equal(one.send(ipv4Frame(one, two.mac, datagram)), 'sent');
    one.send(arpFrame(one, everybody, arp(1, one.mac, a, b)));
    two.send(ipv4Frame(two, one.mac, ip(b, a, 17, bytes(77))));
    lab.run(5);
    assert.deepEqual(
      two.received.map((frame) => frame.datagram),
      [...datagrams, arp(1, one.mac, a, b)],
    );
    assert.deepEqual(two.received[0]?.source, one.mac);
    assert.equal(one.received.length, 1);
    assert.equal(one.counters(2)['pullsServed'], 7);
    assert.equal(two.counters(1)['pulls'], 7);
  });

  it('leaves room to send where a target takes few commands at once', () => {
    const lab = new Lab({ depth: 4 });
    const one = lab.host(1);
    const two = lab.host(2, { initiatorOnly: true, pull: 8 });
    lab.run(50);
    assert.equal(one.state(2), 'pull');
    for (let n = 0; n < 20; n++) {
      assert.equal(two.send(ipv4Frame(two, one.mac, ip(b, a, 17, bytes(100 + n)))), 'sent');
      assert.equal(one.send(ipv4Frame(one, two.mac, ip(a, b, 17, bytes(200 + n)))), 'sent');
      lab.run(5);
    }
    assert.deepEqual([one.received.length, two.received.length], [20, 20]);
  });

  it('a host that fetches no more holds up the interface once', () => {
    const lab = new Lab();
    const one = lab.host(1);
    const two = lab.host(2, { initiatorOnly: true, pull: 4 });
    lab.run(50);
    two.stopped = true;
    const toTwo = () => one.send(ipv4Frame(one, two.mac, ip(a, b, 17, bytes(30))));
    for (let i = 0; i < 4 + 128; i++) assert.equal(toTwo(), 'sent');
    assert.equal(toTwo(), 'full');
    lab.run(2.1);
    for (let i = 0; i < 50; i++) assert.equal(toTwo(), 'dropped');
    assert.equal(one.counters(2)['holds'], 1);
    two.stopped = false;
    lab.run(50);
    assert.equal(two.received.length, 132);
    assert.equal(toTwo(), 'sent');
  });

  it('asks again soon when its GET MESSAGEs come back because they waited too long', () => {
    const lab = new Lab();
    const one = lab.host(1);
    const two = lab.host(2, { initiatorOnly: true, pull: 4 });
    lab.run(50);
    const isGet = (opcode: number) => opcode === 0x28 || opcode === 0xa8;
    let aborted = 0;
    one.intercept = (command) => {
      if (!isGet(command.cdb[0] ?? 0)) return false;
      aborted++;
      command.complete(Status.taskAborted);
      return true;
    };
    // One message for each that is outstanding, so that new ones are sent.
    const toTwo = () => one.send(ipv4Frame(one, two.mac, ip(a, b, 17, bytes(30))));
    for (let i = 0; i < 4; i++) toTwo();
    for (let i = 0; i < 100; i++) lab.run(1);
    assert.ok(aborted > 300, `${aborted} were tried`);
    one.intercept = undefined;
    const before = two.received.length;
    lab.run(3);
    toTwo();
    lab.run(3);
    assert.equal(two.received.length, before + 1);
  });

  it('gives a GET MESSAGE back that has waited for 10 to 20 s, since whoever sent it may have gone', () => {
    const lab = new Lab();
    const one = lab.host(1);
    const raw = lab.bus.attach(2);
    const ends: number[] = [];
    const get = () => {
      const task = new Task().setCdb(Uint8Array.of(0x28, 0, 0, 0, 0, 0, 0, 0, 64, 0));
      task.setDataIn(new Uint8Array(64));
      task.done = ({ status }) => ends.push(status);
      assert.ok(raw.targets.get(1)?.submit(task));
    };
    const run = (ms: number) => {
      raw.poll();
      lab.run(ms);
      raw.poll();
    };
    run(1);
    get(); // meets the unit attention of a new nexus
    run(1);
    assert.deepEqual(ends.splice(0), [Status.checkCondition]);
    get();
    run(11_000);
    get();
    assert.deepEqual(ends, []);
    run(9_100);
    assert.deepEqual(ends.splice(0), [Status.taskAborted], 'the older one');
    run(10_000);
    assert.deepEqual(ends.splice(0), [Status.taskAborted], 'the younger one');
    run(1);
    assert.equal(one.due, Number.POSITIVE_INFINITY, 'no timer is left');
  });

  it('serves GET MESSAGE(10) by the nibble, with bare datagrams', () => {
    const lab = new Lab();
    const one = lab.host(1);
    const raw = lab.bus.attach(2);
    const answers: Task[] = [];
    const get = (nibble: number, length: number) => {
      const task = new Task().setCdb(
        Uint8Array.of(0x28, 0, 0, 0, 0, nibble, 0, length >>> 8, length & 0xff, 0),
      );
      task.setDataIn(new Uint8Array(length));
      task.done = (ended) => answers.push(ended);
      assert.ok(raw.targets.get(1)?.submit(task));
      return task;
    };
    const run = () => {
      for (let i = 0; i < 10; i++) {
        raw.poll();
        lab.run(1);
      }
    };
    run();
    get(0, 100); // meets the unit attention of a new nexus
    run();
    assert.equal(answers.pop()?.status, Status.checkCondition);
    const forArp = get(6, 100);
    const forIp = get(0, 100);
    get(9, 100);
    run();
    assert.equal(answers.pop()?.status, Status.checkCondition, 'no EtherType has the nibble 9');
    const datagram = ip(a, b, 17, bytes(9));
    one.send(ipv4Frame(one, labMac(2), datagram));
    one.send(arpFrame(one, everybody, arp(1, one.mac, a, b)));
    run();
    assert.deepEqual(forIp.dataIn.slice(0, forIp.dataInTransferred), datagram);
    assert.deepEqual(forArp.dataIn.slice(0, forArp.dataInTransferred), arp(1, one.mac, a, b));
    one.send(ipv4Frame(one, labMac(2), ip(a, b, 17, bytes(500))));
    get(0, 100);
    run();
    assert.equal(one.counters(2)['drops.too-large'], 1, 'a datagram is not cut');
    assert.equal(answers.length, 2, 'and its GET MESSAGE waits on');
    raw[Symbol.dispose]();
    run();
    assert.equal(one.state(2), 'none');
  });

  it('keeps a bounded queue for who does not come to fetch', () => {
    const lab = new Lab();
    const one = lab.host(1);
    lab.host(2, { initiatorOnly: true });
    lab.run(50);
    const dispositions = new Set<string>();
    for (let i = 0; i < 300; i++)
      dispositions.add(one.send(ipv4Frame(one, labMac(2), ip(a, b, 17, bytes(9)))));
    assert.deepEqual([...dispositions], ['sent', 'full']);
    lab.run(5);
    assert.equal(one.send(ipv4Frame(one, labMac(2), ip(a, b, 17, bytes(9)))), 'dropped');
    assert.equal(one.link.snapshot().peers[0]?.queued, 128);
  });
});
