/** Throughput and round trip between two guests, whatever joins them. */

import { closeSync } from 'node:fs';
import { createNamespace, withNamespace } from '../../sys/namespaces.ts';
import { Netlink } from '../../sys/netlink.ts';
import { type AnyGuest, Guest } from './guest-process.ts';
import type { GuestApi } from './guest-protocol.ts';

/** What one path measured. */
export interface Measurement {
  /** 10^6 bytes a second, one TCP stream. */
  readonly megabytesPerSecond: number;
  /** Median of a TCP ping-pong of one REAL, there and back. */
  readonly roundTrip: number;
}

/** A number of Fortran's single precision: the historical unit of message size. */
const bytesPerReal = 4;
const streamSeconds = 1.7;
const pingPongSeconds = 1;

/** Between two guests; the server listens at `address`. */
export async function measure(server: Guest, client: Guest, address: string): Promise<Measurement> {
  const stream = await server.call('serveStream', { address });
  const { bytes, seconds } = await client.call('readStream', { ...stream, seconds: streamSeconds });
  const echo = await server.call('serveEcho', { address });
  const times = await client.call('pingPong', { ...echo, size: bytesPerReal, seconds: pingPongSeconds });
  return { megabytesPerSecond: bytes / seconds / 1e6, roundTrip: times.median };
}

/** Two processes in one namespace, over its loopback interface. */
export async function measureLoopback(stop: AbortSignal): Promise<Measurement> {
  const namespace = createNamespace();
  try {
    await using server = await Guest.start('loopback server', namespace, stop);
    await using client = await Guest.start('loopback client', namespace, stop);
    return await measure(server, client, '127.0.0.1');
  } finally {
    closeSync(namespace);
  }
}

/** Two namespaces joined by a pair of veth interfaces, as containers are. */
export async function measureVeth(stop: AbortSignal): Promise<Measurement> {
  const near = createNamespace();
  const far = createNamespace();
  try {
    joinByVeth(near, far, ['10.91.0.1/24', '10.91.0.2/24']);
    await using server = await Guest.start('veth server', near, stop);
    await using client = await Guest.start('veth client', far, stop);
    await reach(client, '10.91.0.1');
    return await measure(server, client, '10.91.0.1');
  } finally {
    closeSync(near);
    closeSync(far);
  }
}

/** A pair named veth0 on both sides. */
export function joinByVeth(near: number, far: number, [ours, theirs]: readonly [string, string]): void {
  withNamespace(near, () => {
    using netlink = new Netlink();
    netlink.createVeth('veth0', { name: 'veth0', namespace: far });
    netlink.addAddress('veth0', ours);
    netlink.setLink('veth0', { up: true });
  });
  withNamespace(far, () => {
    using netlink = new Netlink();
    netlink.addAddress('veth0', theirs);
    netlink.setLink('veth0', { up: true });
  });
}

const reachLimit = 10_000;

/** Pings until an answer comes; milliseconds that this took. @throws Error when none comes */
export async function reach(guest: AnyGuest<Pick<GuestApi, 'ping'>>, to: string): Promise<number> {
  const start = performance.now();
  for (;;) {
    const { received } = await guest.call('ping', { to, count: 1, interval: 0, timeout: 100 });
    const took = performance.now() - start;
    if (received > 0) return took;
    if (took > reachLimit) throw new Error(`${to} did not answer within ${reachLimit / 1000} s`);
  }
}
