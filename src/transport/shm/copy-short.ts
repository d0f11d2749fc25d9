/** Copying a few bytes, for which a view would cost more than the copying. */

/** Byte by byte. */
export function copyShort(
  to: Uint8Array,
  at: number,
  from: Uint8Array,
  offset: number,
  length: number,
): void {
  for (let i = 0; i < length; i++) to[at + i] = from[offset + i] as number;
}

/** Whole words; offsets and length in words. */
export function copyWords(
  to: Int32Array,
  at: number,
  from: Int32Array,
  offset: number,
  length: number,
): void {
  for (let i = 0; i < length; i++) to[at + i] = from[offset + i] as number;
}
