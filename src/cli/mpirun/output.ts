/** What ranks write, on its way to our own standard output and error: as it is, or line by line with the rank in front. */

import type { Writable } from 'node:stream';

/** Standard output or standard error. */
type OutputDescriptor = 1 | 2;

const newline = 0x0a;
/** A line that is longer is cut. */
const longestLine = 1 << 20;

/** Puts a tag in front of lines that come in pieces. */
export class Tagger {
  readonly #tag: Buffer;
  #rest: Buffer[] = [];
  #length = 0;

  constructor(tag: string) {
    this.#tag = Buffer.from(tag);
  }

  /** The lines that are whole now. */
  push(piece: Buffer): Buffer {
    const out: Buffer[] = [];
    let start = 0;
    for (let end = piece.indexOf(newline); end >= 0; end = piece.indexOf(newline, start)) {
      out.push(this.#tag, ...this.#rest, piece.subarray(start, end + 1));
      this.#keepNothing();
      start = end + 1;
    }
    if (start < piece.length) this.#rest.push(piece.subarray(start));
    this.#length += piece.length - start;
    if (this.#length > longestLine) out.push(this.finish());
    return Buffer.concat(out);
  }

  /** The last line, that has no end of its own. */
  finish(): Buffer {
    if (this.#length === 0) return Buffer.alloc(0);
    const line = Buffer.concat([this.#tag, ...this.#rest, Buffer.of(newline)]);
    this.#keepNothing();
    return line;
  }

  #keepNothing(): void {
    this.#rest = [];
    this.#length = 0;
  }
}

export class Output {
  readonly #tagged: boolean;
  readonly #to: Readonly<Record<OutputDescriptor, Writable>>;
  readonly #taggers = new Map<string, Tagger>();
  #unwritten = 0;
  #whenWritten: (() => void) | undefined;

  constructor(tagged: boolean, to: Readonly<Record<OutputDescriptor, Writable>>) {
    this.#tagged = tagged;
    this.#to = to;
  }

  /** Takes what a rank has written; `taken` is called when it may write more. */
  write(rank: number, descriptor: OutputDescriptor, bytes: Buffer, taken: () => void): void {
    this.#send(descriptor, this.#tagged ? this.#tagger(rank, descriptor).push(bytes) : bytes, taken);
  }

  /** The rank writes no more. */
  finish(rank: number): void {
    if (!this.#tagged) return;
    for (const descriptor of [1, 2] as const)
      this.#send(descriptor, this.#tagger(rank, descriptor).finish(), () => undefined);
  }

  /** All that was taken has been written. */
  written(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#unwritten === 0) resolve();
      else this.#whenWritten = resolve;
    });
  }

  #tagger(rank: number, descriptor: OutputDescriptor): Tagger {
    const key = `${rank}.${descriptor}`;
    const tagger = this.#taggers.get(key) ?? new Tagger(`[${rank}] `);
    this.#taggers.set(key, tagger);
    return tagger;
  }

  #send(descriptor: OutputDescriptor, bytes: Buffer, taken: () => void): void {
    if (bytes.length === 0) {
      taken();
      return;
    }
    this.#unwritten++;
    this.#to[descriptor].write(bytes, () => {
      taken();
      if (--this.#unwritten === 0) this.#whenWritten?.();
    });
  }
}
