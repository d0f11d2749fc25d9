/** Routed ports over real carriers: iSCSI on 127.0.0.1, shared memory, and both with a forwarder between. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { describe, it } from 'node:test';
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import { type JoinOptions, type TransportHarness, transportContract } from '../../../contract/transport.ts';
import type { Target } from '../../scsi/command.ts';
import { realClock } from '../../time/clock.ts';
import { IscsiPort } from '../../transport/iscsi/port.ts';
import { openShmPort } from '../../transport/shm/port.ts';
import type { InitiatorNexus, Port } from '../../transport/transport.ts';
import { worldOf } from '../communicator.ts';
import { Engine } from '../engine.ts';
import { type Bus, Network } from '../route/network.ts';
import { railMemory } from './buffers.ts';
import { Forwarder } from './forwarder.ts';
import type { RailOptions } from './rail.ts';
import { RoutedPort } from './routed-port.ts';

const nameOf = (id: number) => `iqn.2026-01.org.example:${id}`;
const idOf = (name: string) => Number(name.split(':').at(-1));

/** An iSCSI bus on loopback: a node's TCP ports stay the same when it comes back. */
class IscsiBus {
  readonly #places = new Map<number, number>();
  readonly #ports: IscsiPort[] = [];
  readonly #width: number;

  constructor(width: number) {
    this.#width = width;
  }

  attach(id: number): Port {
    const port = new IscsiPort({
      bus: 'tcp',
      id,
      width: this.#width,
      name: nameOf(id),
      retry: { first: 1, most: 16 },
      idOf: (initiator) => idOf(initiator),
    });
    port.listen(`127.0.0.1:${this.#places.get(id) ?? 0}`);
    const known = this.#places.has(id);
    this.#places.set(id, port.portals[0]?.port ?? 0);
    if (!known) for (const other of this.#ports) this.#reach(other, id);
    for (const other of this.#places.keys()) if (other !== id) this.#reach(port, other);
    this.#ports.push(port);
    return port;
  }

  #reach(port: IscsiPort, id: number): void {
    if (!port.closed) port.reach(id, { portal: `127.0.0.1:${this.#places.get(id)}`, target: nameOf(id) });
  }
}

class ShmBus implements Disposable {
  readonly #directory = mkdtempSync('/dev/shm/ipscsi-fabric-');
  readonly #width: number;
  readonly #memory: number;

  constructor(width: number, memory: number) {
    this.#width = width;
    this.#memory = memory;
  }

  attach(id: number): Port {
    const directory = `${this.#directory}/bus`;
    return openShmPort({
      directory,
      bus: 'shm',
      hostName: 'host',
      id,
      width: this.#width,
      memory: this.#memory,
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

const networkOf = (nodes: number, ranks: number, buses: readonly (readonly number[])[]) =>
  new Network(
    Array.from({ length: nodes }, (_, i) => `n${i}`),
    buses.map(
      (members, i): Bus => ({
        name: `bus${i}`,
        carrier: 'x',
        alpha: 10,
        beta: 0.001,
        shared: false,
        members,
      }),
    ),
    Uint8Array.from({ length: nodes }, (_, i) => Number(i >= ranks)),
  );

const ranks = 8;

/** Ranks on an iSCSI bus, as the contract wants them. */
class Lab implements TransportHarness {
  readonly #bus = new IscsiBus(ranks);
  readonly #network = networkOf(ranks, ranks, [Array.from({ length: ranks }, (_, i) => i)]);
  readonly #ports: RoutedPort[] = [];
  #life = 0;
  initiator!: Port;
  target!: Port;
  nexus!: InitiatorNexus;

  async open(target: Target): Promise<this> {
    this.target = this.join({ id: 1, target });
    this.initiator = this.join({ id: 0 });
    while (!this.initiator.targets.has(1)) await this.drive();
    this.nexus = this.initiator.targets.get(1) as InitiatorNexus;
    for (let i = 0; i < 50; i++) await this.drive();
    return this;
  }

  join({ id = ranks - 1 - this.#ports.length, target }: JoinOptions): Port {
    const port = new RoutedPort({
      node: id,
      network: this.#network,
      rails: [{ port: this.#bus.attach(id), bus: 0, passthrough: false }],
      ranks,
      clock: realClock,
      life: ++this.#life,
      patience: 300,
    });
    port.target = target;
    this.#ports.push(port);
    return port;
  }

  async drive(): Promise<void> {
    let done = 0;
    for (const port of this.#ports) done += port.poll();
    await (done === 0 ? pause(1) : turn());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all: readonly Disposable[] = this.#ports;
    for (const port of all) port[Symbol.dispose]();
    await turn();
  }
}

transportContract('routed, iSCSI', (target) => new Lab().open(target));

/** Runs a program on ranks of this thread until all have ended. */
async function run(
  ports: readonly RoutedPort[],
  others: () => number,
  program: (rank: number, engine: Engine) => Promise<void>,
) {
  const engines = ports.map((port, rank) => new Engine({ port, rank, size: ports.length, piece: 65536 }));
  const poll = () => engines.reduce((sum, engine) => sum + engine.progress(), others());
  const until = async (isSo: () => boolean) => {
    for (const end = realClock.now() + 30_000; !isSo(); ) {
      assert.ok(realClock.now() < end, 'they are stuck');
      await (poll() > 0 ? turn() : pause(1));
    }
  };
  await until(() => engines.every((engine) => engine.complete));
  let open = ports.length;
  const all = Promise.all(engines.map((engine, rank) => program(rank, engine).finally(() => open--)));
  all.catch(() => undefined);
  await until(() => open === 0);
  await all;
  await until(() => engines.every(({ quiet }) => quiet) && ports.every(({ node }) => node.open === 0));
}

/** Everybody sends to everybody, short messages and long ones. */
async function everybody(rank: number, engine: Engine): Promise<void> {
  const world = worldOf(engine);
  const sizes = [0, 8, 20_000, 1 << 20];
  const sends = [];
  for (let to = 0; to < engine.size; to++)
    if (to !== rank)
      for (const [tag, size] of sizes.entries())
        sends.push(world.isend(new Uint8Array(size).fill(16 * rank + tag), to, tag));
  for (let from = 0; from < engine.size; from++) {
    if (from === rank) continue;
    for (const [tag, size] of sizes.entries()) {
      const bytes = new Uint8Array(size);
      await world.irecv(bytes, from, tag);
      assert.ok(bytes.every((byte) => byte === 16 * from + tag));
    }
  }
  await Promise.all(sends);
  await world.ibarrier();
}

describe('MPI over real carriers, routed', () => {
  it('two hosts: shared memory on each, a forwarder on each, iSCSI between them', async () => {
    // Ranks 0 and 1 with forwarder 4, ranks 2 and 3 with forwarder 5.
    const network = networkOf(6, 4, [
      [0, 1, 4],
      [2, 3, 5],
      [4, 5],
    ]);
    const memory = Engine.memoryNeed(4, undefined, undefined, 65536) + railMemory;
    using here = new ShmBus(6, memory);
    using there = new ShmBus(6, memory);
    const between = new IscsiBus(6);
    const shm = (node: number, bus: number): RailOptions => ({
      port: (bus === 0 ? here : there).attach(node),
      bus,
      passthrough: true,
    });
    const clock = realClock;
    const forwarders = [4, 5].map(
      (node, i) =>
        new Forwarder({
          node,
          network,
          rails: [shm(node, i), { port: between.attach(node), bus: 2, passthrough: false }],
          clock,
        }),
    );
    const ports = [0, 1, 2, 3].map(
      (node) => new RoutedPort({ node, network, rails: [shm(node, node >> 1)], ranks: 4, clock }),
    );
    const forward = () => forwarders.reduce((sum, forwarder) => sum + forwarder.poll(), 0);
    try {
      await run(ports, forward, everybody);
      assert.ok(forwarders.every(({ node }) => node.open === 0 && node.router.counters.forwarded > 0));
      assert.equal(ports[0]?.targets.get(1)?.brief === undefined, false, 'brief commands on shared memory');
    } finally {
      for (const one of [...ports, ...forwarders]) one[Symbol.dispose]();
    }
  });

  it('a rank that leaves over iSCSI says so: nobody waits for its return', async () => {
    const network = networkOf(3, 2, [
      [0, 2],
      [1, 2],
    ]);
    const buses = [new IscsiBus(3), new IscsiBus(3)];
    const rail = (node: number, bus: number): RailOptions => ({
      port: (buses[bus] as IscsiBus).attach(node),
      bus,
      passthrough: false,
    });
    const clock = realClock;
    using forwarder = new Forwarder({ node: 2, network, rails: [rail(2, 0), rail(2, 1)], clock });
    using here = new RoutedPort({ node: 0, network, rails: [rail(0, 0)], ranks: 2, clock, patience: 1e6 });
    using there = new RoutedPort({ node: 1, network, rails: [rail(1, 1)], ranks: 2, clock, patience: 1e6 });
    const until = async (isSo: () => boolean) => {
      for (const end = clock.now() + 20_000; !isSo(); ) {
        assert.ok(clock.now() < end, 'never');
        await (forwarder.poll() + here.poll() + there.poll() > 0 ? turn() : pause(1));
      }
    };
    await until(() => here.targets.has(1) && there.targets.has(0));
    there[Symbol.dispose]();
    await until(() => !here.targets.has(1));
    assert.equal(here.lossOf(1), undefined);
  });

  it('sleeps on one descriptor until something comes by any of its rails, or a timer is due', async () => {
    const network = networkOf(2, 2, [
      [0, 1],
      [0, 1],
    ]);
    const buses = [new IscsiBus(2), new IscsiBus(2)];
    const ports = [0, 1].map(
      (node) =>
        new RoutedPort({
          node,
          network,
          rails: buses.map((one, bus) => ({ port: one.attach(node), bus, passthrough: false })),
          ranks: 2,
          clock: realClock,
        }),
    );
    const [a, b] = ports as [RoutedPort, RoutedPort];
    try {
      await run(ports, () => 0, everybody);
      assert.ok(a.fd >= 0 && b.fd >= 0 && a.fd !== b.fd);
      const end = realClock.now() + 20_000;
      // The last receipts, and news of the network, may still be on their way.
      const quiet = () => {
        while (a.poll() + b.poll() > 0 || b.wait(5)) assert.ok(realClock.now() < end, 'never quiet');
      };
      quiet();
      let fired = false;
      b.node.timers.at(realClock.now() + 20, () => {
        fired = true;
      });
      for (; !fired; b.poll()) assert.equal(b.wait(5000), true, 'for the timer');
      quiet();
    } finally {
      for (const one of ports) one[Symbol.dispose]();
    }
  });
});
