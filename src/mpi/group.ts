/** Groups: ordered sets of ranks of the world (MPI-4.0 §7.3). */

import { PROC_NULL, UNDEFINED } from './constants.ts';
import { MpiError } from './errors.ts';

/** How two groups or communicators compare (§7.3.1). */
export type Comparison = 'identical' | 'congruent' | 'similar' | 'unequal';

export class Group {
  /** World ranks, by rank in the group. */
  readonly ranks: readonly number[];
  /** Our rank in it, UNDEFINED when we are not in it. */
  readonly rank: number;
  readonly #self: number;

  constructor(ranks: readonly number[], self: number) {
    this.ranks = ranks;
    this.#self = self;
    const rank = ranks.indexOf(self);
    this.rank = rank < 0 ? UNDEFINED : rank;
  }

  get size(): number {
    return this.ranks.length;
  }

  #of(ranks: readonly number[]): Group {
    return new Group(ranks, this.#self);
  }

  /** Those of the one, then those of the other that it lacks. */
  union(other: Group): Group {
    return this.#of([...this.ranks, ...other.ranks.filter((rank) => !this.ranks.includes(rank))]);
  }

  intersection(other: Group): Group {
    return this.#of(this.ranks.filter((rank) => other.ranks.includes(rank)));
  }

  difference(other: Group): Group {
    return this.#of(this.ranks.filter((rank) => !other.ranks.includes(rank)));
  }

  /** These ranks of the group, in this order. @throws MpiError ERR_RANK */
  include(ranks: readonly number[]): Group {
    return this.#of(this.#distinct(ranks));
  }

  /** The group without these ranks. @throws MpiError ERR_RANK */
  exclude(ranks: readonly number[]): Group {
    const out = this.#distinct(ranks);
    return this.#of(this.ranks.filter((rank) => !out.includes(rank)));
  }

  #distinct(ranks: readonly number[]): number[] {
    const worlds = ranks.map((rank) => this.world(rank));
    const twice = ranks.find((rank, i) => ranks.indexOf(rank) !== i);
    if (twice !== undefined) throw new MpiError('ERR_RANK', `rank ${twice} is named twice`);
    return worlds;
  }

  /** As `include`, by ranges [first, last, stride]. */
  includeRanges(ranges: readonly (readonly [first: number, last: number, stride: number])[]): Group {
    return this.include(ranges.flatMap(([first, last, stride]) => range(first, last, stride)));
  }

  /** As `exclude`, by ranges [first, last, stride]. */
  excludeRanges(ranges: readonly (readonly [first: number, last: number, stride: number])[]): Group {
    return this.exclude(ranges.flatMap(([first, last, stride]) => range(first, last, stride)));
  }

  /** What these ranks of ours are called in another group; UNDEFINED where they are not in it. PROC_NULL stays what it is. */
  translate(ranks: readonly number[], other: Group): number[] {
    return ranks.map((rank) => {
      if (rank === PROC_NULL) return PROC_NULL;
      const there = other.ranks.indexOf(this.world(rank));
      return there < 0 ? UNDEFINED : there;
    });
  }

  compare(other: Group): Comparison {
    if (this.size !== other.size) return 'unequal';
    if (this.ranks.every((rank, i) => other.ranks[i] === rank)) return 'identical';
    return this.ranks.every((rank) => other.ranks.includes(rank)) ? 'similar' : 'unequal';
  }

  /** World rank of a rank. @throws MpiError ERR_RANK */
  world(rank: number): number {
    const world = this.ranks[rank];
    if (world === undefined) throw new MpiError('ERR_RANK', `rank ${rank} is not in a group of ${this.size}`);
    return world;
  }
}

function range(first: number, last: number, stride: number): number[] {
  if (stride === 0) throw new MpiError('ERR_ARG', 'a range needs a stride other than 0');
  const ranks: number[] = [];
  for (let rank = first; stride > 0 ? rank <= last : rank >= last; rank += stride) ranks.push(rank);
  return ranks;
}
