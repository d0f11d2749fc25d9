import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Command, Target } from '../../scsi/command.ts';
import { Status } from '../../scsi/status.ts';
import { Task } from '../task.ts';
import type { BriefSender } from '../transport.ts';
import { openShmPort, type ShmPort } from './port.ts';

/** Notes the first word of the data of each command, however it comes. */
class Noter implements Target {
  readonly seen: number[] = [];
  readonly held: Command[] = [];
  /** Takes brief commands as such. */
  takes: (number: number) => boolean = () => true;
  answer: (command: Command, number: number) => void = (command) => command.complete(Status.good);

  brief(
    initiator: number,
    cdb: number,
    words: Int32Array,
    bytes: Uint8Array,
    at: number,
    length: number,
  ): boolean {
    const number = words[at] as number;
    if (!this.takes(number)) return false;
    assert.equal(initiator, 0);
    assert.equal(cdb & 0xff, number & 0x7f);
    this.#check(bytes, at * 4, length, number);
    return true;
  }

  command(command: Command): void {
    const { dataOut, dataOutOffset, dataOutLength, cdb, cdbLength, lun, dataInLength } = command;
    const number = new DataView(dataOut.buffer, dataOut.byteOffset).getInt32(dataOutOffset, true);
    assert.deepEqual([cdb[0], cdbLength, lun, dataInLength], [number & 0x7f, 10, 0, 0]);
    this.#check(dataOut, dataOutOffset, dataOutLength, number);
    this.answer(command, number);
  }

  #check(bytes: Uint8Array, at: number, length: number, number: number): void {
    assert.equal(length, 4 + (number % 77));
    for (let i = 4; i < length; i++) assert.equal(bytes[at + i], number & 0xff);
    this.seen.push(number);
  }

  manage = () => 0 as const;
  nexusEstablished(): void {}
  nexusLost(): void {}
}

function withPair(
  run: (initiator: ShmPort, target: ShmPort, noter: Noter, brief: BriefSender) => void,
): void {
  const root = mkdtempSync('/dev/shm/ipscsi-test-');
  const options = { directory: join(root, 'bus'), bus: 'test', width: 8, hostName: 'h', depth: 16 };
  const onViolation = (_: number, why: string) => assert.fail(why);
  try {
    using initiator = openShmPort({ ...options, id: 0, onViolation });
    using target = openShmPort({ ...options, id: 1, onViolation });
    const noter = new Noter();
    target.target = noter;
    while (!initiator.targets.has(1)) initiator.poll() + target.poll();
    const { brief } = initiator.targets.get(1) ?? assert.fail('no target');
    run(initiator, target, noter, brief ?? assert.fail('no brief commands'));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Sends brief command `number`; false: there is no room. */
function send(brief: BriefSender, number: number): boolean {
  const at = brief.begin();
  if (at < 0) return false;
  const length = 4 + (number % 77);
  brief.words[at] = number;
  brief.bytes.fill(number & 0xff, at * 4 + 4, at * 4 + length);
  brief.end(number & 0x7f, 0, 0, 10, length);
  return true;
}

/** The same as a task. */
function sendTask(port: ShmPort, number: number): boolean {
  const data = new Uint8Array(4 + (number % 77)).fill(number & 0xff);
  new DataView(data.buffer).setInt32(0, number, true);
  const task = new Task().setCdb(Uint8Array.of(number & 0x7f, 0, 0, 0, 0, 0, 0, 0, 0, 0)).setDataOut(data);
  task.notify = number % 2 === 0;
  return port.targets.get(1)?.submit(task) ?? false;
}

/** Does as the steps say, then all that is left; returns how many commands were sent. */
function play(
  steps: readonly string[],
  initiator: ShmPort,
  target: ShmPort,
  noter: Noter,
  brief: BriefSender,
): number {
  let sent = 0;
  const release = () => {
    for (const command of noter.held.splice(0)) command.complete(Status.good);
  };
  const actions: Readonly<Record<string, () => unknown>> = {
    brief: () => send(brief, sent) && sent++,
    task: () => sendTask(initiator, sent) && sent++,
    poll: () => target.poll(),
    answers: () => initiator.poll(),
    release,
  };
  for (const step of steps) actions[step]?.();
  const nexus = initiator.targets.get(1);
  for (let i = 0; i < 300 && nexus?.queued !== 0; i++) {
    target.poll() + initiator.poll();
    release();
  }
  assert.equal(nexus?.queued, 0);
  return sent;
}

describe('brief commands in shared memory', () => {
  it('keep their order and their data among tasks, taken as such or as commands, some of which are held', () => {
    const step = fc.constantFrom('brief', 'brief', 'brief', 'task', 'poll', 'answers', 'release');
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), fc.nat(6), (steps, often) => {
        withPair((initiator, target, noter, brief) => {
          noter.takes = (number) => number % 7 >= often;
          noter.answer = (command, number) => {
            if (number % 5 === 0) noter.held.push(command);
            else command.complete(Status.good);
          };
          const sent = play(steps, initiator, target, noter, brief);
          assert.deepEqual(
            noter.seen,
            Array.from({ length: sent }, (_, i) => i),
          );
        });
      }),
      { numRuns: 60 },
    );
  });

  it('are told of when they do not end with GOOD, and of no others', () => {
    withPair((initiator, target, noter, brief) => {
      const failures: string[] = [];
      brief.failed = (why) => failures.push(why);
      noter.takes = (number) => number > 2;
      noter.answer = (command, number) => {
        if (number === 1) command.complete(Status.busy);
        else if (number === 2) command.abandon();
        else command.complete(Status.good);
      };
      for (let i = 0; i < 6; i++) send(brief, i);
      for (let i = 0; i < 200; i++) target.poll() + initiator.poll();
      assert.deepEqual(failures, [`status ${Status.busy}`, 'aborted']);
      assert.equal(initiator.targets.get(1)?.queued, 0);
    });
  });

  it('find no room in a full queue, and end with their nexus', () => {
    withPair((initiator, target, _, brief) => {
      const failures: string[] = [];
      brief.failed = (why) => failures.push(why);
      let sent = 0;
      while (send(brief, sent)) sent++;
      const nexus = initiator.targets.get(1) ?? assert.fail('no target');
      assert.deepEqual([sent, nexus.queued], [nexus.limits.maxQueued, sent]);
      target[Symbol.dispose]();
      for (let i = 0; i < 20_000 && nexus.alive; i++) initiator.poll();
      assert.deepEqual(failures, ['nexus-lost']);
      assert.equal(brief.begin(), -1);
    });
  });
});
