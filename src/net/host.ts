/** One host: its port on a bus, its link and its interface, run by a worker thread. */

import type { GuardMode } from '../link/guard.ts';

/** What `startHost` needs; defaults are the caller's business (cli/). */
export interface HostOptions {
  /** URL of the bus: `shm:NAME`, or `shm:/absolute/directory`. */
  readonly bus: string;
  /** Our SCSI ID on it. */
  readonly id: number;
  /** IDs on the bus: 8, 16, 32 … 256. */
  readonly width: number;
  /** LUN of the communications device, 0 to 7. */
  readonly lun: number;
  /** Name of the interface, at most 15 bytes. */
  readonly interface: string;
  /** "10.90.0.3/24", "fd90::3/64". */
  readonly addresses: readonly string[];
  /** Bytes, 68 to 65521. */
  readonly mtu: number;
  /** A named network namespace (as `ip netns` makes) or a path of one; undefined: the caller's own. */
  readonly netns: string | undefined;
  readonly guard: GuardMode;
  /** Addresses that belong to an ID: "3=10.90.0.3" gives [3, "10.90.0.3"]. */
  readonly pins: readonly (readonly [id: number, address: string])[];
  readonly busyPoll: boolean;
  /** The name that `scan` shows; usually the machine's. */
  readonly hostName: string;
}

/** What one peer cost and gave since it appeared. */
export interface PeerStatus {
  readonly id: number;
  readonly hostName: string;
  /** "02:53:43:…". */
  readonly mac: string;
  readonly extensions: readonly string[];
  /** IP addresses seen from it. */
  readonly addresses: readonly string[];
  /** When it appeared, milliseconds since 1970. */
  readonly since: number;
  readonly queued: number;
  /** Packets, bytes, drops by reason, SCSI statuses; by name. */
  readonly counters: Readonly<Record<string, number>>;
}

export interface HostStatus {
  readonly bus: string;
  readonly id: number;
  readonly width: number;
  readonly pid: number;
  readonly hostName: string;
  readonly interface: string;
  readonly netns: string | undefined;
  readonly mac: string;
  readonly mtu: number;
  readonly addresses: readonly string[];
  readonly guard: GuardMode;
  readonly since: number;
  /** What no single peer accounts for. */
  readonly counters: Readonly<Record<string, number>>;
  readonly peers: readonly PeerStatus[];
}

/** What came of a series of SCSI-level round trips. */
export interface PingResult {
  readonly sent: number;
  readonly received: number;
  /** Microseconds, in the order in which they came back. */
  readonly roundTripsUs: readonly number[];
}

/** A host that is up. */
export interface Host {
  readonly interface: string;
  readonly mac: string;
  status(): Promise<HostStatus>;
  /**
   * Times `count` commands to a target, one every `intervalMs`: WRITE BUFFER and READ BUFFER of `bytes` through its echo
   * buffer, TEST UNIT READY if 0. A command that gets no answer counts as sent only.
   */
  ping(target: number, count: number, intervalMs: number, bytes: number): Promise<PingResult>;
  /** Takes the interface and the ID away again. */
  stop(): Promise<void>;
  /** Settles when the host has ended: undefined after stop(), else why. */
  readonly ended: Promise<Error | undefined>;
}
