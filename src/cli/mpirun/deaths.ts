/**
 * Which death is the cause of the others: a rank that loses a peer dies of it, and may be reaped before that peer.
 * Pure: what is known of the deaths so far in, a verdict out.
 */

/** How a rank ended that should not have. */
export interface Death {
  readonly rank: number;
  /** World rank of the first peer that it lost; -1: none. */
  readonly lost: number;
}

/**
 * The death that explains the others: of a rank that had lost nobody, else the end of the chain of who lost whom.
 * Undefined while a rank that was lost is still running: its end tells more.
 */
export function findCause<D extends Death>(
  deaths: readonly D[],
  isRunning: (rank: number) => boolean,
): D | undefined {
  const own = deaths.find(({ lost }) => lost < 0);
  if (own || deaths.length === 0) return own;
  const [first] = deaths as readonly [D];
  const seen = new Set<D>();
  for (let death: D = first; ; ) {
    seen.add(death);
    const next = deaths.find(({ rank }) => rank === death.lost);
    if (!next) return isRunning(death.lost) ? undefined : death;
    if (seen.has(next)) return first; // each lost the other
    death = next;
  }
}
