/** What the link and the interface above it say to each other. */

import type { CommandSet } from './command-set.ts';

/** Takes what arrives. */
export interface Sink {
  /**
   * A frame: `headerLength` bytes of `header` (virtio_net_hdr, Ethernet header, first bytes of the datagram), then
   * `length` bytes of `data` from `offset`, which may be a peer's memory and be changed by it at any time. Neither may
   * be kept. False: the interface did not take it.
   */
  deliver(
    header: Uint8Array,
    headerLength: number,
    data: Uint8Array,
    offset: number,
    length: number,
  ): boolean;
}

/** What became of a frame given to transmit(). 'full': nothing was taken; the caller keeps it and tries again. */
export type Disposition = 'sent' | 'dropped' | 'full';

/** One peer, as `snapshot()` tells it. */
interface PeerSnapshot {
  readonly id: number;
  readonly hostName: string;
  readonly mac: string;
  /** What it announced, and the commands that survive on the way to it: see extensions.ts and command-set.ts. */
  readonly extensions: readonly string[];
  readonly commandSet: CommandSet;
  readonly addresses: readonly string[];
  /** When it appeared, in the clock's milliseconds. */
  readonly since: number;
  /** Datagrams on their way to it or waiting for it. */
  readonly queued: number;
  readonly state: string;
  readonly counters: Readonly<Record<string, number>>;
}

export interface LinkSnapshot {
  readonly mac: string;
  readonly counters: Readonly<Record<string, number>>;
  readonly peers: readonly PeerSnapshot[];
}
