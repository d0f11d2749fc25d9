/** The line to a process manager: a descriptor that blocks. Reads are exact, whatever the pieces that come. */

import { readSync, writeSync } from 'node:fs';
import { MpiError } from '../errors.ts';

/** What a client speaks through. */
export interface Wire {
  write(text: string): void;
  /** A line, without its end. @throws MpiError when the process manager has gone */
  readLine(): string;
  /** So many bytes. @throws MpiError when the process manager has gone */
  read(bytes: number): string;
}

/** The longest line that is waited for: PMI-1 has lines of 1024 bytes. */
const longestLine = 65_536;

export class DescriptorWire implements Wire {
  readonly #fd: number;
  readonly #chunk = Buffer.alloc(4096);
  #pending = Buffer.alloc(0);

  constructor(fd: number) {
    this.#fd = fd;
  }

  write(text: string): void {
    let rest = Buffer.from(text);
    while (rest.length > 0) rest = rest.subarray(this.#call(() => writeSync(this.#fd, rest)));
  }

  readLine(): string {
    let end = this.#pending.indexOf(0x0a);
    while (end < 0) {
      if (this.#pending.length > longestLine) throw new MpiError('ERR_OTHER', 'PMI: a line without an end');
      this.#more();
      end = this.#pending.indexOf(0x0a);
    }
    const line = this.#take(end);
    this.#take(1);
    return line;
  }

  read(bytes: number): string {
    while (this.#pending.length < bytes) this.#more();
    return this.#take(bytes);
  }

  #take(bytes: number): string {
    const text = this.#pending.toString('utf8', 0, bytes);
    this.#pending = this.#pending.subarray(bytes);
    return text;
  }

  #more(): void {
    const count = this.#call(() => readSync(this.#fd, this.#chunk));
    if (count === 0) throw new MpiError('ERR_OTHER', 'PMI: the process manager has gone');
    this.#pending = Buffer.concat([this.#pending, this.#chunk.subarray(0, count)]);
  }

  #call(system: () => number): number {
    try {
      return system();
    } catch (cause) {
      throw new MpiError('ERR_OTHER', `PMI: descriptor ${this.#fd}: ${(cause as Error).message}`, { cause });
    }
  }
}
