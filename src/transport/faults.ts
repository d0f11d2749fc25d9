/**
 * A port whose bus misbehaves, by dice that a seed makes repeatable: for tests of what stands on it. It concerns the
 * commands that the port sends as initiator; to harm both directions, wrap both ports. Not here: task management, which passes unharmed.
 */

import { Status } from '../scsi/status.ts';
import type { Clock } from '../time/clock.ts';
import { type Random, xorshift } from './random.ts';
import type { Task, TransportFault } from './task.ts';
import type { InitiatorNexus, Port } from './transport.ts';
import { WrappedNexus, wrapPort } from './wrap.ts';

/** What may go wrong: each a probability per command, from 0 (the default) to 1. */
export interface Faults {
  /** The command never reaches its target. */
  readonly lose?: number;
  /** How a lost command ends: with 'nexus-lost', at once (the default), or never, until it is aborted or its target or port goes. */
  readonly lost?: 'nexus-lost' | 'silence';
  /** The answer is held back for a while, so that others overtake it. */
  readonly delay?: number;
  /** How long at most, in milliseconds of the clock; 1 when absent. */
  readonly delayMs?: number;
  /** One bit of the data is turned over: of data-out on its way there, of data-in on its way back. */
  readonly corrupt?: number;
  /** Answered BUSY; the target never sees it. */
  readonly busy?: number;
  /** Answered TASK SET FULL; the target never sees it. */
  readonly full?: number;
}

/** Wraps a port so that `faults` befall its commands. */
export function faulty(inner: Port, faults: Faults, seed: number, clock: Clock): Port {
  const dice = xorshift(seed);
  const kept = new Keeper(clock);
  const nexuses = new Set<FaultyNexus>();
  return wrapPort(inner, {
    nexus: (nexus) => {
      for (const old of nexuses) if (!old.alive) nexuses.delete(old);
      const outer = new FaultyNexus(nexus, faults, dice, kept);
      nexuses.add(outer);
      return outer;
    },
    poll: () => {
      for (const nexus of nexuses) if (!nexus.alive) kept.hurry(nexus, 'nexus-lost');
      return kept.poll();
    },
    due: () => kept.due(),
    close: () => kept.close(),
  });
}

/** A task that has ended, or never will, and whose owner does not know yet. */
interface Kept {
  readonly task: Task;
  readonly nexus: FaultyNexus;
  /** When its owner is told; infinity: nobody knows. */
  due: number;
  /** Undefined: the task holds its answer already. */
  fault: TransportFault | undefined;
}

/** What is held back, in the order in which it is due. */
class Keeper {
  closed = false;
  readonly #clock: Clock;
  #kept: Kept[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Holds a task back for `ms`. */
  keep(kept: Omit<Kept, 'due'>, ms: number): void {
    kept.nexus.kept++;
    kept.task.slot = 0;
    this.#insert({ ...kept, due: this.#clock.now() + ms });
  }

  /** Ends what was lost: one task, or all of a nexus, with `fault`, at the next poll. */
  hurry(of: Task | FaultyNexus, fault: TransportFault): void {
    for (const entry of this.#kept) {
      if ((entry.task !== of && entry.nexus !== of) || entry.due !== Number.POSITIVE_INFINITY) continue;
      entry.due = this.#clock.now();
      entry.fault = fault;
    }
    this.#kept.sort((a, b) => (a.due < b.due ? -1 : Number(a.due > b.due)));
  }

  has(task: Task): boolean {
    return this.#kept.some((entry) => entry.task === task);
  }

  poll(): number {
    const now = this.#clock.now();
    let due = 0;
    while ((this.#kept[due]?.due ?? Number.POSITIVE_INFINITY) <= now) due++;
    for (const entry of this.#kept.splice(0, due)) this.#end(entry, entry.fault);
    return due;
  }

  /** Milliseconds until the next is due. */
  due(): number {
    return Math.max(0, (this.#kept[0]?.due ?? Number.POSITIVE_INFINITY) - this.#clock.now());
  }

  close(): void {
    this.closed = true;
    const all = this.#kept;
    this.#kept = [];
    for (const entry of all) this.#end(entry, 'closed');
  }

  #insert(entry: Kept): void {
    let at = this.#kept.length;
    while (at > 0 && (this.#kept[at - 1]?.due ?? 0) > entry.due) at--;
    this.#kept.splice(at, 0, entry);
  }

  #end({ task, nexus }: Kept, fault: TransportFault | undefined): void {
    nexus.kept--;
    task.slot = -1;
    task.fault = fault;
    task.done(task);
  }
}

class FaultyNexus extends WrappedNexus {
  /** Tasks that are held back. */
  kept = 0;
  readonly #faults: Faults;
  readonly #dice: Random;
  readonly #keeper: Keeper;
  /** Data-out as its owner knows it, of tasks that carry another. */
  readonly #originals = new Map<Task, { readonly bytes: Uint8Array; readonly offset: number }>();

  constructor(inner: InitiatorNexus, faults: Faults, dice: Random, keeper: Keeper) {
    super(inner);
    this.#faults = faults;
    this.#dice = dice;
    this.#keeper = keeper;
  }

  override get queued(): number {
    return this.inner.queued + this.kept;
  }

  override submit(task: Task): boolean {
    if (this.queued >= this.limits.maxQueued) return false;
    if (!this.alive || this.#keeper.closed || task.slot !== -1) return super.submit(task);
    const { lose, lost = 'nexus-lost', busy, full } = this.#faults;
    if (this.#happens(lose)) {
      const ms = lost === 'silence' ? Number.POSITIVE_INFINITY : 0;
      this.#keeper.keep({ task, nexus: this, fault: 'nexus-lost' }, ms);
      return true;
    }
    if (this.#happens(busy)) return this.#refuse(task, Status.busy);
    if (this.#happens(full)) return this.#refuse(task, Status.taskSetFull);
    if (task.dataOutLength > 0 && this.#happens(this.#faults.corrupt)) this.#harmDataOut(task);
    const taken = super.submit(task);
    if (!taken) this.#restore(task);
    return taken;
  }

  override abort(task: Task): void {
    if (this.#keeper.has(task)) this.#keeper.hurry(task, 'aborted');
    else super.abort(task);
  }

  protected override ended(task: Task): void {
    this.#restore(task);
    if (!task.fault && task.dataInTransferred > 0 && this.#happens(this.#faults.corrupt))
      flip(task.dataIn, task.dataInOffset, task.dataInTransferred, this.#dice);
    if (!task.fault && this.#happens(this.#faults.delay)) {
      const ms = (this.#faults.delayMs ?? 1) * this.#dice();
      this.#keeper.keep({ task, nexus: this, fault: undefined }, ms);
    } else {
      task.done(task);
    }
  }

  #happens(probability = 0): boolean {
    return probability > 0 && this.#dice() < probability;
  }

  #refuse(task: Task, status: Status): true {
    task.status = status;
    task.senseLength = 0;
    task.dataInTransferred = 0;
    task.residual = task.dataInLength > 0 ? task.dataInLength : task.dataOutLength;
    this.#keeper.keep({ task, nexus: this, fault: undefined }, 0);
    return true;
  }

  #harmDataOut(task: Task): void {
    const { dataOut: bytes, dataOutOffset: offset, dataOutLength: length } = task;
    this.#originals.set(task, { bytes, offset });
    const copy = bytes.slice(offset, offset + length);
    flip(copy, 0, length, this.#dice);
    task.setDataOut(copy);
  }

  #restore(task: Task): void {
    const original = this.#originals.get(task);
    if (!original || !this.#originals.delete(task)) return;
    task.setDataOut(original.bytes, original.offset, task.dataOutLength);
  }
}

/** Turns one bit over. */
function flip(bytes: Uint8Array, offset: number, length: number, dice: Random): void {
  const bit = Math.floor(dice() * length * 8);
  const at = offset + (bit >>> 3);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
}
