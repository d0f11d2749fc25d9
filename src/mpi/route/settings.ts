/** What can be chosen about a router. */

export interface RouterSettings {
  /** Bytes of a chunk. Messages of half of it and more are a stream: they share several ways. */
  readonly chunk: number;
  /** Chunks of a pair on their way at once; as many may wait at the target for an earlier one. */
  readonly window: number;
  /** Chunks sent over a hop and not ended, for each class: so many buffers the other side has for us. */
  readonly credits: number;
  /** Ways that a stream may take at once. */
  readonly stripes: number;
  /** Bytes for which the ways of a stream are chosen; 8 MiB. */
  readonly stream?: number;
  /** A chunk that has not ended for so long goes again another way, at the least; 60,000 µs. */
  readonly late?: number;
}

export const defaultStream = 8 << 20;
export const defaultLate = 60_000;
