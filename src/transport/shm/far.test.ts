/** Data-out that lies outside the initiator's region, and is fetched there by the kernel. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Command, Target } from '../../scsi/command.ts';
import { Status } from '../../scsi/status.ts';
import { placeOf } from '../../sys/other-memory.ts';
import { Task } from '../task.ts';
import { blockAt, Flag, maxData, maxFar, Submission, submissionsAt } from './layout.ts';
import { openShmPort, type ShmPort } from './port.ts';

class Fetcher implements Target {
  into = new Uint8Array(maxFar + 4096);
  at = 0;
  fetched: boolean[] = [];
  held: Command[] = [];
  hold = false;

  command(command: Command): void {
    if (this.hold) this.held.push(command);
    else this.fetch(command);
  }

  fetch(command: Command): void {
    assert.equal(command.dataOut.length === 0, command.far);
    this.fetched.push(command.fetch?.(this.into, this.at, command.dataOutLength) ?? false);
    command.complete(Status.good);
  }

  manage = () => 0 as const;
  nexusEstablished(): void {}
  nexusLost(): void {}
}

function pair(test: TestContext, far: boolean) {
  const root = mkdtempSync('/dev/shm/ipscsi-test-');
  const violations: string[] = [];
  const onViolation = (_: number, why: string) => violations.push(why);
  const open = (id: number, more = {}) =>
    openShmPort({
      ...{ directory: join(root, 'bus'), bus: 'test', width: 8, hostName: 'h', id, onViolation, ...more },
    });
  const initiator = open(0);
  const target = open(1, { far });
  test.after(() => {
    for (const port of [initiator, target]) port[Symbol.dispose]();
    rmSync(root, { recursive: true, force: true });
  });
  const fetcher = new Fetcher();
  target.target = fetcher;
  while (!initiator.targets.has(1) || !target.targets.has(0)) initiator.poll() + target.poll();
  const nexus = initiator.targets.get(1) ?? assert.fail('no target');
  return { initiator, target, fetcher, nexus, violations };
}

/** Carries a task to its end. */
function carry(from: ShmPort, to: ShmPort, task: Task): Task {
  let ended = false;
  task.done = () => {
    ended = true;
  };
  assert.ok(from.targets.get(1)?.submit(task));
  for (let i = 0; i < 1000 && !ended; i++) from.poll() + to.poll();
  assert.ok(ended);
  return task;
}

const taskOf = (bytes: Uint8Array, offset = 0, length = bytes.length - offset) => {
  const task = new Task().setCdb(new Uint8Array(6)).setDataOut(bytes, offset, length);
  task.far = true;
  return task;
};

const pattern = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 31) ^ (i >> 8));

describe('far data-out', () => {
  it('is fetched where it lies, wherever that is in a page', (test) => {
    const { initiator, target, fetcher, nexus } = pair(test, true);
    assert.equal(nexus.far?.maxDataOut, maxFar);
    const bytes = pattern(maxFar + 100);
    for (const [offset, length] of [
      [0, 1],
      [7, 8192],
      [100, maxFar],
    ] as const)
      for (const behind of [0, 1, 16, 63, 64, 2048]) {
        // So many bytes behind the source's place in its page.
        fetcher.at = (((placeOf(bytes) + offset - placeOf(fetcher.into)) & 4095) + behind) & 4095;
        fetcher.into.fill(0);
        const { status, fault } = carry(initiator, target, taskOf(bytes, offset, length));
        assert.deepEqual([status, fault], [Status.good, undefined]);
        const came = fetcher.into.subarray(fetcher.at, fetcher.at + length);
        assert.equal(Buffer.compare(came, bytes.subarray(offset, offset + length)), 0);
      }
    assert.ok(fetcher.fetched.every((one) => one));
    assert.ok((nexus.far?.far ?? 0) > 0, 'and timed');
  });

  it('can wait, and is what it is when it is fetched', (test) => {
    const { initiator, target, fetcher } = pair(test, true);
    const bytes = new Uint8Array(100_000);
    fetcher.hold = true;
    initiator.targets.get(1)?.submit(taskOf(bytes));
    while (fetcher.held.length === 0) target.poll();
    bytes.set(pattern(bytes.length));
    for (const command of fetcher.held) fetcher.fetch(command);
    assert.deepEqual(fetcher.into.subarray(0, bytes.length), bytes);
    assert.equal(fetcher.held[0]?.fetch?.(fetcher.into, 0, 10), false, 'its command has ended');
  });

  it('is not taken once the initiator has left, though its memory can still be read', (test) => {
    const { initiator, target, fetcher } = pair(test, true);
    const bytes = pattern(100_000);
    fetcher.hold = true;
    initiator.targets.get(1)?.submit(taskOf(bytes));
    while (fetcher.held.length === 0) target.poll();
    initiator[Symbol.dispose]();
    assert.equal(fetcher.held[0]?.fetch?.(fetcher.into, 0, bytes.length), false);
  });

  it('goes through the region at a target that does not fetch it', (test) => {
    const { initiator, target, fetcher, nexus } = pair(test, false);
    assert.equal(nexus.far, undefined);
    const bytes = pattern(maxData);
    assert.equal(carry(initiator, target, taskOf(bytes)).fault, undefined);
    assert.deepEqual(fetcher.into.subarray(0, maxData), bytes);
    assert.equal(carry(initiator, target, taskOf(pattern(maxData + 1))).fault, 'too-large');
  });

  it('has a limit', (test) => {
    const { initiator, target } = pair(test, true);
    assert.equal(carry(initiator, target, taskOf(new Uint8Array(maxFar + 1))).fault, 'too-large');
  });

  it('that is nowhere is refused, and one that was not offered ends the nexus', (test) => {
    for (const [far, fetches] of [
      [true, [false]],
      [false, []],
    ] as const) {
      const { initiator, target, fetcher, violations } = pair(test, far);
      const bytes = new Uint8Array(4096);
      const task = new Task().setCdb(new Uint8Array(6)).setDataOut(bytes);
      assert.ok(initiator.targets.get(1)?.submit(task));
      const { words, shape } = initiator.region;
      const entry = blockAt(1, shape.depth) / 4 + submissionsAt;
      words[entry + Submission.head] = (words[entry + Submission.head] as number) | Flag.far;
      words[entry + Submission.dataOutOffset] = 4096;
      words[entry + Submission.about] = 0;
      for (let i = 0; i < 10; i++) target.poll();
      assert.deepEqual(fetcher.fetched, fetches);
      assert.equal(violations.length, far ? 0 : 1);
    }
  });
});
