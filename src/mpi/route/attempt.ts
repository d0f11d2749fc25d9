/** A copy of a chunk that its source sends: at most two of them are under way on ways that work. */

import type { Crossing } from './gate.ts';
import type { Chunk, Ended } from './packet.ts';
import type { Way } from './ways.ts';

/** A message at its source. */
export interface Outgoing {
  readonly message: number;
  readonly size: number;
  /** Its chunks share several ways. */
  readonly streams: boolean;
  /** Bytes that have been cut into chunks. */
  cut: number;
  /** Chunks that were not taken yet. */
  missing: number;
  answered: boolean;
}

/** A chunk that its source keeps until it was taken. */
export interface Kept {
  readonly of: Outgoing;
  readonly sequence: number;
  readonly bytes: number;
  readonly ends: boolean;
  first: Attempt | undefined;
  second: Attempt | undefined;
  /** µs: when it is to go again; Infinity: it is under way, or there is no way. */
  resume: number;
  done: boolean;
}

interface Owner {
  dropped(attempt: Attempt): void;
  ended(attempt: Attempt, how: Ended): void;
}

export class Attempt implements Crossing {
  readonly at = 0;
  readonly chunk: Chunk;
  readonly kept: Kept;
  readonly way: Way;
  /** µs: when it was made. */
  readonly since: number;
  /** Gives its place at the port to another, though it has not ended. */
  release: (() => void) | undefined;
  cancelled = false;
  readonly urgent: boolean;
  late = false;
  readonly #owner: Owner;

  constructor(chunk: Chunk, kept: Kept, way: Way, owner: Owner, since: number, urgent: boolean) {
    this.chunk = chunk;
    this.kept = kept;
    this.way = way;
    this.#owner = owner;
    this.since = since;
    this.urgent = urgent;
  }

  left(release: () => void): void {
    this.release = release;
  }

  /** The port has taken it. */
  get gone(): boolean {
    return this.release !== undefined;
  }

  dropped(): void {
    this.#owner.dropped(this);
  }

  ended(how: Ended): void {
    this.#owner.ended(this, how);
  }
}
