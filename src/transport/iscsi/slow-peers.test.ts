import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Status } from '../../scsi/status.ts';
import { Task } from '../task.ts';
import { Echo, nameOf, nexusTo, portOf, servingPort, until } from './testing-ports.ts';

describe('a peer that does not read', () => {
  it('gets everything in the end, in pieces', () => {
    const tcp = { sendBuffer: 16384, receiveBuffer: 16384 };
    const serving = servingPort(2, new Echo(), { tcp });
    using target = serving.port;
    using port = portOf(1, { tcp });
    port.reach(2, { portal: serving.portal, target: nameOf(2) });
    until([port, target], 'it is in', () => port.targets.has(2));
    const size = 300_001;
    const data = Uint8Array.from({ length: size }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24);
    let left = 3;
    for (let i = 0; i < 3; i++) {
      const task = new Task().setCdb(new Uint8Array(6)).setDataOut(data).setDataIn(new Uint8Array(size));
      task.done = () => {
        assert.equal(task.status, Status.good);
        assert.ok(Buffer.from(task.dataIn).equals(data));
        left--;
      };
      assert.ok(nexusTo(port, 2).submit(task));
    }
    nexusTo(port, 2).kick();
    until([port, target], 'all have ended', () => left === 0);
  });

  it('is not read from: what it asks for does not pile up', () => {
    const tcp = { sendBuffer: 65536, receiveBuffer: 65536 };
    const echo = new Echo();
    const serving = servingPort(2, echo, { tcp });
    using target = serving.port;
    using port = portOf(1, { tcp, depth: 24 });
    port.reach(2, { portal: serving.portal, target: nameOf(2) });
    until([port, target], 'it is in', () => port.targets.has(2));
    const big = new Uint8Array(1 << 19);
    echo.command = (command) => {
      echo.commands++;
      command.complete(Status.good, undefined, big);
    };
    const tasks = Array.from({ length: 24 }, () =>
      new Task().setCdb(new Uint8Array(6)).setDataIn(new Uint8Array(1 << 19)),
    );
    let left = tasks.length;
    for (const task of tasks) {
      task.done = () => left--;
      assert.ok(nexusTo(port, 2).submit(task));
      nexusTo(port, 2).kick();
      for (let i = 0; i < 10; i++) target.poll();
    }
    assert.ok(
      echo.commands < 16,
      `${echo.commands} commands of 512 KiB were carried out for somebody who does not read`,
    );
    until([port, target], 'all have ended', () => left === 0);
  });
});
