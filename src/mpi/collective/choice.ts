/**
 * Which algorithm a collective takes: by size, by number of ranks, by whether the operation commutes, and by how the ranks
 * lie in groups. Thresholds as in MPICH, where ours are not measured. Pure: what the calls do and what `--explain` says come
 * from here.
 */

import type { Collective, Shape } from './topology.ts';

/** Of gather, scatter and alltoall: one rank's block for another; of the others: all that a rank has, or gets. */
export interface Size {
  readonly bytes: number;
  /** Parts that it can be cut into. */
  readonly units: number;
  readonly commutes: boolean;
}

/**
 * Bytes up to which all reduce goes by recursive doubling. Measured with 2, 4 and 8 ranks that share memory: it takes half
 * the messages of Rabenseifner's algorithm.
 */
export const shortAllreduce: number = 64 << 10;
/** Bytes of which a long broadcast goes at a time between groups. */
export const segment = 128 << 10;
/** Blocks up to which they travel together between groups. */
export const shortBlock = 4096;
/** Bytes up to which a broadcast goes down a tree: so far for 4 and 8 ranks that share memory, as it takes far fewer messages. */
const longBcast = (ranks: number) => (ranks <= 8 ? 4 << 20 : 512 << 10);
const longAllgather = 80 << 10;
const shortAlltoall = 256;
const longReduce = 64 << 10;
const longRing = 1 << 20;
const fewRanks = 4;

const isPowerOfTwo = (n: number) => (n & (n - 1)) === 0;
const blocks = ({ bytes }: Size, ranks: number) =>
  bytes <= shortBlock && ranks > fewRanks ? 'binomial tree' : 'linear';

/**
 * Bytes up to which leaders reduce by recursive doubling: it takes half the messages of Rabenseifner's algorithm, and between
 * two of them no more bytes. Between hosts a message costs as much as 50 KB or so.
 */
export const shortBetween = (groups: number): number => (groups === 2 ? 1 << 20 : 64 << 10);

/** Without regard to groups. */
export const flat = {
  barrier: () => 'dissemination' as const,
  bcast: ({ bytes, units }: Size, ranks: number) =>
    bytes > longBcast(ranks) && units >= ranks && ranks > 2 ? 'scatter, ring' : 'binomial tree',
  gather: blocks,
  gatherv: () => 'linear' as const,
  scatter: blocks,
  scatterv: () => 'linear' as const,
  allgather: ({ bytes }: Size, ranks: number) => {
    if (bytes > longAllgather || ranks === 1) return 'ring';
    return isPowerOfTwo(ranks) ? 'recursive doubling' : 'Bruck';
  },
  alltoall: ({ bytes }: Size, ranks: number) =>
    bytes <= shortAlltoall && ranks > fewRanks ? 'Bruck' : 'pairwise',
  reduce: ({ bytes, units, commutes }: Size, ranks: number) =>
    commutes && ranks > 2 && units >= ranks && bytes > longReduce
      ? 'reduce-scatter, gather'
      : 'binomial tree',
  allreduce: ({ bytes, units, commutes }: Size, ranks: number) => {
    if (!commutes || units < ranks || bytes <= shortAllreduce) return 'recursive doubling';
    return !isPowerOfTwo(ranks) && bytes > longRing ? 'ring' : 'Rabenseifner';
  },
  reduceScatter: ({ commutes }: Size) => (commutes ? 'pairwise' : 'binomial tree, scatter'),
  scan: () => 'recursive doubling' as const,
} as const;

/** Every group has as many ranks. */
const isEven = ({ sizes }: Shape) => sizes.every((size) => size === sizes[0]);
/** The reduction within a group is one of ranks that follow each other, or order does not matter. */
const keepsOrder = (size: Size, shape: Shape) => size.commutes || shape.contiguous;
const inShards = (size: Size, shape: Shape) =>
  isEven(shape) && size.commutes && size.units >= (shape.sizes[0] as number);

const together = (bytes: number, most: number, forced: boolean) =>
  bytes <= most || forced ? 'leaders' : undefined;

/** A header and a parcel for each group are fewer messages than one for each rank. */
const headed = (_: Size, { sizes }: Shape, forced: boolean) =>
  forced || sizes.some((size) => size > 2) ? 'leaders' : undefined;

function reduction(size: Size, shape: Shape) {
  if (!keepsOrder(size, shape)) return undefined;
  return inShards(size, shape) && size.bytes > longReduce ? 'shards' : 'leaders';
}

/** Within groups first, then between; undefined: the flat way is better, or keeps the order. */
const layered = {
  barrier: () => 'leaders' as const,
  // A chain of g groups takes g - 2 segments longer than one of two.
  bcast: ({ bytes }: Size, { sizes }: Shape) => (bytes > sizes.length * segment ? 'pipeline' : 'leaders'),
  gather: ({ bytes }: Size, _: Shape, forced: boolean) => together(bytes, shortBlock, forced),
  gatherv: headed,
  scatter: ({ bytes }: Size, _: Shape, forced: boolean) => together(bytes, shortBlock, forced),
  scatterv: headed,
  allgather: ({ bytes }: Size) => (bytes > longAllgather ? 'ring of groups' : 'leaders'),
  alltoall: ({ bytes }: Size, _: Shape, forced: boolean) => together(bytes, shortAlltoall, forced),
  reduce: reduction,
  allreduce: reduction,
  reduceScatter: (size: Size, shape: Shape) => {
    if (!keepsOrder(size, shape)) return undefined;
    return isEven(shape) && size.commutes ? 'shards' : 'leaders';
  },
  scan: (_: Size, { contiguous }: Shape) => (contiguous ? 'leaders' : undefined),
} as const;

/** There are groups, and not only groups of one. */
export const hasLayers = ({ sizes }: Shape): boolean => sizes.length > 1 && sizes.some((size) => size > 1);

/** The layered algorithm, or undefined: a flat one. */
export function choose<C extends Collective>(
  collective: C,
  shape: Shape,
  size: Size,
): ReturnType<(typeof layered)[C]> | undefined {
  const manner = shape.manners[collective];
  if (manner === 'flat' || !hasLayers(shape)) return undefined;
  const rule: (size: Size, shape: Shape, forced: boolean) => unknown = layered[collective];
  return rule(size, shape, manner === 'hierarchical') as ReturnType<(typeof layered)[C]> | undefined;
}
