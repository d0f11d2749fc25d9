/** 2, 3, 16 and 40 hosts on one bus: everyone reaches everyone, and address resolution does not grow with traffic. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Host } from './lab/host.ts';
import { Lab, noLab } from './lab/lab.ts';
import { missing } from './lab/processes.ts';
import { pingAll, TestSocket } from './lab/sockets.ts';
import { until } from './lab/until.ts';

const width = 64;
const port = 4000;

/** Every host knows every other. */
async function allMet(hosts: readonly Host[]): Promise<void> {
  for (const host of hosts)
    await until(`host ${host.id} knows all others`, async () => {
      const { peers } = await host.status();
      return peers.length === hosts.length - 1 && peers.every(({ extensions }) => extensions.length > 0);
    });
}

/** Linux keeps 1024 neighbours for all namespaces together (gc_thresh3): 40 hosts that know each other are 1560. */
async function forgetNeighbours(lab: Lab, hosts: readonly Host[]): Promise<void> {
  for (const host of hosts) await lab.run(host.place, 'ip', 'neigh', 'flush', 'dev', host.interface);
}

async function allPairsPing(lab: Lab, hosts: readonly Host[]): Promise<void> {
  for (const family of ['ipv4', 'ipv6'] as const)
    for (const [i, from] of hosts.entries()) {
      if (hosts.length > 20 && i % 8 === 0) await forgetNeighbours(lab, hosts);
      const others = hosts.filter((host) => host !== from).map((host) => host[family]);
      assert.deepEqual(pingAll(from.place, others), [], `unanswered pings of host ${from.id}`);
    }
}

/** One datagram to the broadcast address, and one to all IPv6 nodes, heard by all others. */
function broadcastReachesAll(hosts: readonly Host[]): void {
  const [sender, ...others] = hosts;
  assert.ok(sender);
  using from = TestSocket.udp(sender.place, sender.ipv4, port);
  const listeners = others.map(({ place }) => TestSocket.udp(place, '0.0.0.0', port));
  try {
    from.sendTo(Buffer.from('to everyone'), '10.90.0.255', port);
    for (const [i, listener] of listeners.entries())
      assert.equal(
        String(Buffer.from(listener.receive(5000) ?? [])),
        'to everyone',
        `host ${others[i]?.id} hears it`,
      );
    for (const listener of listeners) assert.equal(listener.receive(0), undefined, 'once only');
  } finally {
    for (const listener of listeners) listener[Symbol.dispose]();
  }
}

const isArp = (frame: Uint8Array) => frame[12] === 8 && frame[13] === 6;

/** Frames of ARP among all that pass an interface while `work` runs. */
function arpDuring(host: Host, work: () => void): number {
  using frames = TestSocket.frames(host.place, host.interface);
  work();
  let found = 0;
  for (let frame = frames.receive(50); frame; frame = frames.receive(0)) if (isArp(frame)) found++;
  return found;
}

/** A thousand echo requests to a neighbour that is known cost no more than a check of its reachability. */
function arpIsRare([first, second]: readonly Host[]): void {
  assert.ok(first && second);
  const found = arpDuring(first, () => {
    for (let i = 0; i < 20; i++) assert.deepEqual(pingAll(first.place, Array(50).fill(second.ipv4)), []);
  });
  assert.ok(found <= 6, `${found} ARP frames beside 1000 echo requests`);
}

describe('hosts on one bus', { skip: noLab || missing('ip') }, () => {
  it('2, 3, 16, 40 of them: all pairs ping, broadcast reaches all, ARP is rare', async (test) => {
    await using lab = await Lab.open();
    const hosts: Host[] = [];
    for (const count of [2, 3, 16, 40])
      await test.test(`${count} hosts`, { timeout: 120_000 }, async () => {
        const ids = Array.from({ length: count - hosts.length }, (_, i) => hosts.length + i + 1);
        hosts.push(...(await lab.hosts(ids.map((id) => ({ id, width })))));
        await allMet(hosts);
        await allPairsPing(lab, hosts);
        broadcastReachesAll(hosts);
        arpIsRare(hosts);
      });
  });

  it('what is sent to an address that nobody has does not make ARP requests of its own', async () => {
    await using lab = await Lab.open();
    const hosts = await lab.hosts([1, 2, 3].map((id) => ({ id })));
    await allMet(hosts);
    const [first, second] = hosts;
    assert.ok(first && second);
    const found = arpDuring(second, () => {
      using udp = TestSocket.udp(first.place, first.ipv4, port);
      for (let i = 0; i < 500; i++) udp.sendTo(Buffer.alloc(100), '10.90.0.77', port);
    });
    assert.ok(found <= 3, `${found} ARP requests for 500 datagrams`);
  });
});
