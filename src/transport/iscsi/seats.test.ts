import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { IscsiPort } from './port.ts';
import { Echo, nameOf, portOf, servingPort, until } from './testing-ports.ts';

describe('the SCSI IDs of initiators', () => {
  /** A target, and a way to log in. */
  function stage(options: Parameters<typeof portOf>[1]) {
    const echo = new Echo();
    const serving = servingPort(2, echo, options);
    const ports: IscsiPort[] = [serving.port];
    const enter = (id: number, name = nameOf(id)) => {
      const port = portOf(-1, { name });
      ports.push(port);
      port.reach(2, { portal: serving.portal, target: nameOf(2) });
      return port;
    };
    const close = () => {
      for (const port of ports) port[Symbol.dispose]();
    };
    return { echo, enter, ports, target: serving.port, [Symbol.dispose]: close };
  }

  it('come from idOf; whom it does not know is refused and counted', () => {
    const ids = new Map([
      [nameOf(5), 5],
      [nameOf(6), 6],
    ]);
    using s = stage({ idOf: (name, address) => (address === '127.0.0.1' ? ids.get(name) : undefined) });
    const five = s.enter(5);
    const stranger = s.enter(7);
    until(s.ports, 'one is in, one is not', () => five.targets.has(2) && s.target.counters.refused > 1);
    assert.deepEqual(
      s.echo.nexuses.map((nexus) => nexus.initiator),
      [5],
    );
    assert.ok(!stranger.targets.has(2));
  });

  it('belong to one host: its new session ends the old one before it begins', () => {
    using s = stage({ idOf: () => 4 });
    const old = s.enter(4);
    until(s.ports, 'it is in', () => old.targets.has(2));
    const again = s.enter(4);
    until(s.ports, 'the new one is in', () => again.targets.has(2));
    assert.equal(s.echo.lost[0], s.echo.nexuses[0]);
    assert.ok(s.echo.nexuses.length >= 2);
    for (const nexus of s.echo.nexuses) assert.equal(nexus.initiator, 4);
  });

  it('are not taken from one host by another', () => {
    using s = stage({ idOf: () => 4 });
    const four = s.enter(4);
    until(s.ports, 'it is in', () => four.targets.has(2));
    const other = s.enter(5);
    until(s.ports, 'the other was refused', () => s.target.counters.refused > 0);
    assert.equal(s.echo.nexuses.length, 1);
    four[Symbol.dispose]();
    until(s.ports, 'the other is in, now that it is free', () => other.targets.has(2));
  });

  it('are free ones otherwise, from the highest down, one for each session', () => {
    using s = stage({});
    const all = [1, 1, 3].map((id) => s.enter(id));
    until(s.ports, 'all are in', () => all.every((port) => port.targets.has(2)));
    assert.deepEqual(s.echo.nexuses.map((nexus) => nexus.initiator).sort(), [5, 6, 7]);
    const more = [4, 5, 6, 7].map((id) => s.enter(id));
    until(s.ports, 'the bus is full', () => more.every((port) => port.targets.has(2)));
    s.enter(8);
    until(s.ports, 'no ID is left', () => s.target.counters.refused > 0);
    assert.equal(new Set(s.echo.nexuses.map((nexus) => nexus.initiator)).size, 7, 'all but our own');
  });
});
