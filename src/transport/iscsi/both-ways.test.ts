import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Command } from '../../scsi/command.ts';
import { Status } from '../../scsi/status.ts';
import { Task } from '../task.ts';
import { Echo, nameOf, nexusTo, portOf, servingPort, until } from './testing-ports.ts';

const size = 1 << 20;
const bytes = new Uint8Array(size);

/** Takes whatever is written, and gives as much as is wanted. */
class Full extends Echo {
  override command(command: Command): void {
    if (command.dataOutLength > 0) command.complete(Status.good);
    else command.complete(Status.good, undefined, bytes, 0, size);
  }
}

it('much data both ways at once: neither side waits until the other has had its say', () => {
  // Both must have more to say than either takes before it listens.
  const tcp = { sendBuffer: 64 * 1024, receiveBuffer: 64 * 1024 };
  const wishes = { InitialR2T: false, FirstBurstLength: size, MaxBurstLength: size };
  const serving = servingPort(2, new Full(), { tcp, wishes });
  using target = serving.port;
  using port = portOf(1, { tcp, wishes });
  port.reach(2, { portal: serving.portal, target: nameOf(2) });
  until([port, target], 'the target is there', () => port.targets.has(2));
  const nexus = nexusTo(port, 2);
  const faults: unknown[] = [];
  for (let i = 0; i < 40; i++) {
    const task = new Task().setCdb(new Uint8Array(6));
    if (i % 2 === 0) task.setDataOut(bytes);
    else task.setDataIn(new Uint8Array(size));
    task.done = () => faults.push(task.fault);
    assert.ok(nexus.submit(task));
  }
  nexus.kick();
  until([port, target], 'all commands end', () => faults.length === 40);
  assert.ok(faults.every((fault) => fault === undefined));
});
