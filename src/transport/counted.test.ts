import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ScriptedTarget } from '../../contract/scripted-target.ts';
import { Counters } from '../observe/counters.ts';
import { TaskManagement } from '../scsi/command.ts';
import { Status } from '../scsi/status.ts';
import { counted, portCounters } from './counted.ts';
import { MemoryBus } from './memory/bus.ts';
import { Task } from './task.ts';
import type { InitiatorNexus } from './transport.ts';

it('counts commands, bytes, statuses and faults, on both sides', async () => {
  const bus = new MemoryBus();
  const [ours, theirs] = [new Counters(portCounters), new Counters(portCounters)];
  const target = new ScriptedTarget();
  const port = counted(bus.attach(0), ours);
  const peer = counted(bus.attach(1, { target }), theirs);
  const run = () => {
    while (bus.poll() > 0);
  };
  run();
  const nexus = port.targets.get(1) as InitiatorNexus;
  nexus.submit(new Task().setDataOut(new Uint8Array(1000)));
  run();
  target.answer = (command) => command.complete(Status.good, undefined, new Uint8Array(50));
  nexus.submit(new Task().setDataIn(new Uint8Array(36)));
  run();
  target.answer = (command) => command.complete(0x77 as Status);
  nexus.submit(new Task());
  run();
  nexus.submit(new Task().setDataOut(new Uint8Array(nexus.limits.maxDataOut + 1)));
  run();
  target.answer = target.hold;
  nexus.submit(new Task());
  nexus.submit(new Task());
  run();
  const response = nexus.manage(TaskManagement.targetReset, 0);
  run();
  await response;
  nexus.submit(new Task());
  run();
  peer[Symbol.dispose]();
  run();
  target.take().complete(Status.good); // nobody hears of it, so it does not count

  const counts = (counters: Counters<(typeof portCounters)[number]>) =>
    Object.fromEntries(Object.entries(counters.snapshot()).filter(([, value]) => value > 0));
  assert.deepEqual(counts(ours), {
    commands: 7,
    bytesOut: 1000,
    bytesIn: 36,
    management: 1,
    'status.good': 2,
    'status.other': 1,
    'fault.nexus-lost': 1,
    'fault.aborted': 2,
    'fault.too-large': 1,
  });
  assert.deepEqual(counts(theirs), {
    'served.commands': 6,
    'served.bytesOut': 1000,
    'served.bytesIn': 36,
    'served.management': 1,
    'served.abandoned': 2,
    'served.status.good': 2,
    'served.status.other': 1,
  });
});
