import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { closeDescriptor } from '../../sys/libc.ts';
import { listenTcp, localAddress } from '../../sys/socket.ts';
import { Echo, nameOf, nexusTo, portOf, run, servingPort, testUnitReady, until } from './testing-ports.ts';

describe('routes', () => {
  it('try portals in turn, whatever is wrong with some', () => {
    const serving = servingPort(2);
    using target = serving.port;
    const mute = listenTcp({ host: '127.0.0.1', port: 0 }); // takes connections, says nothing
    const closed = listenTcp({ host: '127.0.0.1', port: 0 });
    const { port: closedPort } = localAddress(closed);
    closeDescriptor(closed);
    using port = portOf(1, { timeouts: { login: 50 } });
    const portals = [
      'nowhere.example:3260',
      `127.0.0.1:${closedPort}`,
      `127.0.0.1:${localAddress(mute).port}`,
      serving.portal,
    ];
    port.reach(2, { portals, target: nameOf(2) });
    until([port, target], 'it sees the target', () => port.targets.has(2));
    assert.equal(port.counters.failedConnects, 3);
    closeDescriptor(mute);
  });

  it('say why a target is not reached: each reason once, until it is', () => {
    const free = listenTcp({ host: '127.0.0.1', port: 0 });
    const portal = `127.0.0.1:${localAddress(free).port}`;
    closeDescriptor(free);
    const said: unknown[] = [];
    using port = portOf(1, { logger: { log: (level, _event, facts) => said.push([level, facts?.['why']]) } });
    const portals = ['nowhere.example:3260', portal];
    port.reach(2, { portals, target: nameOf(2) });
    until([port], 'it tries again and again', () => port.counters.failedConnects === 6);
    const refused = ['warn', 'connect: ECONNREFUSED'];
    assert.deepEqual(said, [['warn', 'nowhere.example: no address is known'], refused]);
    const serving = portOf(2, { served: { redirect: { address: portal } } });
    serving.target = new Echo();
    serving.listen(portal);
    until([port, serving], 'it is sent elsewhere', () => said.length === 3);
    assert.match(String(said[2]), /moved/i);
    serving[Symbol.dispose]();
    using target = portOf(2);
    target.target = new Echo();
    target.listen(portal);
    until([port, target], 'it sees the target', () => port.targets.has(2));
    target[Symbol.dispose]();
    until([port], 'it says so again', () => said.length > 3 && String(said.at(-1)) === String(refused));
  });

  it('are tried at once when the target itself logs in', () => {
    const free = listenTcp({ host: '127.0.0.1', port: 0 });
    const portal = `127.0.0.1:${localAddress(free).port}`;
    closeDescriptor(free);
    const serving = servingPort(1, new Echo(), { retry: { first: 3_600_000, most: 3_600_000 } });
    using early = serving.port;
    early.reach(2, { portal, target: nameOf(2) });
    until([early], 'it finds nobody', () => early.counters.failedConnects === 1);
    using late = portOf(2);
    late.target = new Echo();
    late.listen(portal);
    late.reach(1, { portal: serving.portal, target: nameOf(1) });
    until([early, late], 'both see each other', () => early.targets.has(2) && late.targets.has(1));
  });

  it('ask for the addresses of names each time', () => {
    const serving = servingPort(2);
    using target = serving.port;
    const asked: string[] = [];
    let addresses: readonly string[] = [];
    using port = portOf(1, {
      resolve: (host) => {
        asked.push(host);
        return addresses;
      },
    });
    port.reach(2, { portal: `beta.example:${serving.tcp}`, target: nameOf(2) });
    until([port], 'it asks', () => asked.length === 3);
    assert.ok(port.counters.failedConnects >= 2);
    addresses = ['::1', '127.0.0.1']; // nobody listens at the first
    until([port, target], 'it sees the target', () => port.targets.has(2));
    assert.deepEqual([...new Set(asked)], ['beta.example']);
  });

  it('follow a target that has moved, but not in circles (§11.13.5)', () => {
    const there = servingPort(2);
    using target = there.port;
    const redirect = { address: `${there.portal},1` };
    const old = servingPort(2, new Echo(), { served: { redirect } });
    using before = old.port;
    using port = portOf(1);
    port.reach(2, { portal: old.portal, target: nameOf(2) });
    until([port, target, before], 'it sees the target', () => port.targets.has(2));
    assert.equal(target.counters.logins, 1);
    const round = servingPort(3, new Echo(), { served: { redirect: { address: old.portal } } });
    using circle = round.port;
    port.reach(3, { portal: round.portal, target: nameOf(3) });
    until([port, before, circle], 'it tries again and again', () => circle.counters.failedLogins > 3);
    assert.ok(!port.targets.has(3));
  });

  it('come back with another session when a target restarts, which is another nexus', () => {
    const first = servingPort(2);
    using port = portOf(1);
    port.reach(2, { portal: first.portal, target: nameOf(2) });
    const { port: target } = first;
    until([port, target], 'it sees the target', () => port.targets.has(2));
    const nexus = nexusTo(port, 2);
    const task = testUnitReady();
    let fault: string | undefined;
    task.done = () => {
      fault = task.fault;
    };
    target[Symbol.dispose]();
    assert.ok(nexus.submit(task));
    until([port], 'the nexus is lost', () => !port.targets.has(2) && fault !== undefined);
    assert.ok(fault === 'nexus-lost' || fault === 'selection-timeout', fault);
    using again = portOf(2);
    again.target = new Echo();
    again.listen(first.portal);
    until([port, again], 'it is back', () => port.targets.has(2));
    assert.notEqual(nexusTo(port, 2), nexus);
    assert.equal(port.counters.reconnects, 1);
    run([port, again], nexusTo(port, 2), testUnitReady());
  });
});
