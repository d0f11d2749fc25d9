/**
 * CRC32C (RFC 7143 §13.1, appendix A of RFC 3720): polynomial 1EDC6F41h reflected, all ones before and after. Short
 * runs by eight tables here; long ones by the native code of @node-rs/crc32 where it is there.
 */

import { createRequire } from 'node:module';

const polynomial = 0x82f63b78;
const tables = makeTables();

function makeTables(): Uint32Array {
  const made = new Uint32Array(8 * 256);
  for (let i = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    made[i] = crc;
  }
  for (let i = 256; i < made.length; i++) {
    const before = made[i - 256] as number;
    made[i] = (before >>> 8) ^ (made[before & 0xff] as number);
  }
  return made;
}

/** Eight bytes a step ("slicing by eight"). */
export function portableCrc32c(bytes: Uint8Array, previous = 0): number {
  const t = tables;
  const end = bytes.length - (bytes.length & 7);
  let crc = ~previous;
  let i = 0;
  for (; i < end; i += 8) {
    const low = crc ^ at(bytes, i);
    const high = at(bytes, i + 4);
    crc =
      of(t, 7, low) ^
      of(t, 6, low >>> 8) ^
      of(t, 5, low >>> 16) ^
      of(t, 4, low >>> 24) ^
      of(t, 3, high) ^
      of(t, 2, high >>> 8) ^
      of(t, 1, high >>> 16) ^
      of(t, 0, high >>> 24);
  }
  for (; i < bytes.length; i++) crc = of(t, 0, crc ^ (bytes[i] as number)) ^ (crc >>> 8);
  return ~crc >>> 0;
}

const of = (t: Uint32Array, table: number, byte: number) => t[(table << 8) | (byte & 0xff)] as number;
const at = (b: Uint8Array, i: number) =>
  (b[i] as number) |
  ((b[i + 1] as number) << 8) |
  ((b[i + 2] as number) << 16) |
  ((b[i + 3] as number) << 24);

type Crc32c = (bytes: Uint8Array, previous?: number) => number;

/** The native code; undefined where its binary is not there. */
function loadNative(): Crc32c | undefined {
  try {
    const require = createRequire(import.meta.url);
    return (require('@node-rs/crc32') as { crc32c: Crc32c }).crc32c;
  } catch {
    return undefined;
  }
}
const native = loadNative() ?? portableCrc32c;
/** From here on the call into native code pays (measured: about 250 bytes). */
const worthNative = 256;

/** The digest of `bytes`, or of what `previous` is the digest of, followed by them. */
export function crc32c(bytes: Uint8Array, previous = 0): number {
  return bytes.length < worthNative ? portableCrc32c(bytes, previous) : native(bytes, previous);
}

/** Bytes of a digest. */
export const digestSize = 4;

/** Writes a digest as it travels: least significant byte first. */
export function writeDigest(crc: number, into: Uint8Array, offset: number): void {
  for (let i = 0; i < digestSize; i++) into[offset + i] = crc >>> (8 * i);
}

/** Reads it back. */
export const readDigest = (bytes: Uint8Array, offset: number): number => at(bytes, offset) >>> 0;
