/** Serial numbers of 32 bits that wrap around (RFC 1982, RFC 7143 §4.2.2). */

/** The number `by` further on. */
export const advance = (serial: number, by = 1): number => (serial + by) >>> 0;

/** How far `a` is ahead of `b`: negative when it is behind. */
export const ahead = (a: number, b: number): number => (a - b) | 0;
