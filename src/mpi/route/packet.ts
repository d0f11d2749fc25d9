/** What routers say to each other, and what they need of the world around them. */

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
  /** The first of its source on this way for a while: it pays the latency, those behind it follow at once. */
  readonly leads: boolean;
  /** The last of its message. */
  readonly ends: boolean;
  readonly way: readonly Hop[];
}

/**
 * What became of a chunk that was sent over a hop. The command that carries it is held until its final target has spoken:
 * - answered: it was taken, and what its message asked for is done: the answer rides on the receipt (GOOD);
 * - taken: the answer, if there is one, is a message of its own (CONDITION MET);
 * - busy: it was not taken here, come again (BUSY);
 * - lost: nobody knows; it may have been taken (a fault of the transport).
 */
export type Ended = 'answered' | 'taken' | 'busy' | 'lost';

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
  /**
   * Sends a chunk over the hop `at` of its way. `sent`: the port may take the next; may be called at once. `ended`: exactly
   * once, later, whatever happens. A forwarder sends the very object that came, so that its bytes can be found.
   */
  transfer(chunk: Chunk, at: number, sent: () => void, ended: (how: Ended) => void): void;
  /** To all others on the port's bus; `to`: only that port need be told. */
  flood(port: number, adverts: readonly Advert[], to?: number): void;
  /**
   * A whole message has come, in order. True: what it asked for is done already. `rides`: that answer rides on the receipt
   * of the chunk that is just being taken; if not, it has to travel as a message of its own.
   */
  delivered(source: number, message: number, rides: boolean): boolean;
  /** A chunk was taken whose message is not due yet: its bytes are wanted until that is delivered. Before its end. */
  stored?(chunk: Chunk): void;
  /** At the source: every chunk was taken. `answered`: the target was done with it at once. */
  arrived(target: number, message: number, answered: boolean): void;
  /** There has been no way to a node since then, µs; messages for it wait. Undefined: there is one again. */
  unreachable?(target: number, since: number | undefined): void;
}
