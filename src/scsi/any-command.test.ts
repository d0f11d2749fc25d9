/** Laws that hold for every command: hostile CDBs, in any order, mixed with task management. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { TaskAttribute, TaskManagement } from './command.ts';
import { Status } from './status.ts';
import { type TestCommand, TestHost, testServer } from './testing.ts';

const opcodes = [0x00, 0x03, 0x08, 0x0a, 0x12, 0x1d, 0x28, 0x2a, 0x3b, 0x3c, 0xa0, 0xa3, 0xa8, 0xaa];
const mostlyZero = fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.nat(255));
/** Often a command we have, with most of its reserved bits zero; now and then cut short. */
const anyCdb = fc
  .tuple(
    fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...opcodes) }, fc.nat(255)),
    fc.array(mostlyZero, { minLength: 15, maxLength: 15 }),
    fc.oneof({ weight: 9, arbitrary: fc.constant(16) }, fc.nat(16)),
  )
  .map(([opcode, rest, length]) => Uint8Array.from([opcode, ...rest].slice(0, length)));

type Step = (
  hosts: readonly TestHost[],
  service: ReturnType<typeof testServer>['service'],
) => TestCommand | undefined;

const anyCommand: fc.Arbitrary<(tag: number) => Step> = fc
  .record({
    host: fc.nat(2),
    cdb: anyCdb,
    lun: fc.nat(2),
    attribute: fc.constantFrom(...Object.values(TaskAttribute)),
    bytes: fc.nat(300),
    room: fc.nat(300),
    sameTag: fc.integer({ min: 0, max: 30 }),
  })
  .map(({ host, cdb, lun, attribute, bytes, room, sameTag }) => (tag) => (hosts) => {
    const dataOut = new Uint8Array(bytes);
    // Now and then a tag that may still be in use.
    return hosts[host]?.say(cdb, { lun, attribute, dataOut, room, tag: sameTag < 3 ? sameTag : tag });
  });

/** The service ends one of the commands that it holds. */
const anyEnd: fc.Arbitrary<(tag: number) => Step> = fc.nat(20).map((which) => () => (_hosts, service) => {
  const [command] = service.held.splice(which % Math.max(1, service.held.length), 1);
  command?.complete(Status.good, undefined, new Uint8Array(which));
  return undefined;
});

const anyManagement = (
  server: ReturnType<typeof testServer>['server'],
): fc.Arbitrary<(tag: number) => Step> =>
  fc
    .tuple(fc.nat(2), fc.constantFrom(...Object.values(TaskManagement)), fc.nat(2), fc.nat(2))
    .map(([host, what, lun, tag]) => () => (hosts) => {
      const nexus = hosts[host]?.nexus;
      if (nexus) server.manage(nexus, what, lun, tag);
      return undefined;
    });

function holds(command: TestCommand, held: boolean): void {
  assert.ok(command.ended <= 1, 'a command is ended once');
  assert.ok(command.ended === 1 || held, 'a command that was not ended is held');
  if (command.status === Status.checkCondition) {
    assert.equal(command.senseBytes?.length, 18);
    assert.ok(command.sense && command.sense.key !== 0, 'CHECK CONDITION comes with sense');
    const pointer = command.sense.pointer;
    if (pointer) assert.ok(pointer.byte < 16);
    if (command.sense.code === 0x2400) assert.ok(pointer, 'an invalid field is pointed at');
  } else {
    assert.equal(command.sense, undefined);
  }
}

function converse(
  { server, service }: ReturnType<typeof testServer>,
  steps: readonly ((tag: number) => Step)[],
) {
  const hosts = [1, 2, 3].map((id) => new TestHost(server, id));
  const commands: TestCommand[] = [];
  for (const [i, make] of steps.entries()) {
    const command = make(100 + i)(hosts, service);
    if (command) commands.push(command);
    for (const each of commands) holds(each, true);
  }
  // Nothing is forgotten: a bus reset ends what is left, and the service has been told of all that it held.
  server.busReset();
  assert.equal(service.held.length, 0);
  for (const command of commands) holds(command, false);
  for (const { nexus } of hosts) server.nexusLost(nexus);
}

describe('every command', () => {
  it('is ended exactly once or held, and refused with sense, whatever comes between', () => {
    const one = testServer({ messageBufferId: 3, maxTasks: 12 });
    const step = fc.oneof(
      { weight: 12, arbitrary: anyCommand },
      { weight: 4, arbitrary: anyEnd },
      { weight: 1, arbitrary: anyManagement(one.server) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => converse(one, steps)),
      { numRuns: 300 },
    );
  });

  it('of random bytes is answered (seeded loop)', () => {
    const { server, service } = testServer({ messageBufferId: 0 });
    const host = new TestHost(server);
    service.onSend = (command) => command.complete(Status.good);
    let state = 0x2143;
    const random = () => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return state >>> 16;
    };
    for (let i = 0; i < 10_000; i++) {
      const cdb = new Uint8Array(16).map(() => (random() % 3 === 0 ? random() : 0));
      cdb[0] = opcodes[random() % opcodes.length] ?? 0;
      const command = host.say(cdb.subarray(0, random() % 17), {
        lun: random() % 3,
        dataOut: new Uint8Array(256),
      });
      holds(command, true);
      if (service.held.length > 100) server.manage(host.nexus, TaskManagement.abortTaskSet, 0, 0);
      if (service.held.length > 200) server.manage(host.nexus, TaskManagement.abortTaskSet, 1, 0);
    }
  });
});
