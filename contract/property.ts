/** The law: whatever is asked in whatever order, each task gets exactly its own answer. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import type { Command } from '../src/scsi/command.ts';
import { Status } from '../src/scsi/status.ts';
import { Probe, pattern, type Stage, sameBytes, stage } from './stage.ts';
import type { OpenTransport } from './transport.ts';

const size = fc.oneof(fc.nat(64), fc.nat(4096), fc.nat(70_000));
const step = fc.record(
  {
    out: fc.boolean(),
    size,
    status: fc.constantFrom(...Object.values(Status)),
    senseLength: fc.nat(252),
    /** Rounds that the target keeps it. */
    hold: fc.nat(4),
    /** Rounds before the next is submitted. */
    gap: fc.nat(2),
  },
  { noNullPrototype: true },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A step as one nexus can carry it. */
function within(s: Stage, step: Step): Step {
  const size = Math.min(step.size, step.out ? s.nexus.limits.maxDataOut : s.nexus.limits.maxDataIn);
  const { lacks = {} } = s.harness;
  const plain = lacks.statuses || lacks['long sense'] || lacks['data with sense'];
  return { ...step, size, ...(plain ? { status: Status.good, senseLength: 0 } : {}) };
}

function prepare(step: Step, i: number): Probe {
  const task = new Probe(0xc1, 0, 0, i >>> 8, i & 0xff, 0, 0, 0, 0, 0);
  if (step.out) task.setDataOut(pattern(step.size, i));
  else task.setDataIn(new Uint8Array(step.size + 8).fill(0xa5), 4, step.size);
  return task;
}

function check(task: Probe, step: Step, i: number): void {
  assert.deepEqual([task.ends, task.fault, task.status], [1, undefined, step.status]);
  sameBytes(task.sense.subarray(0, task.senseLength), pattern(step.senseLength, i), 'sense data');
  assert.equal(task.residual, 0);
  if (step.out) return;
  assert.equal(task.dataInTransferred, step.size);
  sameBytes(task.dataIn.subarray(4, 4 + step.size), pattern(step.size, i), 'data-in');
  for (const edge of [0, 3, step.size + 4, step.size + 7]) assert.equal(task.dataIn[edge], 0xa5);
}

/** Lets each step happen; the target answers late, the last come first. */
async function play(s: Stage, steps: readonly Step[]): Promise<readonly Probe[]> {
  const held: { command: Command; i: number; rounds: number }[] = [];
  s.target.recording = false;
  s.target.answer = (command) => {
    const i = ((command.cdb[3] ?? 0) << 8) | (command.cdb[4] ?? 0);
    const { out, size, hold } = steps[i] as Step;
    if (out) {
      const { dataOut, dataOutOffset: from } = command;
      sameBytes(dataOut.subarray(from, from + command.dataOutLength), pattern(size, i), 'data-out');
    }
    held.push({ command, i, rounds: hold });
  };
  const drive = async () => {
    await s.harness.drive();
    for (const entry of held.splice(0).reverse()) {
      const { status, senseLength, out, size } = steps[entry.i] as Step;
      if (entry.rounds-- > 0) held.unshift(entry);
      else entry.command.complete(status, pattern(senseLength, entry.i), pattern(out ? 0 : size, entry.i));
    }
  };
  const tasks = steps.map(prepare);
  for (const [i, task] of tasks.entries()) {
    for (let tries = 0; !s.nexus.submit(task); tries++) {
      assert.ok(tries < 20_000, 'the queue never empties');
      await drive();
    }
    s.nexus.kick();
    for (let gap = steps[i]?.gap ?? 0; gap > 0; gap--) await drive();
  }
  for (let rounds = 0; tasks.some((task) => task.ends === 0); rounds++) {
    assert.ok(rounds < 20_000, 'not all tasks end');
    await drive();
  }
  return tasks;
}

export function propertyTests(open: OpenTransport): void {
  it('gives each task exactly its own answer', async () => {
    await using s = await stage(open);
    const run = async (chosen: readonly Step[]) => {
      const steps = chosen.map((step) => within(s, step));
      const tasks = await play(s, steps);
      for (const [i, task] of tasks.entries()) check(task, steps[i] as Step, i);
      assert.equal(s.nexus.queued, 0);
    };
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30, size: 'max' }), run), {
      numRuns: 40,
    });
  });
}
