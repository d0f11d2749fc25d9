/**
 * Sorts counters by their names (link/counters.ts): traffic, "drops." by reason, "status." by SCSI status, and the rest.
 */

import type { HostStatus } from '../../net/host.ts';

export type Counters = Readonly<Record<string, number>>;

/** Datagrams and their bytes, out and in. */
export interface Traffic {
  readonly txPackets: number;
  readonly txBytes: number;
  readonly rxPackets: number;
  readonly rxBytes: number;
}

/** A value for each of its parts. */
const traffic = (value: (name: keyof Traffic) => number): Traffic => ({
  txPackets: value('txPackets'),
  txBytes: value('txBytes'),
  rxPackets: value('rxPackets'),
  rxBytes: value('rxBytes'),
});
const trafficNames = new Set(Object.keys(traffic(() => 0)));

export const trafficOf = (counters: Counters): Traffic => traffic((name) => counters[name] ?? 0);

/** "guardAddress" as "guard address", "nexus-lost" as it is. */
const words = (name: string) => name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase();

/** "nexus-lost 3, guard address 1": the counters that are not zero and pass, by their names without the prefix. */
function listed(counters: Counters, prefix: string, passes: (name: string) => boolean): string {
  return Object.entries(counters)
    .filter(([name, value]) => value !== 0 && passes(name))
    .map(([name, value]) => `${words(name.slice(prefix.length))} ${value}`)
    .join(', ');
}

const withPrefix = (prefix: string) => (counters: Counters) =>
  listed(counters, prefix, (name) => name.startsWith(prefix));

export const dropsOf = withPrefix('drops.');
export const statusesOf = withPrefix('status.');

/** Counters that have no column of their own. */
export const restOf = (counters: Counters): string =>
  listed(counters, '', (name) => !trafficNames.has(name) && !/^(?:drops|status)\./.test(name));

/** What a counter gained; one that went back has begun anew. */
const gain = (now: number, before: number) => (now >= before ? now - before : now);

/** Traffic per second, by peer, between two statuses of one host. */
export function peerRates(before: HostStatus, now: HostStatus, seconds: number): Map<number, Traffic> {
  const old = new Map(before.peers.map((peer) => [peer.id, peer]));
  return new Map(
    now.peers.map((peer) => {
      const then = old.get(peer.id);
      const same = then?.since === peer.since;
      const [a, b] = [trafficOf(peer.counters), trafficOf(same ? then.counters : {})];
      return [peer.id, traffic((name) => gain(a[name], b[name]) / seconds)];
    }),
  );
}
