/** Who measures with whom and when, so that nobody is measured twice at once. Pure. */

/**
 * The rounds of one player: in each its partner, or undefined for a rest. Every two meet once (circle method); with `most`
 * rounds some never do.
 */
export function rounds(players: number, self: number, most: number = players): (number | undefined)[] {
  const seats = players + (players % 2);
  const turning = seats - 1;
  const partner = (round: number) => {
    if (self === turning) return (round * (seats / 2)) % turning;
    // Players whose numbers have the sum `round`, counted round the circle, meet; who would meet himself meets the last.
    const other = (((round - self) % turning) + turning) % turning;
    return other === self ? turning : other;
  };
  return Array.from({ length: Math.min(most, Math.max(0, turning)) }, (_, round) => {
    const other = partner(round);
    return other < players ? other : undefined;
  });
}

/** The number below which that part of some numbers is, with the mean of two where it lies between them; NaN of none. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = part * (sorted.length - 1);
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return (low + high) / 2;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);
