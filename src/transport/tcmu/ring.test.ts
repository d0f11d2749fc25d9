import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ScriptedTarget } from '../../../contract/scripted-target.ts';
import { pattern } from '../../../contract/stage.ts';
import type { Command } from '../../scsi/command.ts';
import { Status } from '../../scsi/status.ts';
import { xorshift } from '../random.ts';
import { EntryHeader, IoVector, Mailbox, Op } from './layout.ts';
import { CommandRing, RingError } from './ring.ts';
import { type Answered, FakeKernel } from './testing-kernel.ts';
import { TcmuStage } from './testing-stage.ts';

const cdb = new Uint8Array(10).fill(0x28, 0, 1);

describe('a ring that makes no sense', () => {
  const broken: Readonly<Record<string, (kernel: FakeKernel) => void>> = {
    'another version': ({ mailbox }) => {
      mailbox.version = 1;
    },
    'no out-of-order completion': ({ mailbox }) => {
      mailbox.flags = 2;
    },
    'a ring over the mailbox': ({ mailbox }) => {
      mailbox.ringAt = 64;
    },
    'a ring beyond the map': ({ mailbox }) => {
      mailbox.ringSize = 1 << 30;
    },
    'a ring of no size': ({ mailbox }) => {
      mailbox.ringSize = 0;
    },
  };
  for (const [what, spoil] of Object.entries(broken)) {
    it(`is refused: ${what}`, () => {
      using kernel = new FakeKernel();
      spoil(kernel);
      assert.throws(() => new CommandRing(kernel.memory), RingError);
    });
  }

  it('is begun anew when an entry has no length, or one beyond the head', () => {
    for (const length of [0, 8, 104, 2048]) {
      using s = new TcmuStage(new ScriptedTarget());
      s.port.poll();
      s.kernel.submit({ cdb });
      EntryHeader.over(s.kernel.memory.bytes.subarray(Mailbox.size)).lengthAndOp = length | Op.command;
      s.port.poll();
      assert.deepEqual([s.did, s.target.commands], [['begin', 'reset'], 0]);
      assert.match(s.port.devices[0]?.ring.broken ?? 'whole', /whole/);
      s.kernel.submit({ cdb });
      s.port.poll();
      assert.deepEqual([s.target.commands, s.port.counters.resets], [1, 1]);
    }
  });
});

describe('a command that points elsewhere', () => {
  const size = new FakeKernel().memory.size;
  const places: readonly (readonly [base: bigint, length: bigint])[] = [
    [0n, 16n],
    [BigInt(Mailbox.size), 16n],
    [BigInt(size), 1n],
    [BigInt(size - 8), 16n],
    [1n << 63n, 16n],
    [BigInt(size - 8), 1n << 63n],
  ];
  for (const [base, length] of places) {
    it(`is refused, and its place not touched: ${length} bytes at ${base}`, () => {
      using s = new TcmuStage(new ScriptedTarget());
      s.kernel.submit({ cdb, dataIn: 16 });
      const entry = s.kernel.memory.bytes.subarray(Mailbox.size);
      IoVector.encode({ base, length }, entry.subarray(48));
      s.port.poll();
      assert.deepEqual([s.target.commands, s.port.counters.malformed], [0, 1]);
      assert.equal(s.kernel.answered[0]?.status, Status.checkCondition);
    });
  }

  it('is refused when it has more vectors than fit its entry, or no CDB', () => {
    for (const spoil of [
      (entry: Uint8Array) => entry.fill(0xff, 8, 12),
      (entry: Uint8Array) => entry.fill(0xff, 12, 16),
      (entry: Uint8Array) => entry.fill(0, 24, 32),
      (entry: Uint8Array) => entry.fill(0xff, 24, 32),
    ]) {
      using s = new TcmuStage(new ScriptedTarget());
      s.kernel.submit({ cdb, dataIn: 16 });
      spoil(s.kernel.memory.bytes.subarray(Mailbox.size));
      s.port.poll();
      assert.deepEqual([s.target.commands, s.port.counters.malformed], [0, 1]);
    }
  });

  it('whatever the kernel writes: nothing is thrown, and the kernel’s half of the mailbox stays', () => {
    const spoiled = fc.array(fc.tuple(fc.nat(4095), fc.nat(255)), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(spoiled, fc.nat(20), (changes, commands) => {
        using s = new TcmuStage(new ScriptedTarget());
        s.target.answer = (command) => command.complete(Status.good, undefined, pattern(300));
        s.kernel.collect = () => undefined; // it would not believe its own ring either
        for (let i = 0; i < commands; i++) s.kernel.submit({ cdb, dataIn: 300 });
        for (const [at, value] of changes) s.kernel.memory.bytes[Mailbox.size + at] = value;
        const mailbox = s.kernel.memory.bytes.slice(0, 64);
        for (let i = 0; i < 3; i++) s.port.poll();
        if (s.port.counters.resets === 0) assert.deepEqual(s.kernel.memory.bytes.slice(0, 64), mailbox);
      }),
    );
  });
});

const step = fc.record(
  {
    out: fc.boolean(),
    size: fc.oneof(fc.nat(20), fc.nat(3000)),
    status: fc.constantFrom(...Object.values(Status)),
    hold: fc.nat(3),
  },
  { noNullPrototype: true },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A CDB that tells the number of its command. */
const numbered = (i: number) => Uint8Array.of(0xc1, 0, 0, i >>> 8, i & 0xff, 0, 0, 0, 0, 0);
const numberOf = ({ cdb }: Command) => ((cdb[3] ?? 0) << 8) | (cdb[4] ?? 0);

/** Steps being played: the target answers late, the last come first. */
class Play {
  readonly s: TcmuStage<ScriptedTarget>;
  readonly #steps: readonly Step[];
  #held: { command: Command; i: number; rounds: number }[] = [];
  readonly #numbers = new Map<number, number>();
  ended = 0;

  constructor(s: TcmuStage<ScriptedTarget>, steps: readonly Step[]) {
    this.s = s;
    this.#steps = steps;
    s.target.recording = false;
    s.target.answer = (command) => {
      const i = numberOf(command);
      this.#held.push({ command, i, rounds: this.#step(i).hold });
    };
  }

  #step(i: number): Step {
    return this.#steps[i] as Step;
  }

  submit(i: number): void {
    const { out, size } = this.#step(i);
    const command = { cdb: numbered(i), ...(out ? { dataOut: pattern(size, i) } : { dataIn: size }) };
    let id = this.s.kernel.submit(command);
    while (id === undefined) {
      this.round();
      id = this.s.kernel.submit(command);
    }
    this.#numbers.set(id, i);
  }

  round(): void {
    this.s.port.poll();
    const due = this.#held.filter((one) => one.rounds-- <= 0).reverse();
    this.#held = this.#held.filter((one) => !due.includes(one));
    for (const { command, i } of due) this.#answer(command, i);
    for (const answered of this.s.kernel.answered.splice(0)) this.#check(answered);
  }

  #answer(command: Command, i: number): void {
    const { out, size, status } = this.#step(i);
    const { dataOut, dataOutOffset: at, dataOutLength } = command;
    if (out) assert.deepEqual(dataOut.slice(at, at + dataOutLength), pattern(size, i));
    command.complete(status, pattern(96, i), pattern(out ? 0 : size, i));
  }

  #check({ id, status, sense, dataIn }: Answered): void {
    const i = this.#numbers.get(id) as number;
    const wanted = this.#step(i);
    this.ended++;
    assert.equal(status, wanted.status);
    if (status === Status.checkCondition) assert.deepEqual(sense, pattern(96, i));
    if (!wanted.out) assert.deepEqual(dataIn, pattern(wanted.size, i));
  }
}

describe('the law', () => {
  it('every command gets its own answer, whatever the sizes, the order and the places', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(), (steps, seed) => {
        using s = new TcmuStage(new ScriptedTarget(), { ringSize: 1024, blocks: 40, block: 128 });
        const play = new Play(s, steps);
        const random = xorshift(seed + 1);
        for (const i of steps.keys()) {
          s.kernel.scatter(random);
          play.submit(i);
          if (random() < 0.5) play.round();
        }
        for (let i = 0; i < 10; i++) play.round();
        assert.deepEqual([play.ended, s.kernel.outstanding], [steps.length, 0]);
      }),
    );
  });
});
