/** Our own region: made, and shared by its name, which goes with the claim on our ID. */

import { closeSync, ftruncateSync, openSync, renameSync, rmSync, statfsSync } from 'node:fs';
import { reserve } from '../../sys/files.ts';
import { SystemError } from '../../sys/libc.ts';
import { Window } from '../../sys/memory.ts';
import { files } from './claim.ts';
import { BusError } from './errors.ts';
import {
  Block,
  blockAt,
  blockBytes,
  Header,
  headerBytes,
  hostNameBytes,
  magic,
  memoryAt,
  pageBytes,
  regionBytes,
  repliesAt,
  type Shape,
  version,
} from './layout.ts';

/** The region that this host owns and alone writes. */
export class OwnRegion implements Disposable {
  readonly shape: Shape;
  readonly incarnation: number;
  readonly window: Window;
  readonly words: Int32Array;
  readonly #fd: number;
  readonly #directory: string;

  /** @throws BusError 'no-space' when /dev/shm is full */
  constructor(directory: string, id: number, shape: Shape, incarnation: number, hostName: string) {
    const size = regionBytes(shape);
    const draft = files.regionDraft(directory, id);
    this.shape = shape;
    this.incarnation = incarnation;
    this.#directory = directory;
    this.#fd = openSync(draft, 'wx+', 0o600);
    let window: Window | undefined;
    try {
      ftruncateSync(this.#fd, size);
      this.reserve(0, headerBytes);
      // Whoever maps a region may look at its block in it, whether that has been opened or not.
      for (let peer = 0; peer < shape.width; peer++) this.reserve(blockAt(peer, shape.depth), pageBytes);
      this.reserve(repliesAt(shape), memoryAt(shape) - repliesAt(shape));
      this.#expectRoom(shape.memory);
      window = Window.take(size);
      window.map(this.#fd, size, 'write');
      this.window = window;
      this.words = window.words;
      this.#describe(id, size, hostName);
      renameSync(draft, files.region(directory, id));
    } catch (error) {
      closeSync(this.#fd);
      rmSync(draft, { force: true });
      window?.release();
      throw error;
    }
  }

  /** Gives a range storage, so that touching it can't fail later. @throws BusError 'no-space' */
  reserve(offset: number, length: number): void {
    try {
      if (length > 0) reserve(this.#fd, offset, length);
    } catch (error) {
      if (!(error instanceof SystemError) || error.code !== 'ENOSPC') throw error;
      throw this.#noSpace(length, error);
    }
  }

  /** Memory for allocate() gets its storage when it is asked for; that there is none at all is said at once. */
  #expectRoom(bytes: number): void {
    const { blocks, bavail, bsize } = statfsSync(this.#directory);
    const limited = blocks > 0; // tmpfs(5): size=0 means no limit
    if (limited && bytes > bavail * bsize) throw this.#noSpace(bytes);
  }

  #noSpace(bytes: number, cause?: unknown): BusError {
    const need = (bytes / 2 ** 20).toFixed(1);
    return new BusError('no-space', `no room for ${need} MiB of shared memory in ${this.#directory}`, {
      cause,
    });
  }

  #describe(id: number, size: number, hostName: string): void {
    const words = this.words;
    const name = new TextEncoder().encode(hostName).subarray(0, hostNameBytes);
    words[Header.version] = version;
    words[Header.width] = this.shape.width;
    words[Header.id] = id;
    words[Header.pid] = process.pid;
    words[Header.depth] = this.shape.depth;
    words[Header.size] = size;
    words[Header.hostNameLength] = name.length;
    this.window.bytes.set(name, 4 * Header.hostName);
    words[Header.address] = this.window.address % 2 ** 32;
    words[Header.address + 1] = this.window.address / 2 ** 32;
    words[Header.incarnation] = this.incarnation;
    Atomics.store(words, Header.magic, magic);
  }

  /** First word of the block meant for peer `id`. */
  block(id: number): number {
    return blockAt(id, this.shape.depth) / 4;
  }

  /** Starts the block meant for a peer from nothing. @throws SystemError ENOSPC */
  openBlock(id: number, peerIncarnation: number): void {
    const at = blockAt(id, this.shape.depth);
    reserve(this.#fd, at, blockBytes(this.shape.depth));
    const block = at / 4;
    Atomics.store(this.words, block + Block.peer, 0);
    this.words.fill(0, block + 1, block + blockBytes(this.shape.depth) / 4);
    Atomics.store(this.words, block + Block.peer, peerIncarnation);
  }

  /** Tells a peer that we no longer speak to it. */
  closeBlock(id: number): void {
    Atomics.store(this.words, this.block(id) + Block.peer, 0);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
    this.window.release();
  }
}
