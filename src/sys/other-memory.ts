/**
 * Memory of other processes, read where it lies (process_vm_readv(2)): by the kernel, straight into ours. It allows that
 * among processes of one user, unless a security module forbids it or the other process is not dumpable.
 */

import { type Address, libc } from './libc.ts';

const move = libc.func('uintptr_t memmove(void *to, void *from, size_t length)') as (
  to: Uint8Array,
  from: Uint8Array,
  length: number,
) => number;
const readVector = libc.func(
  'intptr_t process_vm_readv(int pid, void *local, unsigned long locals, void *remote, unsigned long remotes, unsigned long flags)',
) as (
  pid: number,
  local: Uint8Array,
  locals: number,
  remote: Uint8Array,
  remotes: number,
  flags: number,
) => number;

const bases = new WeakMap<ArrayBufferLike, Address>();

/** Where bytes lie in this process. The memory behind an ArrayBuffer does not move while the buffer lives. */
export function placeOf(bytes: Uint8Array): Address {
  const { buffer, byteOffset } = bytes;
  let base = bases.get(buffer);
  if (base === undefined) {
    const whole = new Uint8Array(buffer);
    base = move(whole, whole, 0); // moves nothing, and says where to
    bases.set(buffer, base);
  }
  return base + byteOffset;
}

/** Two struct iovec, ours and theirs: address and length of 64 bits each, as words. */
const words = new Uint32Array(8);
const ours = new Uint8Array(words.buffer, 0, 16);
const theirs = new Uint8Array(words.buffer, 16, 16);
const littleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
const [low, high] = littleEndian ? [0, 1] : [1, 0];

function put(at: number, value: number): void {
  words[at + low] = value;
  words[at + high] = value / 2 ** 32;
}

/**
 * Reads `length` bytes at `address` of process `pid` into `into`, from `at` on; false: the kernel refuses, or not all of
 * it is there.
 */
export function readOther(
  pid: number,
  address: Address,
  into: Uint8Array,
  at: number,
  length: number,
): boolean {
  if (at < 0 || length < 0 || at + length > into.length) return false;
  if (length === 0) return true;
  put(0, placeOf(into) + at);
  put(2, length);
  put(4, address);
  put(6, length);
  return readVector(pid, ours, 1, theirs, 1, 0) === length;
}
