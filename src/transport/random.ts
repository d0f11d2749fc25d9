/** Chance that can be repeated: the same seed gives the same numbers. Not for secrets. */

/** Numbers from 0 to less than 1. */
export type Random = () => number;

/** Marsaglia's 32-bit xorshift (Journal of Statistical Software 8/14, 2003). */
export function xorshift(seed: number): Random {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
