/** An iSCSI target node: what its connections share (RFC 7143 §4.4). */

import { type Logger, silent } from '../../observe/logger.ts';
import type { Target } from '../../scsi/command.ts';
import type { Clock } from '../../time/clock.ts';
import { type Credentials, preferredAlgorithms } from './chap.ts';
import { refuseSharedSecret } from './initiator-login.ts';
import { defaultWishes, type Wishes } from './keys.ts';
import type { TargetConnection } from './target-connection.ts';
import type { ChapPolicy, LoginPolicy } from './target-login.ts';

/** Who may log in, and how they prove who they are. */
export interface TargetChap {
  /** Initiators' names and secrets. */
  readonly users: ReadonlyMap<string, string> | Readonly<Record<string, string>>;
  /** Says which names an initiator may prove itself by: without it, one user could log in as any node. Any name unless told. */
  readonly binds?: (user: string, initiator: string) => boolean;
  /** Who the target says it is when an initiator asks. */
  readonly own?: Credentials;
  /** CHAP_A numbers accepted: 5 MD5, 7 SHA-256, 8 SHA3-256. */
  readonly algorithms?: readonly number[];
}

export interface TargetNodeOptions {
  /** "iqn.2026-01.org.example:disk". */
  readonly name: string;
  readonly alias?: string;
  readonly device: Target | undefined;
  /** Absent: everybody may log in without proof. */
  readonly chap?: TargetChap;
  /** Says which initiators may log in, by name and address. Everybody unless told. */
  readonly allow?: (initiator: string, address: string) => boolean;
  /** Sends initiators elsewhere: "10.0.0.2:3260,1". */
  readonly redirect?: { readonly address: string; readonly permanent?: boolean };
  /** Commands taken at once, per session. */
  readonly depth?: number;
  /** Longest data-out of one command, in bytes. */
  readonly maxDataOut?: number;
  /** Bytes of data-out held at once, per session; commands that bring more are answered BUSY. */
  readonly maxBuffered?: number;
  /** What to negotiate otherwise than by default. */
  readonly wishes?: Partial<Wishes>;
  readonly timeouts?: Partial<Timeouts>;
  readonly logger?: Logger;
}

/** Milliseconds. */
export interface Timeouts {
  /** From connection to full feature phase. */
  readonly login: number;
  /** Silence after which the other side is asked whether it is there; 0: never. */
  readonly ping: number;
  /** Time it has for an answer. */
  readonly pong: number;
}

export const defaultTimeouts: Timeouts = { login: 15_000, ping: 15_000, pong: 15_000 };

/** Counted per target. */
export interface TargetCounters {
  logins: number;
  failedLogins: number;
  commands: number;
  rejects: number;
  droppedConnections: number;
  /** Those of them that were not taken because too many from the same address had not logged in yet. */
  crowded: number;
  digestErrors: number;
}

/** What the surroundings lend. */
export interface Lent {
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
}

export class TargetNode {
  readonly policy: LoginPolicy;
  readonly lent: Lent;
  readonly logger: Logger;
  readonly depth: number;
  readonly maxDataOut: number;
  readonly maxBuffered: number;
  readonly timeouts: Timeouts;
  readonly counters: TargetCounters = {
    logins: 0,
    failedLogins: 0,
    commands: 0,
    rejects: 0,
    droppedConnections: 0,
    crowded: 0,
    digestErrors: 0,
  };
  /** "address:port,group", as SendTargets lists them; asked anew each time. */
  portals: (local: string) => readonly string[] = (local) => [`${local},1`];
  /** Normal sessions in full feature phase, by initiator port name. */
  readonly sessions = new Map<string, TargetConnection>();
  /** The number by which the device knows an initiator that has just logged in; undefined: there is none for it. */
  numberOf: (initiator: string, address: string) => number | undefined = () => this.#nexuses++;
  device: Target | undefined;
  #tsih = 0;
  #nexuses = 0;

  constructor(options: TargetNodeOptions, lent: Lent) {
    if (!/^(iqn|eui|naa)\.[\x21-\x7e]{1,219}$/.test(options.name))
      throw new RangeError(`not an iSCSI name: ${JSON.stringify(options.name)}`);
    this.lent = lent;
    this.logger = options.logger ?? silent;
    this.device = options.device;
    this.depth = options.depth ?? 128;
    this.maxDataOut = options.maxDataOut ?? 16 * 1024 * 1024;
    this.maxBuffered = Math.max(this.maxDataOut, options.maxBuffered ?? 256 * 1024 * 1024);
    this.timeouts = { ...defaultTimeouts, ...options.timeouts };
    const { redirect } = options;
    this.policy = {
      name: options.name.toLowerCase(),
      alias: options.alias,
      portalGroup: 1,
      chap: options.chap && chapPolicy(options.chap),
      wishes: { ...defaultWishes, ...options.wishes },
      available: () => this.device !== undefined,
      allow: options.allow ?? (() => true),
      redirect: redirect && { address: redirect.address, permanent: redirect.permanent ?? false },
      random: lent.random,
    };
  }

  /** A new session's handle: never 0. */
  nextTsih(): number {
    this.#tsih = (this.#tsih % 0xffff) + 1;
    return this.#tsih;
  }
}

function chapPolicy(chap: TargetChap): ChapPolicy {
  const users = new Map(chap.users instanceof Map ? chap.users : Object.entries(chap.users));
  for (const [name, secret] of users) refuseSharedSecret({ name, secret }, chap.own);
  return {
    secretOf: (name, initiator) => (chap.binds?.(name, initiator) === false ? undefined : users.get(name)),
    algorithms: chap.algorithms ?? preferredAlgorithms,
    ...(chap.own ? { own: chap.own } : {}),
  };
}
