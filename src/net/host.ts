/** One host: its port on a bus, its link and its interface, run by a worker thread. */

import type { GuardMode } from '../link/guard.ts';
import { type Logger, type LogLevel, silent } from '../observe/logger.ts';
import type { Carrier } from './carrier.ts';
import { HostError, type HostErrorCode, type HostErrorParts } from './errors.ts';
import { Mailbox, type MailboxEnd } from './mailbox.ts';
import type { PingRequest } from './pinger.ts';
import { type Addresses, watchNames } from './resolver.ts';
import { takeThread } from './thread.ts';

/** What `startHost` needs; defaults are the caller's business (cli/). */
export interface HostOptions {
  /** The bus's name, such as its URL; MAC addresses are made of it. */
  readonly bus: string;
  /** The directory in which those hosts of the bus meet that are on this machine. */
  readonly directory: string;
  readonly carrier: Carrier;
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
  /** GET MESSAGEs to keep outstanding at every target: for hosts that others can't send to (design D3). */
  readonly pull: number;
  readonly busyPoll: boolean;
  /** The name that `scan` shows; usually the machine's. */
  readonly hostName: string;
  /** This software's version, for INQUIRY's product revision level. */
  readonly version: string;
}

/** What one peer cost and gave since it appeared. */
export interface PeerStatus {
  readonly id: number;
  readonly hostName: string;
  /** "02:53:43:…". */
  readonly mac: string;
  readonly extensions: readonly string[];
  /** 'push': we send to it; 'pull': it fetches; 'negotiating'; 'refused': it carries no datagrams. */
  readonly state: string;
  /** What we send with: 'message', 'send' or 'buffer' (link/command-set.ts). */
  readonly commandSet: string;
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
  /** Bytes: what was asked for, unless the carrier takes less. */
  readonly mtu: number;
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

/** The first message to the worker. */
export interface WorkerData {
  readonly options: HostOptions;
  readonly mailbox: MailboxEnd;
}

/** What is asked of it. */
export type HostRequest =
  | { readonly do: 'status' }
  | ({ readonly do: 'ping' } & PingRequest)
  | { readonly do: 'moved'; readonly addresses: Addresses }
  | { readonly do: 'stop' };

/** What it says of its own accord. */
export type HostEvent =
  | {
      readonly event: 'log';
      readonly level: LogLevel;
      readonly text: string;
      readonly facts: Readonly<Record<string, unknown>>;
    }
  | { readonly event: 'ready'; readonly interface: string; readonly mac: string; readonly mtu: number }
  | {
      readonly event: 'failed';
      readonly code: HostErrorCode;
      readonly message: string;
      readonly parts: HostErrorParts;
    };

/** Brings a host up. @throws HostError */
export async function startHost(options: HostOptions, logger: Logger = silent): Promise<Host> {
  const mailbox = new Mailbox();
  const data: WorkerData = { options, mailbox: mailbox.end };
  const worker = takeThread();
  worker.postMessage(data, [mailbox.end.port]);
  let failure: HostError | undefined;
  let names: Disposable | undefined;
  const ended = new Promise<HostError | undefined>((resolve) => {
    worker.once('error', (cause) => {
      failure ??= new HostError('ended', `the host's thread failed: ${cause.message}`, { cause });
    });
    worker.once('exit', () => {
      names?.[Symbol.dispose]();
      mailbox.close();
      resolve(failure);
    });
  });
  const ready = await new Promise<HostEvent & { event: 'ready' }>((resolve, reject) => {
    worker.on('message', (event: HostEvent) => {
      if (event.event === 'log') logger.log(event.level, event.text, event.facts);
      else if (event.event === 'ready') resolve(event);
      else failure = new HostError(event.code, event.message, event.parts);
    });
    ended.then(
      (error) => reject(error ?? new HostError('ended', 'the host ended before it was ready')),
      reject,
    );
  });
  names = watchNames(options.carrier, (addresses) => {
    mailbox.ask({ do: 'moved', addresses } satisfies HostRequest).catch(() => undefined); // it has ended
  });
  return {
    interface: ready.interface,
    mac: ready.mac,
    mtu: ready.mtu,
    ended,
    status: () => mailbox.ask({ do: 'status' } satisfies HostRequest),
    ping: (target, count, intervalMs, bytes) =>
      mailbox.ask({ do: 'ping', target, count, intervalMs, bytes } satisfies HostRequest),
    async stop() {
      await mailbox.ask({ do: 'stop' } satisfies HostRequest).catch(() => undefined);
      await ended;
    },
  };
}
