/** Cutting arrays into blocks, one per rank. */

export interface Blocks {
  readonly counts: readonly number[];
  readonly offsets: readonly number[];
}

/** Offsets of blocks that lie one behind the other. */
export function pack(counts: readonly number[]): Blocks {
  let at = 0;
  const offsets = counts.map((count) => {
    const offset = at;
    at += count;
    return offset;
  });
  return { counts, offsets };
}

/** `length` elements in `parts` blocks, the first ones greater; blocks are multiples of `width` elements. */
export function cut(length: number, parts: number, width = 1): Blocks {
  const units = length / width;
  const least = Math.floor(units / parts);
  const rest = units - least * parts;
  return pack(Array.from({ length: parts }, (_, i) => (least + (i < rest ? 1 : 0)) * width));
}

/** Equal blocks. */
export const equal = (count: number, parts: number): Blocks => pack(new Array<number>(parts).fill(count));

/** The blocks of some ranks, as they lie in the whole. */
export const blocksOf = ({ counts, offsets }: Blocks, ranks: readonly number[]): Blocks => ({
  counts: ranks.map((rank) => counts[rank] as number),
  offsets: ranks.map((rank) => offsets[rank] as number),
});

export const lengthOf = ({ counts }: Blocks): number => counts.reduce((sum, count) => sum + count, 0);
