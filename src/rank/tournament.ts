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

/** The middle one of some numbers; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const [low = Number.NaN, high = Number.NaN] = [
    sorted[Math.max(0, sorted.length % 2 ? half : half - 1)],
    sorted[half],
  ];
  return (low + high) / 2;
}
