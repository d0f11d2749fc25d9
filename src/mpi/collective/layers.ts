/**
 * How the ranks of a communicator lie in groups that share a fast bus, and lanes within and between the groups: Kielmann
 * et al., "MagPIe: MPI's collective communication operations for clustered wide area systems", 1999; Karonis et al.,
 * "Exploiting hierarchy in parallel computer networks to optimize collective operation performance", 2000. All ranks know
 * the same table, so nothing is said to agree on this.
 */

import type { Engine } from '../engine.ts';
import { MpiError } from '../errors.ts';
import { hasLayers } from './choice.ts';
import { Lane } from './lane.ts';
import { groupRanks, type Manners, type Shape, shapeOf } from './topology.ts';

/** Of a call's tag; above are the part's. */
export const callBits = 26;
/** Lanes of one call side by side: each has tags of its own, as it counts ranks in its own way. */
const Part = { local: 1, leaders: 2, across: 3, ordered: 4 } as const;

export class Layers {
  readonly shape: Shape;
  /** Ranks by group, rising; groups by their first ranks. */
  readonly groups: readonly (readonly number[])[];
  /** Our group, and our place in it. */
  readonly mine: number;
  readonly place: number;
  /** The group of each rank. */
  readonly groupOf: Int32Array;
  readonly #worlds: readonly number[];
  readonly #local: readonly number[];
  readonly #across: readonly number[];
  readonly #ordered: readonly number[];

  /** Undefined: there is one group, or there are only groups of one. @throws MpiError ERR_ARG the table does not fit */
  static of(engine: Engine, worlds: readonly number[], rank: number): Layers | undefined {
    const { groups: table, collectives = {} } = engine.topology;
    if (table === undefined) return undefined;
    if (table.length !== engine.size || !table.every(Number.isInteger))
      throw new MpiError(
        'ERR_ARG',
        `groups: ${engine.size} whole numbers are needed, not ${table.join(' ')}`,
      );
    const layers = new Layers(worlds, rank, groupRanks(worlds, table), collectives);
    return hasLayers(layers.shape) ? layers : undefined;
  }

  constructor(
    worlds: readonly number[],
    rank: number,
    groups: readonly (readonly number[])[],
    manners: Manners,
  ) {
    this.groups = groups;
    this.groupOf = new Int32Array(worlds.length);
    groups.forEach((ranks, group) => {
      for (const one of ranks) this.groupOf[one] = group;
    });
    this.mine = this.groupOf[rank] as number;
    const own = groups[this.mine] as readonly number[];
    this.place = own.indexOf(rank);
    this.shape = shapeOf(groups, manners);
    this.#worlds = worlds;
    const world = (one: number) => worlds[one] as number;
    this.#local = own.map(world);
    this.#across = groups.map((ranks) => world(ranks[this.place] ?? -1));
    this.#ordered = groups.flat().map(world);
  }

  /** Every group's first rank; the group of `root` is led by it. */
  leaders(root?: number): number[] {
    const led = root === undefined ? -1 : (this.groupOf[root] as number);
    return this.groups.map((ranks, group) => (group === led ? (root as number) : (ranks[0] as number)));
  }

  /** The leader's place in our group. */
  leaderPlace(leaders: readonly number[]): number {
    return (this.groups[this.mine] as readonly number[]).indexOf(leaders[this.mine] as number);
  }

  #lane(lane: Lane, worlds: readonly number[], rank: number, part: number): Lane {
    return new Lane(lane.engine, worlds, rank, lane.context, lane.tag + part * 2 ** callBits);
  }

  /** Within our group. */
  local(lane: Lane): Lane {
    return this.#lane(lane, this.#local, this.place, Part.local);
  }

  /** Between one rank of each group, of which we are one: by number of the group. */
  between(lane: Lane, leaders: readonly number[]): Lane {
    const worlds = leaders.map((one) => this.#worlds[one] as number);
    return this.#lane(lane, worlds, this.mine, Part.leaders);
  }

  /** Between the ranks that have our place in their groups, where all have one: by number of the group. */
  across(lane: Lane): Lane {
    return this.#lane(lane, this.#across, this.mine, Part.across);
  }

  /** All ranks, group by group. */
  ordered(lane: Lane): Lane {
    const before = this.shape.sizes.slice(0, this.mine).reduce((sum, size) => sum + size, 0);
    return this.#lane(lane, this.#ordered, before + this.place, Part.ordered);
  }
}
