/** The Internet checksum (RFC 1071), and completing one that the kernel left to us. */

import { be16, putBe16 } from './octets.ts';

const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** 32-bit views of whole buffers, made once each: making one costs as much as summing 200 bytes. */
const views = new WeakMap<ArrayBufferLike, Uint32Array>();

function wordsOf(buffer: ArrayBufferLike): Uint32Array {
  let words = views.get(buffer);
  if (!words) {
    words = new Uint32Array(buffer, 0, buffer.byteLength >>> 2);
    views.set(buffer, words);
  }
  return words;
}

/** Folds a sum to 16 bits with end-around carry (RFC 1071 §4.1). */
export function fold(sum: number): number {
  let folded = (sum & 0xffff) + Math.floor(sum / 0x10000);
  while (folded > 0xffff) folded = (folded & 0xffff) + (folded >>> 16);
  return folded;
}

/** The definition, two bytes at a time. */
export function naiveSum(bytes: Uint8Array, at: number, length: number): number {
  let sum = 0;
  const even = at + (length & ~1);
  for (let i = at; i < even; i += 2) sum += be16(bytes, i);
  if (length & 1) sum += (bytes[even] as number) << 8;
  return fold(sum);
}

/** Sum of whole words in the machine's byte order; at most 64 KiB of them. */
function sumWords(words: Uint32Array, from: number, count: number): number {
  let low = 0;
  let high = 0;
  let i = from;
  for (const end = from + (count & ~3); i < end; i += 4) {
    const a = words[i] as number;
    const b = words[i + 1] as number;
    const c = words[i + 2] as number;
    const d = words[i + 3] as number;
    low += (a & 0xffff) + (b & 0xffff) + (c & 0xffff) + (d & 0xffff);
    high += (a >>> 16) + (b >>> 16) + (c >>> 16) + (d >>> 16);
  }
  for (const end = from + count; i < end; i++) {
    const a = words[i] as number;
    low += a & 0xffff;
    high += a >>> 16;
  }
  return fold(low + high);
}

/** One's complement sum of `length` bytes, folded, in network order. At most 128 KiB. */
export function sum(bytes: Uint8Array, at: number, length: number): number {
  const first = bytes.byteOffset + at;
  if (length < 32 || first & 1) return naiveSum(bytes, at, length);
  const head = first & 2;
  const count = (length - head) >>> 2;
  const words = sumWords(wordsOf(bytes.buffer), (first + head) >>> 2, count);
  // Byte order does not matter to the sum but for one swap at the end (RFC 1071 §2 B).
  const middle = littleEndian ? ((words & 0xff) << 8) | (words >>> 8) : words;
  const done = head + 4 * count;
  return fold((head ? be16(bytes, at) : 0) + middle + naiveSum(bytes, at + done, length - done));
}

/** The checksum of `length` bytes and of what `initial` already sums up. */
export const checksum = (bytes: Uint8Array, at: number, length: number, initial = 0): number =>
  ~fold(initial + sum(bytes, at, length)) & 0xffff;

/** Sum of the pseudo-header of TCP or UDP over the IP datagram at `at` (RFC 9293 §3.1, RFC 8200 §8.1). */
export function pseudoHeader(bytes: Uint8Array, at: number, protocol: number, length: number): number {
  const ipv4 = (bytes[at] as number) >>> 4 === 4;
  return fold((ipv4 ? sum(bytes, at + 12, 8) : sum(bytes, at + 8, 32)) + protocol + length);
}

/**
 * Completes a partial checksum: the field at `start + offset` holds the pseudo-header's sum (VIRTIO 1.2 §5.1.6.2).
 * `start` counts from the datagram. False, and nothing done: it would lie outside.
 */
export function completeChecksum(
  bytes: Uint8Array,
  at: number,
  length: number,
  start: number,
  offset: number,
): boolean {
  if (start + offset + 2 > length) return false;
  const value = checksum(bytes, at + start, length - start);
  // Zero would say "no checksum" in UDP (RFC 768); its complement is the same number.
  putBe16(bytes, at + start + offset, value === 0 ? 0xffff : value);
  return true;
}
