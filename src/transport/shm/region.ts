/** Our own region: made, shared by its name, and taken away again. */

import { closeSync, ftruncateSync, openSync, renameSync, rmSync, unlinkSync } from 'node:fs';
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
  readonly #path: string;

  /** @throws BusError 'no-space' when /dev/shm is full */
  constructor(directory: string, id: number, shape: Shape, incarnation: number, hostName: string) {
    const size = regionBytes(shape);
    const path = files.region(directory, id);
    const draft = `${path}.new`;
    rmSync(draft, { force: true });
    this.#fd = openSync(draft, 'wx+', 0o600);
    try {
      ftruncateSync(this.#fd, size);
      this.#reserve(0, headerBytes, directory);
      this.#reserve(repliesAt(shape), size - repliesAt(shape), directory);
    } catch (error) {
      closeSync(this.#fd);
      unlinkSync(draft);
      throw error;
    }
    this.shape = shape;
    this.incarnation = incarnation;
    this.window = Window.take(size);
    this.window.map(this.#fd, size, 'write');
    this.words = this.window.words;
    this.#describe(id, size, hostName);
    this.#path = path;
    renameSync(draft, path);
  }

  #reserve(offset: number, length: number, directory: string): void {
    try {
      reserve(this.#fd, offset, length);
    } catch (error) {
      if (!(error instanceof SystemError) || error.code !== 'ENOSPC') throw error;
      const need = (length / 2 ** 20).toFixed(1);
      throw new BusError('no-space', `no room for ${need} MiB of shared memory in ${directory}`, {
        cause: error,
      });
    }
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
    rmSync(this.#path, { force: true });
    closeSync(this.#fd);
    this.window.release();
  }
}
