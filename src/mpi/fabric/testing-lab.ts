/** For tests only: routed ports and forwarders over memory buses in one thread, in virtual time. */

import type { Target } from '../../scsi/command.ts';
import { VirtualClock } from '../../time/clock.ts';
import { MemoryBus, type MemoryBusOptions } from '../../transport/memory/bus.ts';
import type { Port } from '../../transport/transport.ts';
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

export class Lab implements Disposable {
  readonly clock = new VirtualClock();
  readonly network: Network;
  readonly buses: readonly MemoryBus[];
  readonly forwarders: Forwarder[] = [];
  readonly ports: RoutedPort[] = [];
  readonly #shape: Shape;
  readonly #lives = new Map<number, number>();

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
      const port = memory.attach(node);
      return [{ port: wrap?.(port, this.clock) ?? port, bus, passthrough: through.includes(bus) }];
    });
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
      patience: 50,
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

  [Symbol.dispose](): void {
    for (const port of this.ports) port[Symbol.dispose]();
    for (const forwarder of this.forwarders) forwarder[Symbol.dispose]();
  }
}
