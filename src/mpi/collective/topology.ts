/** What collectives know of the ranks of the world, and what the user has decided for them. */

import { MpiError } from '../errors.ts';

export const collectives = [
  'barrier',
  'bcast',
  'gather',
  'gatherv',
  'scatter',
  'scatterv',
  'allgather',
  'alltoall',
  'reduce',
  'allreduce',
  'reduceScatter',
  'scan',
] as const;
/** Allgatherv goes as allgather, exscan as scan, and so on. */
export type Collective = (typeof collectives)[number];

/** Without regard to groups of ranks, or within them first and then between. */
export const manners = ['flat', 'hierarchical'] as const;
type Manner = (typeof manners)[number];

/** What is not left to us. */
export type Manners = { readonly [C in Collective]?: Manner };

export interface Topology {
  /** By rank of the world: the number of its group. The ranks of a group share a fast bus. Default: all are in one. */
  readonly groups?: readonly number[];
  readonly collectives?: Manners;
}

const isOneOf = <T extends string>(names: readonly T[], name: string): name is T =>
  (names as readonly string[]).includes(name);

/** "flat", "hierarchical", or "bcast=flat,allreduce=hierarchical". @throws MpiError ERR_ARG */
export function parseManners(text: string): Manners {
  const found: { [C in Collective]?: Manner } = {};
  const words = text.split(',').map((word) => word.trim());
  for (const word of words.filter((one) => one !== '')) {
    const [first = '', second, ...more] = word.split('=').map((side) => side.trim());
    const [names, manner] = second === undefined ? [collectives, first] : [[first], second];
    if (!isOneOf(manners, manner) || more.length > 0)
      throw new MpiError('ERR_ARG', `collectives: "${word}" does not end with ${manners.join(' or ')}`);
    for (const name of names) {
      if (!isOneOf(collectives, name))
        throw new MpiError('ERR_ARG', `collectives: "${name}" is none of ${collectives.join(', ')}`);
      found[name] = manner;
    }
  }
  return found;
}

/** How the ranks of a communicator lie in groups. */
export interface Shape {
  /** Ranks in each group; groups in the order of their first ranks. */
  readonly sizes: readonly number[];
  /** The ranks of a group follow each other. */
  readonly contiguous: boolean;
  readonly manners: Manners;
}

/** The ranks of a communicator by group, rising; groups by their first ranks. `worlds`: its ranks of the world. */
export function groupRanks(worlds: readonly number[], table: readonly number[]): readonly number[][] {
  const byGroup = new Map<number, number[]>();
  worlds.forEach((world, rank) => {
    const group = table[world] as number;
    const list = byGroup.get(group);
    if (list) list.push(rank);
    else byGroup.set(group, [rank]);
  });
  return [...byGroup.values()];
}

export const shapeOf = (groups: readonly (readonly number[])[], manners: Manners = {}): Shape => ({
  sizes: groups.map((ranks) => ranks.length),
  contiguous: groups.flat().every((rank, i) => rank === i),
  manners,
});
