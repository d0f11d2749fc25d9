/** What a bus file says: plain data, checked, with every default filled in. docs/config.md has the words. */

import type { Mistake } from './mistakes.ts';

export const digestModes = ['off', 'header', 'on'] as const;
export type DigestMode = (typeof digestModes)[number];

/** Where a secret is to be found; never the secret. */
export type SecretRef =
  | { readonly kind: 'file' /** Absolute. */; readonly path: string }
  | { readonly kind: 'environment'; readonly variable: string };

/** A CHAP name, and where its secret is. */
export interface ChapIdentity {
  readonly name: string;
  readonly secret: SecretRef;
  /** In the file. */
  readonly line: number;
}

/** How a host proves who it is. */
export interface HostChap {
  /** To targets that it logs in to. */
  readonly initiator: ChapIdentity;
  /** To initiators that log in to it; the same identity unless the file has another. */
  readonly target: ChapIdentity;
}

export interface BusHost {
  readonly name: string;
  /** Where its table begins in the file. */
  readonly line: number;
  /** SCSI ID. */
  readonly id: number;
  /** iSCSI name, as initiator and target (RFC 7143 §4.2.7.1); lower case. */
  readonly iqn: string;
  /** Where others reach it, "host:port"; none: it is an initiator only. */
  readonly portals: readonly string[];
  /** Where it listens. */
  readonly listen: readonly string[];
  /** Of its interface, "address/length". */
  readonly addresses: readonly string[];
  readonly chap: HostChap | undefined;
}

/** For all iSCSI sessions of the bus; what is undefined is left to the transport. */
export interface IscsiSettings {
  /** Commands outstanding at once, per target. */
  readonly depth: number | undefined;
  /** Milliseconds; what is absent is left to the transport. */
  readonly timeouts: { readonly login?: number; readonly ping?: number; readonly pong?: number };
}

export interface BusFile {
  /** As it was named. */
  readonly file: string;
  readonly bus: string;
  readonly width: number;
  readonly mtu: number;
  readonly digests: DigestMode;
  readonly iscsi: IscsiSettings;
  /** In the file's order. */
  readonly hosts: readonly BusHost[];
  /** What is allowed, but likely not meant. */
  readonly warnings: readonly Mistake[];
}
