/**
 * A page that a job's ranks and its launcher share: what each rank is doing, and where it is blocked. Ranks write
 * their own part, the launcher reads. It is there so that a dead or stuck job can be explained.
 */

import { closeSync, ftruncateSync, openSync } from 'node:fs';
import { Window } from '../sys/memory.ts';
import { ActivityWord, activityWords, operations, type Watch } from './activity.ts';

const rankBytes = 1024;
const textAt = 64;
const textLengthWord = activityWords;

/** Where a rank is in its life. */
export const Phase = { starting: 0, running: 1, finalized: 2 } as const;

/** What a blocked call says of itself. */
interface Blocked {
  readonly waitsFor: readonly number[];
  /** The line of the program that called. */
  readonly at: string;
}

/** What a rank was last seen doing. */
export interface Sighting extends Blocked {
  readonly operation: string;
  /** World rank; negative: none, or any. */
  readonly peer: number;
  readonly tag: number;
  readonly bytes: number;
  /** Calls so far. */
  readonly calls: number;
  readonly blocked: boolean;
  readonly finalized: boolean;
  /** World rank of the first peer that it lost; -1: none. */
  readonly lost: number;
}

export class JobPage {
  readonly #window: Window;
  readonly #size: number;

  private constructor(path: string, size: number, flags: string) {
    const bytes = size * rankBytes;
    const fd = openSync(path, flags, 0o600);
    try {
      if (flags === 'wx+') ftruncateSync(fd, bytes);
      this.#window = Window.take(bytes);
      this.#window.map(fd, bytes, 'write');
    } finally {
      closeSync(fd);
    }
    this.#size = size;
  }

  /** For the launcher. */
  static create(path: string, size: number): JobPage {
    return new JobPage(path, size, 'wx+');
  }

  /** For a rank. */
  static open(path: string, size: number): JobPage {
    return new JobPage(path, size, 'r+');
  }

  #words(rank: number): Int32Array {
    return this.#window.words.subarray((rank * rankBytes) / 4, ((rank + 1) * rankBytes) / 4);
  }

  /** A rank's own part. `callSite` tells the line of the program that is running. */
  watch(rank: number, callSite: () => string): Watch {
    const words = this.#words(rank);
    const at = rank * rankBytes + textAt;
    const text = this.#window.bytes.subarray(at, at + rankBytes - textAt);
    return {
      words,
      blocked: (waitsFor) => {
        const blocked: Blocked = { waitsFor: waitsFor.slice(0, 64), at: callSite() };
        const { written } = new TextEncoder().encodeInto(JSON.stringify(blocked), text);
        Atomics.store(words, textLengthWord, written);
      },
      resumed: () => undefined,
    };
  }

  /** What a rank was last seen doing. */
  read(rank: number): Sighting {
    const words = this.#words(rank);
    const word = (index: number) => Atomics.load(words, index);
    const at = rank * rankBytes + textAt;
    const length = Math.min(Math.max(word(textLengthWord), 0), rankBytes - textAt);
    return {
      ...parseBlocked(new TextDecoder().decode(this.#window.bytes.slice(at, at + length))),
      operation: operations[word(ActivityWord.operation)] ?? 'an unknown call',
      peer: word(ActivityWord.peer),
      tag: word(ActivityWord.tag),
      bytes: word(ActivityWord.bytes),
      calls: word(ActivityWord.calls),
      blocked: word(ActivityWord.blocked) !== 0,
      finalized: word(ActivityWord.phase) === Phase.finalized,
      lost: word(ActivityWord.lost) - 1,
    };
  }

  /** All ranks. */
  readAll(): Sighting[] {
    return Array.from({ length: this.#size }, (_, rank) => this.read(rank));
  }

  close(): void {
    this.#window.release();
  }
}

function parseBlocked(text: string): Blocked {
  try {
    const { waitsFor, at } = JSON.parse(text) as Partial<Blocked>;
    return { waitsFor: Array.isArray(waitsFor) ? waitsFor.map(Number) : [], at: String(at ?? '') };
  } catch {
    return { waitsFor: [], at: '' };
  }
}
