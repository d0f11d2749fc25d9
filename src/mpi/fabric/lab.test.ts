/** Routed ports and forwarders over memory buses in one thread, in virtual time. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ScriptedTarget } from '../../../contract/scripted-target.ts';
import { pattern } from '../../../contract/stage.ts';
import type { Target } from '../../scsi/command.ts';
import { Status } from '../../scsi/status.ts';
import { VirtualClock } from '../../time/clock.ts';
import { MemoryBus, type MemoryBusOptions } from '../../transport/memory/bus.ts';
import { Task } from '../../transport/task.ts';
import type { InitiatorNexus, Port, PortListener } from '../../transport/transport.ts';
import { type Bus, Network } from '../route/network.ts';
import { Forwarder } from './forwarder.ts';
import type { RailOptions } from './rail.ts';
import { RoutedPort, type RoutedPortOptions } from './routed-port.ts';

export interface Shape {
  readonly ranks: number;
  /** Nodes of each bus; from `ranks` on they are forwarders. */
  readonly buses: readonly (readonly number[])[];
  /** Indexes of buses that are passed through. */
  readonly through?: readonly number[];
  readonly memory?: MemoryBusOptions;
  readonly wrap?: (port: Port, clock: VirtualClock) => Port;
  readonly patienceOf?: (rank: number) => number;
  readonly port?: Partial<Omit<RoutedPortOptions, 'node' | 'network' | 'rails' | 'ranks' | 'clock'>>;
}

const carrier: Omit<Bus, 'name' | 'members'> = { carrier: 'memory', alpha: 10, beta: 0.0005, shared: false };

/** One after the other, in a chain of buses with a forwarder between any two. */
export function chainShape(ranks: number): Shape {
  const buses = Array.from({ length: ranks }, (_, i) => [
    i,
    ...(i > 0 ? [ranks + i - 1] : []),
    ...(i < ranks - 1 ? [ranks + i] : []),
  ]);
  return { ranks, buses };
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/** All ranks on each of so many buses. */
export const railsShape = (ranks: number, rails: number): Shape => ({
  ranks,
  buses: range(rails).map(() => range(ranks)),
});

/** A port that can be pulled off its bus and put back, as a cable can. */
class SwitchedPort implements Port {
  readonly fd = -1;
  readonly #attach: () => Port;
  #inner: Port;
  #cut = false;
  #target: Target | undefined = undefined;
  #listener: PortListener | undefined = undefined;

  constructor(attach: () => Port) {
    this.#attach = attach;
    this.#inner = attach();
  }

  get id(): number {
    return this.#inner.id;
  }

  get width(): number {
    return this.#inner.width;
  }

  get bus(): string {
    return this.#inner.bus;
  }

  get targets(): ReadonlyMap<number, InitiatorNexus> {
    return this.#inner.targets;
  }

  get target(): Target | undefined {
    return this.#target;
  }

  set target(target: Target | undefined) {
    this.#target = this.#inner.target = target;
  }

  get listener(): PortListener | undefined {
    return this.#listener;
  }

  set listener(listener: PortListener | undefined) {
    this.#listener = this.#inner.listener = listener;
  }

  cut(): void {
    if (this.#cut) return;
    this.#cut = true;
    const nexuses = [...this.targets.values()];
    this.#inner[Symbol.dispose]();
    for (const nexus of nexuses) this.#listener?.vanished(nexus);
  }

  restore(): void {
    if (!this.#cut) return;
    this.#cut = false;
    this.#inner.poll(); // ends what was submitted since
    this.#inner = this.#attach();
    this.#inner.listener = this.#listener;
    this.#inner.target = this.#target;
  }

  poll(): number {
    return this.#inner.poll();
  }

  wait(timeoutMs: number): boolean {
    return this.#inner.wait(timeoutMs);
  }

  arm(completions: boolean): boolean {
    return this.#inner.arm(completions);
  }

  disarm(): void {
    this.#inner.disarm();
  }

  allocate(bytes: number): Uint8Array {
    return this.#inner.allocate(bytes);
  }

  [Symbol.dispose](): void {
    this.#inner[Symbol.dispose]();
  }
}

export class Lab implements Disposable {
  readonly clock = new VirtualClock();
  readonly network: Network;
  readonly buses: readonly MemoryBus[];
  readonly forwarders: Forwarder[] = [];
  readonly ports: RoutedPort[] = [];
  readonly #shape: Shape;
  readonly #lives = new Map<number, number>();
  readonly #switches = new Map<string, SwitchedPort>();

  constructor(shape: Shape) {
    this.#shape = shape;
    const nodes = Math.max(...shape.buses.flat()) + 1;
    const names = range(nodes).map((node) => (node < shape.ranks ? `r${node}` : `f${node - shape.ranks}`));
    const transit = Uint8Array.from(range(nodes), (node) => (node < shape.ranks ? 0 : 1));
    this.network = new Network(
      names,
      shape.buses.map((members, i) => ({ ...carrier, name: `bus${i}`, members })),
      transit,
    );
    const { clock } = this;
    this.buses = shape.buses.map(
      (_, i) => new MemoryBus({ name: `bus${i}`, width: nodes, ...shape.memory, clock }),
    );
    for (let node = shape.ranks; node < nodes; node++)
      this.forwarders.push(new Forwarder({ node, network: this.network, rails: this.rails(node), clock }));
  }

  /** A node's rails, each a port on one of its buses. */
  rails(node: number): RailOptions[] {
    const { through = [], wrap } = this.#shape;
    return [...this.buses.entries()].flatMap(([bus, memory]) => {
      if (this.network.portOn(bus, node) < 0) return [];
      const port = new SwitchedPort(() => memory.attach(node));
      this.#switches.set(`${node} ${bus}`, port);
      return [{ port: wrap?.(port, this.clock) ?? port, bus, passthrough: through.includes(bus) }];
    });
  }

  /** Pulls a node off a bus. */
  cut(node: number, bus: number): void {
    this.#switches.get(`${node} ${bus}`)?.cut();
  }

  restore(node: number, bus: number): void {
    this.#switches.get(`${node} ${bus}`)?.restore();
  }

  /** Ends a rank without a goodbye. */
  kill(node: number): void {
    const at = this.ports.findIndex(({ id }) => id === node);
    for (const { port } of this.ports.splice(at, 1)[0]?.node.rails ?? []) port[Symbol.dispose]();
  }

  open(node: number, target?: Target): RoutedPort {
    const life = (this.#lives.get(node) ?? 0) + 1;
    this.#lives.set(node, life);
    const { network, clock } = this;
    const rails = this.rails(node);
    const port = new RoutedPort({
      node,
      network,
      rails,
      ranks: this.#shape.ranks,
      clock,
      life,
      patience: this.#shape.patienceOf?.(node) ?? 50,
      ...this.#shape.port,
    });
    port.target = target;
    this.ports.push(port);
    return port;
  }

  /** Polls everybody once; when nothing was to be done a millisecond passes. */
  drive(): number {
    const done = this.forward() + this.ports.reduce((sum, port) => sum + port.poll(), 0);
    if (done === 0) this.clock.advance(1);
    return done;
  }

  forward(): number {
    return this.forwarders.reduce((sum, forwarder) => sum + forwarder.poll(), 0);
  }

  /** Commands, buffers and messages that have not ended, of all. */
  get pending(): number {
    const nodes = [...this.ports.map(({ node }) => node), ...this.forwarders.map(({ node }) => node)];
    return nodes.reduce((sum, node) => sum + node.open, 0);
  }

  /** Drives until something is so. */
  until(what: string, isSo: () => boolean, rounds = 20_000): void {
    for (let round = 0; !isSo(); round++) {
      assert.ok(round < rounds, `never: ${what}`);
      this.drive();
    }
  }

  /** Drives until nothing was to be done for a while. */
  settle(): void {
    for (let idle = 0; idle < 20; ) idle = this.drive() > 0 ? 0 : idle + 1;
  }

  [Symbol.dispose](): void {
    for (const port of this.ports) port[Symbol.dispose]();
    for (const forwarder of this.forwarders) forwarder[Symbol.dispose]();
  }
}

it('a command goes through two forwarders, and nothing is left over', () => {
  using lab = new Lab(chainShape(3));
  const target = new ScriptedTarget();
  const [a] = [lab.open(0), lab.open(1), lab.open(2, target)];
  lab.until('they see each other', () => lab.ports.every((port) => port.targets.size === 2));
  const task = new Task().setDataOut(pattern(5000));
  let ends = 0;
  task.done = () => ends++;
  (a.targets.get(2) as InitiatorNexus).submit(task);
  lab.settle();
  assert.deepEqual([ends, task.fault, task.status], [1, undefined, Status.good]);
  assert.deepEqual(target.seen[0]?.dataOut, pattern(5000));
  assert.ok(lab.forwarders.every(({ node }) => node.router.counters.forwarded > 0));
  assert.equal(lab.pending, 0);
});
