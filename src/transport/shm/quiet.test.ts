import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Command, Target } from '../../scsi/command.ts';
import { Status } from '../../scsi/status.ts';
import { Task } from '../task.ts';
import type { InitiatorNexus } from '../transport.ts';
import { openShmPort, type ShmPort } from './port.ts';

/** Holds every third command; answers the others at once. */
class Holder implements Target {
  readonly held: Command[] = [];
  commands = 0;

  command(command: Command): void {
    this.check(command);
    if (++this.commands % 3 === 0) this.held.push(command);
    else command.complete(Status.good);
  }

  /** The data tell the number of the command that brings them. */
  check({ dataOut, dataOutOffset, dataOutLength, cdb }: Command): void {
    for (let i = 0; i < dataOutLength; i++) assert.equal(dataOut[dataOutOffset + i], cdb[1]);
  }

  /** Answers what is held; its data are still there. */
  release(): void {
    for (const command of this.held.splice(0)) {
      this.check(command);
      command.complete(Status.good);
    }
  }

  manage = () => 0 as const;
  nexusEstablished(): void {}
  nexusLost(): void {}
}

function withPair(run: (initiator: ShmPort, target: ShmPort, holder: Holder) => void): void {
  const root = mkdtempSync('/dev/shm/ipscsi-test-');
  const options = {
    directory: join(root, 'bus'),
    bus: 'test',
    width: 8,
    hostName: 'h',
    depth: 16,
    memory: 65536,
  };
  const onViolation = (_: number, why: string) => assert.fail(why);
  try {
    using initiator = openShmPort({ ...options, id: 0, onViolation });
    using target = openShmPort({ ...options, id: 1, onViolation });
    const holder = new Holder();
    target.target = holder;
    while (!initiator.targets.has(1)) initiator.poll() + target.poll();
    run(initiator, target, holder);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** A task whose end nobody waits for, with short data in memory of either kind. */
function quietTask(memory: Uint8Array, number: number): Task {
  const task = new Task().setCdb(Uint8Array.of(0xc0, number, 0, 0, 0, 0));
  const bytes = number % 2 ? memory.subarray(number * 256, number * 256 + 256) : new Uint8Array(256);
  const length = [1, 4, 63, 64, 65, 200][number % 6] ?? 0;
  task.setDataOut(bytes.fill(number), number % 5, length);
  task.notify = false;
  return task;
}

/** Submits tasks by and by, and counts how often each ends. */
class Sender {
  readonly ends = new Uint8Array(200);
  submitted = 0;
  ended = 0;
  readonly #nexus: InitiatorNexus;
  readonly #memory: Uint8Array;

  constructor(port: ShmPort) {
    this.#nexus = port.targets.get(1) ?? assert.fail('no target');
    this.#memory = port.allocate(65536);
  }

  get queued(): number {
    return this.#nexus.queued;
  }

  next(): void {
    if (this.submitted === this.ends.length) return;
    const number = this.submitted;
    const task = quietTask(this.#memory, number);
    task.done = () => {
      assert.deepEqual([task.fault, task.status, task.residual], [undefined, Status.good, 0]);
      this.ends[number] = (this.ends[number] ?? 0) + 1;
      this.ended++;
    };
    if (this.#nexus.submit(task)) this.submitted++;
  }
}

describe('tasks whose end nobody waits for', () => {
  it('end all the same, each once, with data of any length, while others are held', () => {
    withPair((initiator, target, holder) => {
      const sender = new Sender(initiator);
      for (let rounds = 0; sender.ended < sender.ends.length && rounds < 20_000; rounds++) {
        sender.next();
        if (rounds % 3 === 0) target.poll();
        initiator.poll();
        if (holder.held.length > 5 || sender.submitted === sender.ends.length) holder.release();
      }
      assert.ok(sender.ends.every((count) => count === 1));
      assert.equal(sender.queued, 0);
    });
  });

  it('are told of before the target sleeps', () => {
    withPair((initiator, target) => {
      const nexus = initiator.targets.get(1) ?? assert.fail('no target');
      const task = quietTask(initiator.allocate(65536), 1);
      let ended = false;
      task.done = () => {
        ended = true;
      };
      assert.ok(nexus.submit(task));
      target.poll();
      initiator.poll();
      assert.ok(!ended, 'not at once');
      target.wait(0);
      initiator.poll();
      assert.ok(ended);
    });
  });
});
