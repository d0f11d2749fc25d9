/** Ranks that can't be reached, for a while or for good, and what is said of them. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ScriptedTarget } from '../../../contract/scripted-target.ts';
import { Probe, pattern } from '../../../contract/stage.ts';
import { TaskManagement } from '../../scsi/command.ts';
import { Status } from '../../scsi/status.ts';
import type { InitiatorNexus } from '../../transport/transport.ts';
import { worldOf } from '../communicator.ts';
import { Engine } from '../engine.ts';
import { chainShape, Lab, railsShape, type Shape } from './lab.test.ts';
import type { RoutedPort } from './routed-port.ts';

const nexusTo = (port: RoutedPort, rank: number) => port.targets.get(rank) as InitiatorNexus;

/** Two ranks with a target each; what the first is told of. */
function pair(shape: Shape) {
  const lab = new Lab(shape);
  const targets = [new ScriptedTarget(), new ScriptedTarget()];
  const [a, b] = targets.map((target, rank) => lab.open(rank, target)) as [RoutedPort, RoutedPort];
  const told: string[] = [];
  a.listener = {
    appeared: ({ target }) => told.push(`appeared ${target}`),
    vanished: ({ target }) => told.push(`vanished ${target}: ${a.lossOf(target) ?? 'gone'}`),
  };
  lab.until('they see each other', () => a.targets.has(1) && b.targets.has(0));
  lab.settle();
  told.length = 0;
  return { lab, a, b, told, target: targets[1] as ScriptedTarget, near: targets[0] as ScriptedTarget };
}

describe('ranks that can not be reached', () => {
  it('are waited for: what was sent meanwhile arrives when a way is back', () => {
    const { lab, a, target, told } = pair(chainShape(2));
    lab.cut(2, 0);
    lab.drive();
    const nexus = nexusTo(a, 1);
    const tasks = [new Probe(1, 0, 0, 0, 0, 0), new Probe(2, 0, 0, 0, 0, 0)];
    for (const task of tasks) nexus.submit(task);
    for (let i = 0; i < 20; i++) lab.drive();
    assert.deepEqual([target.commands, nexus.queued], [0, 2]);
    lab.restore(2, 0);
    lab.until('they arrive', () => tasks.every(({ ends }) => ends === 1));
    assert.deepEqual(
      target.seen.map(({ cdb }) => cdb[0]),
      [1, 2],
    );
    assert.deepEqual([told, a.targets.get(1) === nexus], [[], true]);
    lab.settle();
    assert.equal(lab.pending, 0);
  });

  it('have vanished when patience is over, and it is said what was cut', () => {
    const { lab, a, target, near, told } = pair(chainShape(2));
    const nexus = nexusTo(a, 1);
    target.answer = target.hold;
    const held = new Probe();
    nexus.submit(held);
    lab.until('it is held', () => target.held.length === 1);
    const management = nexus.manage(TaskManagement.queryTask, 0, held);
    management.catch(() => undefined);
    lab.cut(2, 1);
    lab.until('it has vanished', () => told.length > 0);
    assert.match(
      told[0] ?? '',
      /^vanished 1: there has been no way to it for 0.05 s, since these have failed: /,
    );
    assert.match(told[0] ?? '', /bus1:r1$/);
    lab.settle();
    assert.deepEqual([held.fault, held.ends, nexus.alive, nexus.queued], ['nexus-lost', 1, false, 0]);
    const late = new Probe();
    nexus.submit(late);
    lab.settle();
    assert.deepEqual([late.fault, near.lost.length, target.lost.length], ['selection-timeout', 0, 1]);
    assert.equal(lab.pending, 0);
    return assert.rejects(management);
  });

  it('come back as new nexuses, on both sides, and nothing of old ones is heard of', () => {
    const { lab, a, b, target, told } = pair(railsShape(2, 2));
    const nexus = nexusTo(a, 1);
    const back = nexusTo(b, 0);
    target.answer = target.hold;
    const [held, unsent] = [new Probe(1, 0, 0, 0, 0, 0), new Probe(2, 0, 0, 0, 0, 0)];
    nexus.submit(held);
    lab.until('it is held', () => target.held.length === 1);
    for (const bus of [0, 1]) lab.cut(0, bus);
    lab.drive();
    nexus.submit(unsent);
    lab.until('they have given each other up', () => !nexus.alive && !back.alive);
    assert.deepEqual([held.fault, unsent.fault], ['nexus-lost', 'nexus-lost']);
    for (const bus of [0, 1]) lab.restore(0, bus);
    lab.until('they are back', () => a.targets.has(1) && b.targets.has(0));
    assert.equal(told.at(-1), 'appeared 1');
    assert.notEqual(nexusTo(a, 1), nexus);
    target.held.splice(0)[0]?.complete(Status.good); // too late
    target.answer = (command) => command.complete(Status.good);
    const task = new Probe(3, 0, 0, 0, 0, 0).setDataOut(pattern(9)) as Probe;
    nexusTo(a, 1).submit(task);
    lab.settle();
    assert.deepEqual([task.fault, task.ends, held.ends, unsent.ends], [undefined, 1, 1, 1]);
    assert.deepEqual(
      target.seen.map(({ cdb }) => cdb[0]),
      [1, 3],
    );
    assert.deepEqual([target.established.length, target.lost.length], [2, 1]);
    assert.equal(lab.pending, 0);
  });

  it('begin anew together when only one has given the other up', () => {
    // Rank 0 is patient, rank 1 is not.
    const lab = new Lab({ ...railsShape(2, 1), patienceOf: (rank) => (rank === 0 ? 1000 : 20) });
    const targets = [new ScriptedTarget(), new ScriptedTarget()];
    const [a, b] = targets.map((target, rank) => lab.open(rank, target)) as [RoutedPort, RoutedPort];
    lab.until('they see each other', () => a.targets.has(1) && b.targets.has(0));
    const [old, back] = [nexusTo(a, 1), nexusTo(b, 0)];
    const waits = new Probe();
    lab.cut(0, 0);
    lab.drive();
    old.submit(waits);
    lab.until('one gives up', () => !back.alive);
    assert.equal(old.alive, true);
    lab.restore(0, 0);
    lab.until('both have begun anew', () => !old.alive && a.targets.has(1) && b.targets.has(0));
    assert.equal(waits.fault, 'nexus-lost');
    const tasks = [new Probe(), new Probe()];
    nexusTo(a, 1).submit(tasks[0] as Probe);
    nexusTo(b, 0).submit(tasks[1] as Probe);
    lab.settle();
    assert.ok(tasks.every(({ ends, fault, status }) => ends === 1 && !fault && status === Status.good));
    assert.equal(targets[1]?.commands, 1, 'what was given up did not arrive');
    assert.equal(lab.pending, 0);
    lab[Symbol.dispose]();
  });

  it('that have died are missed at once by those who hear of it over shared memory, and by all whom they tell', () => {
    // Ranks 0 and 1 share memory, with the forwarder 3; rank 2 is on another bus.
    const lab = new Lab({
      ranks: 3,
      buses: [
        [0, 1, 3],
        [3, 2],
      ],
      through: [0],
      port: { patience: 1e6 },
    });
    const ports = [0, 1, 2].map((rank) => lab.open(rank, new ScriptedTarget())) as RoutedPort[];
    lab.until('they see each other', () => ports.every(({ targets }) => targets.size === 2));
    lab.settle();
    const before = lab.clock.now();
    lab.kill(1);
    lab.until('both miss it', () => ports[0]?.targets.has(1) === false && ports[2]?.targets.has(1) === false);
    assert.ok(lab.clock.now() - before < 10);
    assert.deepEqual([ports[0]?.targets.size, ports[2]?.targets.size], [1, 1]);
    lab[Symbol.dispose]();
  });
});

/** Ranks 0 and 1 share memory, with the forwarder 3; rank 2 is on another bus. */
const neighbours: Shape = {
  ranks: 3,
  buses: [
    [0, 1, 3],
    [3, 2],
  ],
  through: [0],
};

it('a rank that goes and comes takes no more of the memory that stays for good', () => {
  using lab = new Lab(neighbours);
  const ports = [0, 1, 2].map((rank) => lab.open(rank, new ScriptedTarget()));
  const port = ports[0] as RoutedPort;
  let allocated = 0;
  const allocate = port.allocate.bind(port);
  port.allocate = (bytes) => {
    allocated += bytes;
    return allocate(bytes);
  };
  const engine = new Engine({ port, rank: 0, size: 3 });
  lab.until('they see each other', () => engine.complete);
  const before = allocated;
  assert.ok(before > 0);
  for (let time = 0; time < 3; time++) {
    lab.cut(2, 1);
    lab.until('it is given up', () => !port.targets.has(2));
    lab.restore(2, 1);
    lab.until('it is back', () => port.targets.has(2));
  }
  assert.equal(allocated, before);
});

it('an engine says why a rank is lost', () => {
  const lab = new Lab(chainShape(2));
  const [a, b] = [0, 1].map((rank) => new Engine({ port: lab.open(rank), rank, size: 2 })) as [
    Engine,
    Engine,
  ];
  lab.until('they see each other', () => a.complete && b.complete);
  const request = worldOf(a).issend(new Uint8Array(100_000), 1);
  lab.settle();
  lab.cut(2, 1);
  lab.until('it is lost', () => request.done);
  assert.throws(() => request.wait(), {
    errorClass: 'ERR_PROC_FAILED',
    message: /rank 1: there has been no way to it for 0.05 s, since these have failed: bus1:r1/,
  });
  lab[Symbol.dispose]();
});
