/** What every test of the contract stands on: a harness, its scripted target, and ways to let things happen. */

import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import type { TestContext } from 'node:test';
import { Task } from '../src/transport/task.ts';
import type { InitiatorNexus, Port } from '../src/transport/transport.ts';
import type { Ability } from './abilities.ts';
import { ScriptedTarget } from './scripted-target.ts';
import type { JoinOptions, OpenTransport, TransportHarness } from './transport.ts';

/** Rounds and milliseconds after which what has not happened never will: a kernel that takes a device away does so in its own time. */
const patience = { rounds: 20_000, ms: 20_000 } as const;

/** A task that counts how often it ended. */
export class Probe extends Task {
  ends = 0;
  override done = (): void => {
    this.ends++;
  };

  /** A six-byte CDB: TEST UNIT READY. */
  constructor(...cdb: readonly number[]) {
    super();
    this.setCdb(Uint8Array.from(cdb.length > 0 ? cdb : [0, 0, 0, 0, 0, 0]));
  }
}

export class Stage implements AsyncDisposable {
  readonly harness: TransportHarness;
  readonly target: ScriptedTarget;
  /** The initiator's nexus to the target, as it was in the beginning. */
  readonly nexus: InitiatorNexus;

  constructor(harness: TransportHarness, target: ScriptedTarget) {
    this.harness = harness;
    this.target = target;
    this.nexus = harness.nexus;
  }

  get initiator(): Port {
    return this.harness.initiator;
  }

  /** Skips a test that needs what the carrier lacks; true: it does. */
  lacks(t: TestContext, ...abilities: readonly Ability[]): boolean {
    const ability = abilities.find((one) => this.harness.lacks?.[one] !== undefined);
    if (ability) t.skip(`${ability}: ${this.harness.lacks?.[ability]}`);
    return ability !== undefined;
  }

  /** Drives until something is so. */
  async until(what: string, isSo: () => boolean): Promise<void> {
    const start = performance.now();
    for (let round = 1; !isSo(); round++) {
      if (round > patience.rounds && performance.now() - start > patience.ms) assert.fail(`never: ${what}`);
      await this.harness.drive();
    }
  }

  /** Drives until the promise settles, and passes on how. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const mark = () => {
      settled = true;
    };
    promise.then(mark, mark);
    await Promise.resolve();
    await this.until('the promise settles', () => settled);
    return promise;
  }

  /** Drives on for a while, so that what must not happen would. */
  async rounds(count = 20): Promise<void> {
    for (let i = 0; i < count; i++) await this.harness.drive();
  }

  /** Submits tasks, which must be taken. */
  send(...tasks: readonly Task[]): void {
    for (const task of tasks) assert.equal(this.nexus.submit(task), true, 'submit() takes the task');
    this.nexus.kick();
  }

  /** Submits tasks and drives until all have ended, each once. */
  async run(...tasks: readonly Probe[]): Promise<void> {
    const before = tasks.map((task) => task.ends);
    this.send(...tasks);
    await this.ended(...tasks);
    assert.deepEqual(
      tasks.map((task) => task.ends),
      before.map((ends) => ends + 1),
    );
  }

  /** Drives until none of the tasks is under way. */
  ended(...tasks: readonly Probe[]): Promise<void> {
    return this.until('the tasks end', () => tasks.every((task) => task.slot === -1 && task.ends > 0));
  }

  /** Sends tasks to the target, which holds them. */
  async hold(...tasks: readonly Probe[]): Promise<void> {
    const expected = this.target.held.length + tasks.length;
    this.target.answer = this.target.hold;
    this.send(...tasks);
    await this.until('the target holds the commands', () => this.target.held.length === expected);
  }

  /** Attaches another port; undefined where the harness cannot. */
  async join(options: JoinOptions = {}): Promise<Port | undefined> {
    return this.harness.join?.(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.harness[Symbol.asyncDispose]();
  }
}

/** Opens a harness with a scripted target. */
export async function stage(open: OpenTransport): Promise<Stage> {
  const target = new ScriptedTarget();
  return new Stage(await open(target), target);
}

/** Bytes that differ with their place and with `seed`. */
export function pattern(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = Math.imul(i + 257 * seed, 0x9e3779b1) >>> 24;
  return bytes;
}

/** As deepEqual, fast, and brief about megabytes that differ. */
export function sameBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  assert.equal(actual.length, expected.length, `${what}: length`);
  if (Buffer.compare(actual, expected) === 0) return;
  const at = expected.findIndex((byte, i) => actual[i] !== byte);
  assert.fail(`${what}: byte ${at} of ${expected.length} is ${actual[at]}, not ${expected[at]}`);
}
