/**
 * Windows: address ranges that stay reserved for the life of the process and through which files are looked at, one
 * after another. A window is never unmapped, only emptied and used again, so that a stale view of it can't crash the
 * process. Not guarded against: somebody who shortens a file while it is mapped (SIGBUS).
 */

import koffi from 'koffi';
import { type Address, check, libc } from './libc.ts';

const mmap = libc.func(
  'intptr_t mmap(uintptr_t address, size_t length, int protection, int flags, int fd, int64_t offset)',
) as (
  address: number,
  length: number,
  protection: number,
  flags: number,
  fd: number,
  offset: number,
) => number;

const read = 1;
const write = 2;
const shared = 0x01;
const privateCopy = 0x02;
const fixed = 0x10;
const anonymous = 0x20;
const noReserve = 0x4000;
/** Any page size divides it. */
const granule = 65536;

const bases = new WeakMap<ArrayBufferLike, Address>();
const idle = new Map<number, Window[]>();

/** Address of bytes that lie in a window; 0 for any other bytes. */
export function addressOf(bytes: Uint8Array): Address {
  const base = bases.get(bytes.buffer);
  return base === undefined ? 0 : base + bytes.byteOffset;
}

/** A reserved range of `size` bytes, all zeros until a file is mapped. */
export class Window {
  readonly size: number;
  readonly address: Address;
  readonly buffer: ArrayBuffer;
  readonly bytes: Uint8Array;
  readonly words: Int32Array;

  private constructor(size: number) {
    this.size = size;
    this.address = check(mmap(0, size, read, privateCopy | anonymous | noReserve, -1, 0), 'mmap');
    this.buffer = koffi.view(this.address, size);
    this.bytes = new Uint8Array(this.buffer);
    this.words = new Int32Array(this.buffer);
    bases.set(this.buffer, this.address);
  }

  /** Takes a window of at least `size` bytes, an idle one if there is one. @throws SystemError */
  static take(size: number): Window {
    const rounded = Math.ceil(size / granule) * granule;
    return idle.get(rounded)?.pop() ?? new Window(rounded);
  }

  /** Memory of our own, zeroed. */
  static own(size: number): Window {
    const window = Window.take(size);
    check(mmap(window.address, window.size, read | write, privateCopy | anonymous | fixed, -1, 0), 'mmap');
    return window;
  }

  /** Shows the first `length` bytes of a file; what lies beyond stays zeros. @throws SystemError */
  map(fd: number, length: number, access: 'read' | 'write'): void {
    if (length > this.size) throw new RangeError(`a window of ${this.size} bytes cannot show ${length}`);
    const protection = access === 'write' ? read | write : read;
    check(mmap(this.address, length, protection, shared | fixed, fd, 0), 'mmap');
  }

  /** Empties the window and lets others take it. Stale views of it touch private memory from now on, and harm nobody. */
  release(): void {
    check(
      mmap(this.address, this.size, read | write, privateCopy | anonymous | noReserve | fixed, -1, 0),
      'mmap',
    );
    const others = idle.get(this.size);
    if (others) others.push(this);
    else idle.set(this.size, [this]);
  }
}
