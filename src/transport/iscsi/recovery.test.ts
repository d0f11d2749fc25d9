import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ScriptedTarget } from '../../../contract/scripted-target.ts';
import { type Command, TaskManagement, TaskManagementResponse } from '../../scsi/command.ts';
import { Status } from '../../scsi/status.ts';
import { Task } from '../task.ts';
import { defaultWishes } from './keys.ts';
import { type Fault, isRecoverable, LossySession, LossyWire } from './testing-lossy-wire.ts';
import { Lab } from './testing-wire.ts';

const wishes = {
  ...defaultWishes,
  HeaderDigest: ['CRC32C'],
  DataDigest: ['CRC32C'],
  ErrorRecoveryLevel: 1,
  MaxRecvDataSegmentLength: 1024,
  MaxBurstLength: 4096,
  FirstBurstLength: 2048,
  MaxOutstandingR2T: 2,
};

/** Bytes that depend on the command and their place. */
const pattern = (id: number, length: number) =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8) + id * 31) & 0xff);

const assertSame = (one: Uint8Array, other: Uint8Array) =>
  assert.equal(Buffer.compare(one, other), 0, 'the data is right');

/** The CDB: what the command is for, and its data-in's length. */
const Kind = { read: 1, write: 2, refuse: 3, both: 4 } as const;

interface Step {
  readonly kind: number;
  readonly dataIn: number;
  readonly dataOut: number;
}

/** Reads of several bursts, writes with immediate, unsolicited and solicited data, both at once, and a refusal. */
const script: readonly Step[] = [
  { kind: Kind.write, dataIn: 0, dataOut: 9000 },
  { kind: Kind.read, dataIn: 9500, dataOut: 0 },
  { kind: Kind.refuse, dataIn: 0, dataOut: 0 },
  { kind: Kind.write, dataIn: 0, dataOut: 1500 },
  { kind: Kind.both, dataIn: 3000, dataOut: 5000 },
  { kind: Kind.read, dataIn: 700, dataOut: 0 },
];

/** Answers as the CDB says, and checks the data-out of every command. */
function device() {
  const target = new ScriptedTarget();
  const executed = new Map<number, number>();
  target.recording = false;
  target.answer = (command: Command) => {
    const [kind, id = 0] = command.cdb;
    executed.set(id, (executed.get(id) ?? 0) + 1);
    assertSame(command.dataOut.subarray(0, command.dataOutLength), pattern(id, command.dataOutLength));
    if (kind === Kind.refuse)
      command.complete(Status.checkCondition, Uint8Array.of(0x70, 0, 5, 0, 0, 0, 0, 0));
    else command.complete(Status.good, undefined, pattern(id, command.dataInLength));
  };
  return { target, executed };
}

/** Runs the script over a wire with these faults: first half of it at once, then the rest. */
function play(fate: (pdu: number, bytes: Uint8Array) => Fault | undefined, steps = script) {
  const { target, executed } = device();
  const wire = new LossyWire(fate);
  const session = new LossySession(new Lab(target, { wishes }), { wishes }, wire);
  assert.equal(session.initiator.settings.ErrorRecoveryLevel, 1);
  const tasks = steps.map(({ kind, dataIn, dataOut }, id) =>
    new Task()
      .setCdb(Uint8Array.of(kind, id, 0, 0, 0, 0))
      .setDataIn(new Uint8Array(dataIn))
      .setDataOut(pattern(id, dataOut)),
  );
  const ends: number[] = tasks.map(() => 0);
  const isOver = () => ends.every((count) => count > 0);
  for (const [id, task] of tasks.entries())
    task.done = () => {
      ends[id] = Number(ends[id]) + 1;
    };
  const submit = (some: readonly Task[]) => {
    for (const task of some) {
      if (session.initiator.ended) task.fail('nexus-lost');
      else session.initiator.tasks?.submit(task);
    }
  };
  const half = tasks.length / 2;
  submit(tasks.slice(0, half));
  assert.ok(
    session.run(() => ends.slice(0, half).every((count) => count > 0)),
    'the first half ends',
  );
  submit(tasks.slice(half));
  assert.ok(session.run(isOver), 'all end');
  assert.deepEqual(
    ends,
    tasks.map(() => 1),
    'each ends once',
  );
  return { tasks, executed, session, wire };
}

function assertAllRight({ tasks, executed }: ReturnType<typeof play>, steps = script): void {
  for (const [id, task] of tasks.entries()) {
    const { kind, dataIn } = steps[id] as Step;
    assert.equal(task.fault, undefined, `command ${id}`);
    assert.equal(task.status, kind === Kind.refuse ? Status.checkCondition : Status.good, `command ${id}`);
    assertSame(task.dataIn, pattern(id, dataIn));
    assert.equal(executed.get(id), 1, `command ${id} is executed once`);
  }
}

describe('error recovery level 1 (RFC 7143 §7)', () => {
  const undisturbed = play(() => undefined);

  it('changes nothing where nothing is lost', () => {
    assertAllRight(undisturbed);
    const { session } = undisturbed;
    assert.equal(session.lab.node.counters.rejects, 0);
  });

  for (const fault of ['lost', 'doubled', 'damaged'] as const)
    it(`ends every command with the right data, once, whichever PDU is ${fault}`, () => {
      for (let victim = 0; victim < undisturbed.wire.sent; victim++) {
        const fate = (pdu: number, bytes: Uint8Array) =>
          pdu === victim && (fault !== 'damaged' || isRecoverable(bytes)) ? fault : undefined;
        try {
          assertAllRight(play(fate));
        } catch (error) {
          throw new Error(`PDU ${victim} of ${undisturbed.wire.sent}`, { cause: error });
        }
      }
    });

  it('keeps an idle session though pings and answers are lost', () => {
    for (let victim = 0; victim < 8; victim++) {
      const { target } = device();
      const wire = new LossyWire((pdu) => (pdu === victim ? 'lost' : undefined));
      const session = new LossySession(new Lab(target, { wishes }), { wishes }, wire);
      assert.equal(
        session.run(() => session.initiator.ended || session.target.ended),
        false,
      );
      assert.ok(wire.sent > 8);
    }
  });

  it('settles task management, and ends what it ends, whichever PDU is lost', async () => {
    let sent = 1;
    for (let victim = 0; victim < sent; victim++) {
      const { target } = device();
      target.answer = target.hold;
      const wire = new LossyWire((pdu) => (pdu === victim ? 'lost' : undefined));
      const session = new LossySession(new Lab(target, { wishes }), { wishes }, wire);
      const task = new Task().setCdb(new Uint8Array(6)).setDataOut(pattern(0, 9000));
      session.initiator.tasks?.submit(task);
      const answered = session.initiator.manage(TaskManagement.logicalUnitReset, 0, undefined);
      assert.ok(session.run(() => task.slot === -1));
      assert.deepEqual([task.fault, await answered], ['aborted', TaskManagementResponse.complete]);
      assert.equal(session.initiator.ended, false);
      sent = Math.max(sent, wire.sent);
    }
    assert.ok(sent > 10);
  });

  it('survives any four of these together', () =>
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(90), fc.constantFrom<Fault>('lost', 'doubled', 'damaged')), {
          maxLength: 4,
        }),
        (list) => {
          const faults = new Map(list);
          const fate = (pdu: number, bytes: Uint8Array) => {
            const fault = faults.get(pdu);
            return fault === 'damaged' && !isRecoverable(bytes) ? 'lost' : fault;
          };
          assertAllRight(play(fate));
        },
      ),
      { numRuns: 100 },
    ));

  it('delivers nothing corrupt, executes nothing twice and always ends, whatever happens', () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            { weight: 12, arbitrary: fc.constant(undefined) },
            { weight: 1, arbitrary: fc.constantFrom<Fault>('lost', 'doubled', 'damaged', 'damaged header') },
          ),
          { minLength: 60, maxLength: 200 },
        ),
        (faults) => {
          const played = play((pdu) => faults[pdu]);
          for (const [id, task] of played.tasks.entries()) {
            if (task.fault === undefined && task.status === Status.good)
              assertSame(task.dataIn, pattern(id, (script[id] as Step).dataIn));
            assert.ok((played.executed.get(id) ?? 0) <= 1, `command ${id} is executed once`);
          }
        },
      ),
      { numRuns: 100 },
    ));
});
