import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import fc from 'fast-check';
import type { Command, Target } from '../../scsi/command.ts';
import { Status } from '../../scsi/status.ts';
import { Task } from '../task.ts';
import { Block, blockAt, blockBytes, headerBytes, Submission, submissionsAt } from './layout.ts';
import { openShmPort, type ShmPort } from './port.ts';

/** Answers everything, and reads every byte that it is offered. */
class Reader implements Target {
  commands = 0;
  sum = 0;

  command(command: Command): void {
    this.commands++;
    const { dataOut, dataOutOffset, dataOutLength } = command;
    assert.ok(dataOutLength >= 0 && (dataOutLength === 0 || dataOutOffset >= 0));
    assert.ok(dataOutLength === 0 || dataOutOffset + dataOutLength <= dataOut.length);
    for (let i = 0; i < dataOutLength; i += 509)
      this.sum += dataOut[dataOutOffset + i] ?? assert.fail('outside');
    command.complete(Status.good, undefined, command.cdb, 0, 6);
  }
  manage = () => 0 as const;
  nexusEstablished(): void {}
  nexusLost(): void {}
}

/** Words of a host's region that a hostile owner may set to anything: the whole of its block for peer 0, and its header. */
const scribble = fc.record({
  header: fc.boolean(),
  word: fc.nat(0xffff),
  value: fc.oneof(
    fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    fc.integer({ min: -4, max: 300 }),
    fc.nat(2 ** 21),
  ),
});

function apply(
  port: ShmPort,
  { header, word, value }: { header: boolean; word: number; value: number },
): void {
  const words = port.region.words;
  if (header) words[word % (headerBytes / 4)] = value;
  else {
    const { depth } = port.region.shape;
    // Every third one hits an index, where it hurts most.
    const indexes = [Block.answered, Block.collected, Block.peer, submissionsAt + Submission.serial];
    const at = word % 3 === 0 ? (indexes[word % 4] ?? 0) : word % (blockBytes(depth) / 4);
    words[blockAt(0, depth) / 4 + at] = value;
  }
}

function oneCommand(from: ShmPort, to: number, drive: () => void): Status | string {
  const task = new Task().setCdb(new Uint8Array(6));
  task.setDataOut(new Uint8Array(100)).setDataIn(new Uint8Array(6));
  let ended = false;
  task.done = () => {
    ended = true;
  };
  const nexus = from.targets.get(to);
  assert.ok(nexus, `target ${to} is there`);
  assert.ok(nexus.submit(task), `target ${to} takes the task`);
  nexus.kick();
  for (let i = 0; i < 10_000 && !ended; i++) drive();
  assert.ok(ended, 'the task ends');
  return task.fault ?? task.status;
}

it('survives a host that writes anything into its region, and goes on serving the others', () => {
  const root = mkdtempSync('/dev/shm/ipscsi-test-');
  const ports: ShmPort[] = [];
  const open = (id: number): ShmPort => {
    const port = openShmPort({
      directory: join(root, 'bus'),
      bus: 'test',
      id,
      width: 8,
      hostName: 'h',
      depth: 16,
      replySlots: 8,
    });
    port.target = new Reader();
    ports.push(port);
    return port;
  };
  try {
    const victim = open(0);
    const friend = open(1);
    const both = () => {
      victim.poll();
      friend.poll();
    };
    while (!friend.targets.has(0) || !victim.targets.has(1)) both();
    const scribbles = fc.array(scribble, { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(scribbles, (writes) => {
        const hostile = open(2);
        for (let i = 0; i < 20_000 && !victim.targets.has(2); i++) {
          both();
          hostile.poll();
        }
        assert.ok(victim.targets.has(2), 'a new life of the hostile host is met without prejudice');
        const nexus = victim.targets.get(2);
        for (const write of writes) {
          nexus?.submit(new Task().setCdb(new Uint8Array(6)));
          apply(hostile, write);
          both();
        }
        assert.equal(oneCommand(friend, 0, both), Status.good);
        assert.equal(oneCommand(victim, 1, both), Status.good);
        hostile[Symbol.dispose]();
        for (let i = 0; i < 20_000 && victim.targets.has(2); i++) both();
        assert.ok(!victim.targets.has(2), 'it is gone');
      }),
      { numRuns: 150 },
    );
    assert.equal(victim.slots.available, victim.slots.count, 'no reply slot is lost');
  } finally {
    for (const port of ports) port[Symbol.dispose]();
    rmSync(root, { recursive: true, force: true });
  }
});
