/** Figures of a series of round trips. Pure. */

export interface Summary {
  readonly sent: number;
  readonly received: number;
  readonly lossPercent: number;
  /** Microseconds; undefined when nothing came back. */
  readonly minUs: number | undefined;
  readonly medianUs: number | undefined;
  readonly p99Us: number | undefined;
}

/** The smallest value that at least `share` of all values do not exceed ("nearest rank"). */
export function percentile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.max(Math.ceil(share * sorted.length) - 1, 0)];
}

/** The middle, or the mean of the two in the middle. */
export function median(sorted: readonly number[]): number | undefined {
  const half = sorted.length >>> 1;
  const [low, high] = [sorted[sorted.length % 2 ? half : half - 1], sorted[half]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

export function summarize(sent: number, roundTripsUs: readonly number[]): Summary {
  const sorted = [...roundTripsUs].sort((a, b) => a - b);
  const received = sorted.length;
  return {
    sent,
    received,
    lossPercent: sent === 0 ? 0 : (100 * (sent - received)) / sent,
    minUs: sorted[0],
    medianUs: median(sorted),
    p99Us: percentile(sorted, 0.99),
  };
}
