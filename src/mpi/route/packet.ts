/** What routers say to each other. */

import type { Hop } from './network.ts';

/** A piece of a message. It carries its whole way, so that no node's table can send it in circles. */
export interface Chunk {
  readonly source: number;
  readonly target: number;
  /** Counts the chunks of this pair. */
  readonly sequence: number;
  /** The source's name for the message. */
  readonly message: number;
  readonly bytes: number;
  /** The first of its message on this way: it pays the latency, those behind it follow at once. */
  readonly leads: boolean;
  /** The last of its message. */
  readonly ends: boolean;
  readonly way: readonly Hop[];
}

/** All chunks below `next` have come; goes from the target back to the source. */
export interface Receipt {
  readonly source: number;
  readonly target: number;
  readonly next: number;
}

/** Which ports a node hears: its own that work, and those of others on the same buses. */
export interface Advert {
  readonly origin: number;
  /** A later advert has a greater number. */
  readonly sequence: number;
  readonly heard: ReadonlySet<number>;
}

/** What a router needs of the world around it. Pure: time too comes from here. */
export interface Wire {
  /** µs. */
  now(): number;
  /** Calls once, `delay` µs from now. */
  after(delay: number, then: () => void): void;
  /** Sends a chunk over the hop `at` of its way; `sent` when the port may take the next. */
  transfer(chunk: Chunk, at: number, sent: () => void): void;
  /** Says to the sender's side of a hop that a buffer of that class is free again. */
  credit(hop: Hop, bufferClass: number): void;
  /** Control packets: small, few, never held up by data, lost where a port fails. */
  receipt(way: readonly Hop[], receipt: Receipt): void;
  /** To all others on the port's bus. */
  flood(port: number, adverts: readonly Advert[]): void;
  /** A whole message has come, in order. */
  delivered(source: number, message: number): void;
}
