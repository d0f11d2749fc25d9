/** Communicators: contexts that keep messages apart, their groups, and attributes (MPI-4.0 chapter 7). */

import { type Keyval, runCopies } from './attributes.ts';
import * as plan from './collective/plan.ts';
import { CollectiveCalls } from './collective-calls.ts';
import { UNDEFINED } from './constants.ts';
import type { Engine } from './engine.ts';
import { type Comparison, Group } from './group.ts';
import { MAX } from './ops.ts';
import type { Steps } from './schedule.ts';

export class Communicator extends CollectiveCalls {
  readonly #attributes = new Map<Keyval<unknown>, unknown>();

  get group(): Group {
    return new Group(this.ranks, this.engine.rank);
  }

  /** How it compares to another (§7.4.1). */
  compare(other: Communicator): Comparison {
    if (other === this) return 'identical';
    const groups = this.group.compare(other.group);
    return groups === 'identical' ? 'congruent' : groups;
  }

  /** The same ranks, with contexts of their own. Attributes go along as their key says. */
  dup(): Communicator {
    return this.run('create communicator', this.#dup());
  }

  *#dup(): Steps<Communicator> {
    const made = this.twin(yield* this.agree());
    for (const [key, value] of runCopies(this.#attributes)) made.#attributes.set(key, value);
    return made;
  }

  /** Ranks of the same colour, in the order of `key`, then of rank; undefined for colour UNDEFINED. */
  split(color: number, key = 0): Communicator | undefined {
    if (!Number.isInteger(color) || (color < 0 && color !== UNDEFINED))
      this.raise('ERR_ARG', `colour ${color} is neither 0 or more nor UNDEFINED`);
    return this.run('create communicator', this.splitSteps(color, key));
  }

  protected *splitSteps(color: number, key: number): Steps<Communicator | undefined> {
    const all = new Int32Array(2 * this.size);
    all.set([color, key], 2 * this.rank);
    yield* plan.allgather(this.lane(), this.layers, all);
    const context = yield* this.agree();
    if (color === UNDEFINED) return undefined;
    const chosen = this.ranks
      .map((world, rank) => ({ world, rank, color: all[2 * rank], key: all[2 * rank + 1] as number }))
      .filter((one) => one.color === color)
      .sort((a, b) => a.key - b.key || a.rank - b.rank);
    return this.make(
      chosen.map(({ world }) => world),
      context,
    );
  }

  /** Ranks that share memory: those of our group; all of them, on one bus in shared memory. */
  splitType(type: 'shared', key = 0): Communicator {
    if (type !== 'shared') this.raise('ERR_ARG', `split type ${String(type)} is not known`);
    const group = this.engine.topology.groups?.[this.engine.rank] ?? 0;
    return this.split(group, key) as Communicator;
  }

  /** The ranks of a group, which is the same wherever it is not empty of the caller; undefined for those not in it. */
  create(group: Group): Communicator | undefined {
    for (const world of group.ranks)
      if (!this.ranks.includes(world))
        this.raise('ERR_GROUP', `world rank ${world} is not in the communicator`);
    const context = this.run('create communicator', this.agree());
    return group.rank === UNDEFINED ? undefined : this.make(group.ranks, context);
  }

  /** Ours again in another context, topology and all. */
  protected twin(context: number): Communicator {
    return this.make(this.ranks, context);
  }

  protected make(ranks: readonly number[], context: number): Communicator {
    const made = new Communicator(this.engine, ranks, context);
    made.errorHandler = this.errorHandler;
    return made;
  }

  /** All ranks agree on a context that none of them has used. */
  protected *agree(): Steps<number> {
    const next = Int32Array.of(this.engine.nextContext);
    yield* plan.allreduce(this.lane(), this.layers, next, MAX);
    const context = next[0] as number;
    this.engine.nextContext = context + 2;
    return context;
  }

  /** Ends its use. Messages under way arrive all the same. */
  free(): void {
    this.barrier();
    this.deleteAttributes();
    this.freed = true;
  }

  /** Takes all attributes away, the last one first: so do they who build on each other (§11.2.4). */
  deleteAttributes(): void {
    for (const key of [...this.#attributes.keys()].reverse()) this.deleteAttribute(key);
  }

  /** Ends the job. */
  abort(code = 1): never {
    this.engine.quit(code);
    throw new Error(`aborted with code ${code}`);
  }

  setAttribute<T>(key: Keyval<T>, value: T): void {
    this.deleteAttribute(key);
    this.#attributes.set(key as Keyval<unknown>, value);
  }

  getAttribute<T>(key: Keyval<T>): T | undefined {
    return this.#attributes.get(key as Keyval<unknown>) as T | undefined;
  }

  deleteAttribute<T>(key: Keyval<T>): void {
    const own = key as Keyval<unknown>;
    if (!this.#attributes.has(own)) return;
    key.onDelete?.(this.#attributes.get(own) as T);
    this.#attributes.delete(own);
  }
}

/** The world of an engine: contexts 0 and 1. */
export function worldOf(engine: Engine): Communicator {
  const world = new Communicator(
    engine,
    Array.from({ length: engine.size }, (_, rank) => rank),
    0,
  );
  world.name = 'WORLD';
  return world;
}

/** Ourselves alone: contexts 2 and 3. */
export function selfOf(engine: Engine): Communicator {
  const self = new Communicator(engine, [engine.rank], 2);
  self.name = 'SELF';
  return self;
}
