/** Two hosts on a bus in memory: one answers INQUIRY, the other asks. */

import assert from 'node:assert/strict';
import type { Target } from '../src/scsi/command.ts';
import { Status } from '../src/scsi/status.ts';
import { MemoryBus } from '../src/transport/memory/bus.ts';
import { execute } from '../src/transport/transport.ts';

const inquiry = 0x12;
const identity = new TextEncoder().encode('\x09\x00\x02\x02\x1f\x00\x00\x00ipscsi  example         1.0 ');

const target: Target = {
  command(command) {
    if (command.cdb[0] === inquiry) command.complete(Status.good, undefined, identity);
    else command.complete(Status.busy);
  },
  manage: () => 0,
  nexusEstablished: (nexus) => console.log(`target: ${nexus.name} is there`),
  nexusLost: (nexus) => console.log(`target: ${nexus.name} is gone`),
};

const bus = new MemoryBus({ name: 'lab', latency: 0.25 });
bus.attach(5, { target });
const port = bus.attach(3);
while (bus.poll() > 0); // until nothing happens any more: each has seen who is there
const nexus = port.targets.get(5);
assert.ok(nexus);

const answer = execute(nexus, { cdb: Uint8Array.of(inquiry, 0, 0, 0, 96, 0), dataIn: 96 });
while (bus.poll() > 0);
const { status, dataIn, residual } = await answer;
assert.deepEqual([status, dataIn.length, residual], [Status.good, 36, 60]);
console.log(`initiator: ${new TextDecoder().decode(dataIn.subarray(8))}, after ${bus.clock.now()} ms`);

port[Symbol.dispose]();
while (bus.poll() > 0);
