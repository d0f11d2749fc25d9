import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ScriptedTarget } from '../../contract/scripted-target.ts';
import { hex } from '../bytes/hex.ts';
import { TaskManagement } from '../scsi/command.ts';
import { describeCdb, describeSense } from '../scsi/describe.ts';
import { Status } from '../scsi/status.ts';
import { MemoryBus } from './memory/bus.ts';
import { Task } from './task.ts';
import { traced } from './trace.ts';
import type { InitiatorNexus } from './transport.ts';

const cdbs = [
  hex`2a 00 0000 0000 00 0054 00`,
  hex`ff 00 00 00 00 00`,
  hex`12 00 00 0024 00`,
  new Uint8Array(6),
];
const sense = hex`70 00 05 00000000 0a 00000000 20 00 00 000000`;

it('traces a conversation, as its initiator and its target see it', async () => {
  const bus = new MemoryBus({ name: 'lab', latency: 0.25 });
  const lines: string[] = [];
  const trace = { sink: (line: string) => lines.push(line), clock: bus.clock };
  const target = new ScriptedTarget();
  const port = traced(bus.attach(3), trace);
  traced(bus.attach(5, { target }), trace);
  const run = () => {
    while (bus.poll() > 0);
  };
  run();
  const nexus = port.targets.get(5) as InitiatorNexus;
  assert.deepEqual(lines, []);

  const [write, vendor, ask, test] = cdbs.map((cdb) => new Task().setCdb(cdb)) as [Task, Task, Task, Task];
  nexus.submit(write.setDataOut(new Uint8Array(84)));
  run();
  target.answer = (command) => command.complete(Status.checkCondition, sense);
  nexus.submit(vendor);
  run();
  target.answer = (command) => command.complete(Status.good, undefined, new Uint8Array(1));
  nexus.submit(ask.setDataIn(new Uint8Array(36)));
  run();
  target.answer = target.hold;
  nexus.submit(test);
  run();
  const response = nexus.manage(TaskManagement.abortTask, 0, test);
  run();
  await response;
  nexus.submit(test);
  run();
  port[Symbol.dispose]();
  const [sent, unknown, inquiry, ready] = cdbs.map((cdb) => describeCdb(cdb));
  const refusal = `CHECK CONDITION: ${describeSense(sense)}`;
  assert.deepEqual(lines, [
    `0.000 lab 3 > 5 #1 ${sent}, lun 0, 84 bytes out`,
    `0.250 lab 5 < 3 tag 0 ${sent}, lun 0, 84 bytes out`,
    '0.250 lab 5 < 3 tag 0 = GOOD',
    '0.500 lab 3 > 5 #1 = GOOD, after 0.500 ms',
    `0.500 lab 3 > 5 #2 ${unknown}, lun 0`,
    `0.750 lab 5 < 3 tag 0 ${unknown}, lun 0`,
    `0.750 lab 5 < 3 tag 0 = ${refusal}`,
    `1.000 lab 3 > 5 #2 = ${refusal}, after 0.500 ms`,
    `1.000 lab 3 > 5 #3 ${inquiry}, lun 0, room for 36 bytes`,
    `1.250 lab 5 < 3 tag 0 ${inquiry}, lun 0, room for 36 bytes`,
    '1.250 lab 5 < 3 tag 0 = GOOD, 1 byte in',
    '1.500 lab 3 > 5 #3 = GOOD, 1 byte in, residual 35, after 0.500 ms',
    `1.500 lab 3 > 5 #4 ${ready}, lun 0`,
    `1.750 lab 5 < 3 tag 0 ${ready}, lun 0`,
    '1.750 lab 3 > 5 abortTask, lun 0',
    '2.000 lab 5 < 3 tag 0 = abandoned',
    '2.000 lab 5 < 3 abortTask, lun 0 = complete',
    '2.250 lab 3 > 5 #4 = aborted, after 0.750 ms',
    `2.250 lab 3 > 5 #5 ${ready}, lun 0`,
    `2.500 lab 5 < 3 tag 0 ${ready}, lun 0`,
    '2.500 lab 3 > 5 #5 = closed, after 0.250 ms',
  ]);
});
