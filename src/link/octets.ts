/**
 * Numbers in packets, read and written in place: for per-packet code, where a view of a layout costs too much (R5).
 * Offsets must lie inside; a read outside gives 0.
 */

/** Big endian, unsigned. */
export const be16 = (b: Uint8Array, at: number): number => ((b[at] as number) << 8) | (b[at + 1] as number);

/** Little endian, unsigned: virtio_net_hdr only. */
export const le16 = (b: Uint8Array, at: number): number => (b[at] as number) | ((b[at + 1] as number) << 8);

/** Big endian, signed: for comparing and hashing 32-bit words without leaving small integers. */
export const int32 = (b: Uint8Array, at: number): number =>
  ((b[at] as number) << 24) |
  ((b[at + 1] as number) << 16) |
  ((b[at + 2] as number) << 8) |
  (b[at + 3] as number);

/** Big endian, unsigned. */
export const be32 = (b: Uint8Array, at: number): number => int32(b, at) >>> 0;

export function putBe16(b: Uint8Array, at: number, value: number): void {
  b[at] = value >>> 8;
  b[at + 1] = value;
}

export function putLe16(b: Uint8Array, at: number, value: number): void {
  b[at] = value;
  b[at + 1] = value >>> 8;
}

export function putBe32(b: Uint8Array, at: number, value: number): void {
  b[at] = value >>> 24;
  b[at + 1] = value >>> 16;
  b[at + 2] = value >>> 8;
  b[at + 3] = value;
}

/** Few bytes, moved one by one: below some fifty bytes cheaper than `set(subarray())`. */
export function move(from: Uint8Array, at: number, to: Uint8Array, toAt: number, length: number): void {
  for (let i = 0; i < length; i++) to[toAt + i] = from[at + i] as number;
}

export function same(a: Uint8Array, at: number, b: Uint8Array, bAt: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[at + i] !== b[bAt + i]) return false;
  return true;
}
