/** An iSCSI initiator as a library: `connect` logs in and gives a nexus that needs no polling; `discover` lists targets. */

import { randomBytes } from 'node:crypto';
import { connect as connectSocket } from 'node:net';
import type { TaskManagement, TaskManagementResponse } from '../../scsi/command.ts';
import { realClock } from '../../time/clock.ts';
import { every } from '../../time/timer.ts';
import { execute, type InitiatorNexus, type Outcome, type Request } from '../transport.ts';
import { parsePortal } from './addresses.ts';
import { InitiatorConnection } from './initiator-connection.ts';
import { type InitiatorChap, LoginError, withMd5Alone } from './initiator-login.ts';
import { defaultWishes, type Settings, type Wishes } from './keys.ts';
import { IscsiNexus, type NexusHost } from './nexus.ts';
import { SocketLink } from './socket-link.ts';
import { defaultTimeouts, type Timeouts } from './target-node.ts';
import type { Pair } from './text.ts';

export interface ConnectOptions {
  /** "10.0.0.2:3260", "[fd00::2]". */
  readonly portal: string;
  /** The target's name. */
  readonly target: string;
  /** Our own. */
  readonly initiator?: string;
  readonly chap?: InitiatorChap;
  /** Commands outstanding at once. */
  readonly maxQueued?: number;
  /** Bytes of data of one command, either way. */
  readonly maxTransfer?: number;
  /** What to negotiate otherwise than by default. */
  readonly wishes?: Partial<Wishes>;
  readonly timeouts?: Partial<Timeouts>;
  /** Six bytes that name our port; random unless told. */
  readonly isid?: Uint8Array;
}

/** A session with a target. */
export interface IscsiSession extends AsyncDisposable {
  /** The nexus, for `submit` and its like. */
  readonly nexus: InitiatorNexus;
  readonly settings: Settings;
  /** Settles when the session has ended: with why, or undefined after `close`. */
  readonly ended: Promise<Error | undefined>;
  /** @throws TransportError when no answer comes; any status is an answer. */
  execute(request: Request, signal?: AbortSignal): Promise<Outcome>;
  /** @throws TransportError */
  manage(what: TaskManagement, lun: number): Promise<TaskManagementResponse>;
  /** Logs out. */
  close(): void;
}

export const defaultInitiator = 'iqn.2026-01.org.ipscsi:initiator';
const tickMs = 500;
/** Times that we follow a target that has moved. */
const maxMoves = 4;

/** An ISID of the random kind (RFC 7143 §11.12.5). */
export function randomIsid(): Uint8Array {
  const isid = new Uint8Array(randomBytes(6));
  isid[0] = 0x80;
  return isid;
}

/** A connection under way: what all kinds of sessions share. */
interface Opened {
  readonly connection: InitiatorConnection;
  readonly link: SocketLink;
  readonly ended: Promise<Error | undefined>;
  readonly settings: Settings;
}

function open(options: Omit<ConnectOptions, 'target'> & { target: string | undefined }): Promise<Opened> {
  const { host, port } = parsePortal(options.portal);
  return new Promise((resolve, reject) => {
    let end: (why: Error | undefined) => void = () => undefined;
    const ended = new Promise<Error | undefined>((settle) => {
      end = settle;
    });
    const connection: InitiatorConnection = new InitiatorConnection(
      {
        initiator: options.initiator ?? defaultInitiator,
        target: options.target,
        chap: options.chap,
        wishes: { ...defaultWishes, ...options.wishes },
        isid: options.isid ?? randomIsid(),
        timeouts: { ...defaultTimeouts, ...options.timeouts },
        clock: realClock,
        random: (bytes) => randomBytes(bytes),
      },
      {
        ready: () => resolve({ connection, link, ended, settings: connection.settings }),
        over: (why) => {
          timer[Symbol.dispose]();
          reject(trouble ?? why ?? new LoginError('closed'));
          end(why);
        },
      },
    );
    const socket = connectSocket({ host, port });
    let trouble: Error | undefined;
    socket.once('error', (error) => {
      trouble = error;
    });
    const link = new SocketLink(socket, connection);
    socket.once('connect', () => {
      connection.start();
      link.flush();
    });
    const timer = every(tickMs, () => {
      connection.tick();
      if (connection.ended && socket.connecting) socket.destroy();
      link.flush();
    });
  });
}

/** Opens, follows a target that has moved, and falls back to MD5 where that helps. */
async function openSomehow(options: Parameters<typeof open>[0], moves = 0): Promise<Opened> {
  try {
    return await open(options);
  } catch (error) {
    const to = error instanceof LoginError ? error.movedTo : undefined;
    if (to !== undefined && moves < maxMoves) return openSomehow({ ...options, portal: to }, moves + 1);
    const chap = withMd5Alone(options.chap, error);
    if (chap) return openSomehow({ ...options, chap }, moves);
    throw error;
  }
}

/** Logs in. @throws LoginError when refused; Error of node:net */
export async function connect(options: ConnectOptions): Promise<IscsiSession> {
  const { connection, link, ended, settings } = await openSomehow(options);
  const host: NexusHost = {
    closed: false,
    failLater: (endTask) => queueMicrotask(endTask),
    submitted: () => undefined,
    flush: () => link.flush(),
  };
  const maxTransfer = options.maxTransfer ?? 16 * 1024 * 1024;
  const limits = { maxDataOut: maxTransfer, maxDataIn: maxTransfer, maxQueued: options.maxQueued ?? 64 };
  const nexus = new IscsiNexus(host, 0, limits, connection);
  const close = () => {
    Object.assign(host, { closed: true });
    connection.close('closed');
    link.flush();
  };
  return {
    nexus,
    settings,
    ended,
    execute: (request, signal) => execute(nexus, request, signal),
    manage: (what, lun) => nexus.manage(what, lun),
    close,
    [Symbol.asyncDispose]: async () => close(),
  };
}

/** A target that discovery found. */
export interface FoundTarget {
  readonly name: string;
  /** "address:port,group". */
  readonly addresses: readonly string[];
}

/** Asks a portal for its targets (SendTargets=All, RFC 7143 Appendix C). @throws LoginError; Error of node:net */
export async function discover(options: Omit<ConnectOptions, 'target'>): Promise<FoundTarget[]> {
  const { connection, link } = await openSomehow({ ...options, target: undefined });
  const pairs = await connection.ask([['SendTargets', 'All']]);
  connection.close('closed');
  link.flush();
  return foundTargets(pairs);
}

function foundTargets(pairs: readonly Pair[]): FoundTarget[] {
  const found: { name: string; addresses: string[] }[] = [];
  for (const [key, value] of pairs) {
    if (key === 'TargetName') found.push({ name: value, addresses: [] });
    else if (key === 'TargetAddress') found.at(-1)?.addresses.push(value);
  }
  return found;
}
