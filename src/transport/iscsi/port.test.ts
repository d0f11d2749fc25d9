import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EPOLLIN, Epoll } from '../../sys/epoll.ts';
import {
  descriptors,
  Echo,
  nameOf,
  nexusTo,
  portOf,
  run,
  servingPort,
  testUnitReady,
  until,
} from './testing-ports.ts';

describe('an iSCSI port without an event loop', () => {
  it('connects, talks both ways, and leaves no descriptor behind', () => {
    const before = descriptors();
    {
      using two = servingPort(2).port;
      using one = servingPort(1).port;
      one.reach(2, { portal: `127.0.0.1:${two.portals[0]?.port}`, target: nameOf(2) });
      two.reach(1, { portal: `127.0.0.1:${one.portals[0]?.port}`, target: nameOf(1) });
      until([one, two], 'both see the other', () => one.targets.has(2) && two.targets.has(1));
      run([one, two], nexusTo(one, 2), testUnitReady());
      run([one, two], nexusTo(two, 1), testUnitReady());
      assert.equal((one.target as Echo).nexuses[0]?.initiator, 2, 'the ID by which we reach it');
      assert.equal((two.target as Echo).nexuses[0]?.initiator, 1);
      assert.equal(one.counters.connects, 1);
      assert.equal(two.counters.logins, 1);
      assert.equal(two.counters.commands, 1);
    }
    assert.equal(descriptors(), before);
  });

  it('can be slept on by its descriptor: connections, answers, deadlines', () => {
    const serving = servingPort(2, new Echo(), { timeouts: { ping: 0 } });
    using target = serving.port;
    using port = portOf(1, { timeouts: { ping: 30, pong: 60 } });
    using epoll = new Epoll();
    epoll.add(port.fd, EPOLLIN, 0);
    epoll.add(target.fd, EPOLLIN, 1);
    port.reach(2, { portal: serving.portal, target: nameOf(2) });
    const round = () => {
      if (port.poll() + target.poll() > 0) return;
      if (port.arm(true) && target.arm(true)) assert.ok(epoll.wait(5000) > 0, 'it wakes');
      port.disarm();
      target.disarm();
    };
    const drive = (isSo: () => boolean) => {
      for (let i = 0; !isSo(); i++) {
        assert.ok(i < 1000, 'it wakes for something');
        round();
      }
    };
    drive(() => port.targets.has(2));
    const task = testUnitReady();
    let ended = false;
    task.done = () => {
      ended = true;
    };
    assert.ok(nexusTo(port, 2).submit(task));
    drive(() => ended);
    // Silence: it asks whether the target is there, and gives it up, woken by its timer alone.
    const nexus = nexusTo(port, 2);
    for (let i = 0; nexus.alive; i++) {
      assert.ok(i < 100);
      assert.ok(port.wait(Number.POSITIVE_INFINITY));
      port.poll();
    }
  });

  it('may be closed, and polled, from within a callback', () => {
    const before = descriptors();
    for (const whose of ['initiator', 'target'] as const) {
      const echo = new Echo();
      const serving = servingPort(2, echo);
      const port = portOf(1);
      const ports = { initiator: port, target: serving.port };
      port.reach(2, { portal: serving.portal, target: nameOf(2) });
      until([port, serving.port], 'it sees the target', () => port.targets.has(2));
      const closing = () => {
        assert.equal(ports[whose].poll(), 0);
        ports[whose][Symbol.dispose]();
      };
      const tasks = Array.from({ length: 8 }, testUnitReady);
      let ended = 0;
      for (const task of tasks) task.done = () => ended++ === 0 && whose === 'initiator' && closing();
      if (whose === 'target') echo.command = closing;
      for (const task of tasks) assert.ok(nexusTo(port, 2).submit(task));
      nexusTo(port, 2).kick();
      until([serving.port, port], 'all have ended', () => ended === tasks.length);
      for (const one of Object.values(ports)) one[Symbol.dispose]();
    }
    assert.equal(descriptors(), before);
  });

  it('does not wake when it is idle', () => {
    const serving = servingPort(2);
    using port = portOf(1);
    using target = serving.port;
    port.reach(2, { portal: serving.portal, target: nameOf(2) });
    until([port, target], 'it sees the target', () => port.targets.has(2));
    until([port, target], 'silence', () => port.poll() + target.poll() === 0);
    assert.equal(port.wait(50), false);
    assert.equal(target.wait(50), false);
  });

  it('fails what cannot be: no portal, one secret both ways, an ID twice, a name without an address', () => {
    using port = portOf(1);
    assert.throws(() => port.reach(2, { target: nameOf(2) }), RangeError);
    const own = { name: 'b', secret: 'the same secret' };
    const chap = { ...own, name: 'a', target: own };
    assert.throws(() => port.reach(2, { portal: '127.0.0.1:1', target: nameOf(2), chap }), /two different/);
    port.reach(2, { portal: '127.0.0.1:1', target: nameOf(2) });
    assert.throws(() => port.reach(2, { portal: '127.0.0.1:1', target: nameOf(2) }), RangeError);
    assert.throws(() => port.listen('nowhere.example:1'), RangeError);
    assert.throws(() => port.listen('192.0.2.1:1'), { code: 'EADDRNOTAVAIL' });
  });
});
