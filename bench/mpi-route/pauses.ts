/** Pauses in a stream, and the one that a cut has made. Pure but for the clock. */

/** Milliseconds. Pauses shorter than that are not told. */
export const noteworthy = 1;

/** Milliseconds of the monotonic clock, which is the same for all processes of a machine. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6;

export interface Pause {
  readonly from: number;
  readonly to: number;
}

/** Lines "from to"; others are left out. */
export const parsePauses = (text: string): Pause[] =>
  [...text.matchAll(/^(\d+\.\d+) (\d+\.\d+)$/gm)].map(([, from, to]) => ({
    from: Number(from),
    to: Number(to),
  }));

/** The longest pause that a cut may have made: it ended after the cut, and began within `reach` milliseconds. */
export function longestAfter(pauses: readonly Pause[], cut: number, reach: number): Pause | undefined {
  const near = pauses.filter(({ from, to }) => to > cut && from < cut + reach);
  return near.reduce<Pause | undefined>(
    (longest, each) => (longest && longest.to - longest.from >= each.to - each.from ? longest : each),
    undefined,
  );
}
