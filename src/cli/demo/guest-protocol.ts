/** What a guest can be asked to do. Arguments and results cross a process boundary as JSON. */

import type { Neighbour } from '../../sys/netlink.ts';

/** Times in microseconds. */
export interface Times {
  readonly count: number;
  readonly min: number;
  readonly median: number;
  readonly p99: number;
}

export interface PingResult {
  readonly sent: number;
  readonly received: number;
  /** Undefined when nothing came back. */
  readonly times?: Times;
}

export interface TalkResult {
  readonly pings: { readonly sent: number; readonly answered: number };
  /** Messages over one TCP connection, each of which must come back, in order. */
  readonly messages: { readonly sent: number; readonly echoed: number };
}

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface GuestApi {
  /** The kernel's neighbour table. */
  neighbours(asked: Record<string, never>): Promise<Neighbour[]>;
  /** ICMP or ICMPv6 echo; `interval` and `timeout` in milliseconds. */
  ping(asked: {
    readonly to: string;
    readonly count: number;
    readonly interval: number;
    readonly timeout: number;
  }): Promise<PingResult>;
  /** Serves a file of random bytes over HTTP. */
  serveFile(asked: { readonly address: string; readonly size: number }): Promise<{
    readonly url: string;
    readonly sha256: string;
  }>;
  fetch(asked: { readonly url: string }): Promise<{
    readonly bytes: number;
    readonly sha256: string;
    readonly seconds: number;
  }>;
  /** Sends to whoever connects, as fast as it can. */
  serveStream(asked: { readonly address: string }): Promise<Endpoint>;
  /** Reads such a stream for so many seconds. */
  readStream(asked: Endpoint & { readonly seconds: number }): Promise<{
    readonly bytes: number;
    readonly seconds: number;
  }>;
  /** Sends back what it gets. */
  serveEcho(asked: { readonly address: string }): Promise<Endpoint>;
  /** TCP ping-pong, back to back, with so many bytes. */
  pingPong(asked: Endpoint & { readonly size: number; readonly seconds: number }): Promise<Times>;
  /** Pings, and talks over one TCP connection, every ten milliseconds, until `hush`. */
  talk(asked: Endpoint): Promise<undefined>;
  hush(asked: Record<string, never>): Promise<TalkResult>;
}

/** What a command of the demo's guest is given. */
export type Asked<C extends keyof GuestApi> = Parameters<GuestApi[C]>[0];

/** To a guest. */
export interface GuestRequest {
  readonly id: number;
  readonly command: string;
  readonly asked: unknown;
}

/** From a guest; id 0 says that it is in its namespace, or why it is not. */
export interface GuestReply {
  readonly id: number;
  readonly answer?: unknown;
  readonly error?: string;
}

/** Least, middle and near-worst of some times. @throws RangeError without any. */
export function summarize(samples: readonly number[]): Times {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  const [min, median, p99] = [at(0), at(0.5), at(0.99)];
  if (min === undefined || median === undefined || p99 === undefined)
    throw new RangeError('no times to summarize');
  return { count: sorted.length, min, median, p99 };
}
