/**
 * How a target gets data-out: from the initiator's region, or, where the kernel lets it, from memory of the initiator's
 * that is not shared (process_vm_readv). The second spares the initiator a copy, and costs the kernel a look at every page.
 * Both are timed, and the initiator is told, who knows what the copy takes.
 */

import { placeOf, readOther } from '../../sys/other-memory.ts';
import { realClock } from '../../time/clock.ts';
import { Pace } from '../../time/pace.ts';
import type { Task } from '../task.ts';
import type { FarData } from '../transport.ts';
import { Block, Header, maxFar, pageBytes, Submission } from './layout.ts';
import type { Peer } from './peer.ts';

/** Fetches of fewer bytes tell little. */
const worthTiming = 8192;
/** The initiator is told of its region's pace after so many measurements. */
const tellEach = 8;
/**
 * REP MOVSB, with which the kernel copies, too, falls to a tenth of its speed on some processors where the target's place
 * in its page is less than a line behind the source's (glibc bug 30994). Then the data go by way of memory half a page off.
 */
const line = 64;
const detour = new Uint8Array(32768 + pageBytes);

export class FarReader {
  /** We have said that we fetch data-out from the initiator's own memory. */
  possible = false;
  readonly #peer: Peer;
  readonly #near = new Pace();
  readonly #far = new Pace();

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  /** Tells the initiator that its own memory can be read, if that is so: its region's head is read there for a trial. */
  offer(): void {
    const { pid, theirWords, incarnation, region, ourBlock } = this.#peer;
    const low = (theirWords[Header.address] as number) >>> 0;
    const high = theirWords[Header.address + 1] as number;
    const address = high * 2 ** 32 + low + 4 * Header.incarnation;
    if (pid <= 0 || high < 0 || !Number.isSafeInteger(address)) return;
    const seen = new Int32Array(1);
    const bytes = new Uint8Array(seen.buffer);
    this.possible = readOther(pid, address, bytes, 0, bytes.length) && seen[0] === incarnation;
    if (this.possible) Atomics.store(region.words, ourBlock + Block.reach, 1);
  }

  /** The address in the queue entry at a word of its region; 0: it must not be there. */
  addressAt(entry: number): number {
    const { theirWords } = this.#peer;
    const low = (theirWords[entry + Submission.dataOutOffset] as number) >>> 0;
    const high = theirWords[entry + Submission.about] as number;
    const address = high * 2 ** 32 + low;
    return this.possible && high >= 0 && Number.isSafeInteger(address) ? address : 0;
  }

  /** From its region. */
  near(bytes: Uint8Array, from: number, into: Uint8Array, at: number, length: number): true {
    const start = this.possible && length >= worthTiming ? realClock.now() : 0;
    into.set(bytes.subarray(from, from + length), at);
    if (start > 0) this.#time(this.#near, start, length, Block.nearPace);
    return true;
  }

  /** From its own memory; false: the kernel refuses, or the initiator has left meanwhile. */
  far(address: number, into: Uint8Array, at: number, length: number): boolean {
    const start = realClock.now();
    const behind = (placeOf(into) + at - address) & (pageBytes - 1);
    const slow = behind > 0 && behind < line && length > line;
    const came = slow
      ? this.#roundabout(address, into, at, length)
      : readOther(this.#peer.pid, address, into, at, length);
    if (!came || !this.#peer.acknowledges) return false; // who has let go of us may have used the memory again
    if (length >= worthTiming) this.#time(this.#far, start, length, Block.farPace);
    return true;
  }

  #roundabout(address: number, into: Uint8Array, at: number, length: number): boolean {
    const first = (address + pageBytes / 2 - placeOf(detour)) & (pageBytes - 1);
    const most = detour.length - pageBytes;
    for (let done = 0; done < length; done += most) {
      const count = Math.min(most, length - done);
      if (!readOther(this.#peer.pid, address + done, detour, first, count)) return false;
      into.set(detour.subarray(first, first + count), at + done);
    }
    return true;
  }

  #time(pace: Pace, start: number, bytes: number, word: number): void {
    pace.add(realClock.now() - start, bytes);
    if (pace === this.#near && pace.count % tellEach !== 0) return;
    const { region, ourBlock } = this.#peer;
    region.words[ourBlock + word] = Math.max(1, Math.round(pace.value * 1e9)); // of milliseconds
  }
}

/** What a target says of its reading our own memory. */
export class FarOffer implements FarData {
  readonly maxDataOut = maxFar;
  readonly #words: Int32Array;
  readonly #block: number;

  constructor({ theirWords, theirBlock }: Peer) {
    this.#words = theirWords;
    this.#block = theirBlock;
  }

  get stands(): boolean {
    return this.#words[this.#block + Block.reach] === 1;
  }

  /** Puts into the queue entry where in our memory a task's data-out lies. */
  put({ dataOut, dataOutOffset }: Task, words: Int32Array, entry: number): void {
    const address = placeOf(dataOut) + dataOutOffset;
    words[entry + Submission.dataOutOffset] = address % 2 ** 32;
    words[entry + Submission.about] = address / 2 ** 32;
  }

  get near(): number {
    return this.#words[this.#block + Block.nearPace] as number;
  }

  get far(): number {
    return this.#words[this.#block + Block.farPace] as number;
  }
}
