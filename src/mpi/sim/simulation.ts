/**
 * Routers on simulated buses, in virtual time. A transfer holds the sending and the receiving port, or the whole bus where
 * it is shared, for α + nβ; a chunk that follows another of its message on the same way for nβ. Control packets (receipts,
 * credits, adverts) take the latency, but no port's time.
 */

import type { Hop, Network } from '../route/network.ts';
import type { Chunk, Wire } from '../route/packet.ts';
import { Router } from '../route/router.ts';
import type { RouterSettings } from '../route/sender.ts';
import { Table } from '../route/table.ts';
import { Events } from './events.ts';

/** Called when a message has come. */
export type Delivered = (source: number, target: number, message: number) => void;

export class Simulation {
  readonly events = new Events();
  readonly routers: readonly Router[];
  readonly #network: Network;
  readonly #delivered: Delivered;
  /** Until when each port sends and receives, and each shared bus is taken. */
  readonly #sending: Float64Array;
  readonly #receiving: Float64Array;
  readonly #taken: Float64Array;
  readonly #up: Uint8Array;
  /** Changes of each port: what was on its way over one is lost. */
  readonly #changes: Uint32Array;

  /** `table`: what all routers know in the beginning. */
  constructor(network: Network, settings: RouterSettings, delivered: Delivered, table = new Table(network)) {
    this.#network = network;
    this.#delivered = delivered;
    this.#sending = new Float64Array(network.ports);
    this.#receiving = new Float64Array(network.ports);
    this.#taken = new Float64Array(network.buses.length);
    this.#up = new Uint8Array(network.ports).fill(1);
    this.#changes = new Uint32Array(network.ports);
    this.routers = network.names.map((_, node) => new Router(node, table, this.#wireOf(node), settings));
  }

  send(source: number, target: number, message: number, size: number): void {
    this.routers[source]?.send(target, message, size);
  }

  /** A port fails or recovers, now; all on the bus that work notice, and so does its owner. */
  change(port: number, up: boolean): void {
    if ((this.#up[port] === 1) === up) return;
    this.#up[port] = up ? 1 : 0;
    this.#changes[port] = (this.#changes[port] ?? 0) + 1;
    const network = this.#network;
    const bus = network.busIndexOf(port);
    const owner = this.routers[network.nodeOf(port)];
    owner?.noticed(port, up);
    for (let other = network.firstPort(bus); other < network.firstPort(bus + 1); other++) {
      if (other === port) continue;
      if (this.#up[other] === 1) this.routers[network.nodeOf(other)]?.noticed(port, up);
      if (up || this.#up[other] === 1) owner?.noticed(other, up && this.#up[other] === 1);
    }
  }

  /** Runs until nothing more happens. @throws Error if that takes more than `most` events */
  run(most = 1e8): void {
    for (let count = 0; this.events.step(); count++)
      if (count >= most) throw new Error(`still busy after ${most} events, at ${this.events.now} µs`);
  }

  #wireOf(node: number): Wire {
    const { events } = this;
    return {
      now: () => events.now,
      after: (delay, then) => events.at(events.now + delay, then),
      transfer: (chunk, at, sent) => this.#transfer(chunk, at, sent),
      credit: (hop, bufferClass) => this.#control([hop], () => this.#at(hop.from)?.credit(hop, bufferClass)),
      receipt: (way, receipt) => this.#control(way, () => this.routers[receipt.source]?.receipt(receipt)),
      flood: (port, adverts) => {
        const bus = this.#network.busIndexOf(port);
        for (let to = this.#network.firstPort(bus); to < this.#network.firstPort(bus + 1); to++)
          if (to !== port) this.#control([{ from: port, to }], () => this.#at(to)?.adverts(adverts));
      },
      delivered: (source, message) => this.#delivered(source, node, message),
    };
  }

  #at(port: number): Router | undefined {
    return this.routers[this.#network.nodeOf(port)];
  }

  /** Runs `then` if all ports of the way work from now on until it is there. */
  #control(way: readonly Hop[], then: () => void): void {
    const whole = this.#watch(way);
    const latency = way.reduce((sum, { from }) => sum + this.#network.busOf(from).alpha, 0);
    this.events.at(this.events.now + latency, () => {
      if (whole()) then();
    });
  }

  /** Tells later whether the ports of a way have worked all the time. */
  #watch(way: readonly Hop[]): () => boolean {
    const changes = way.map(({ from, to }) => [this.#changes[from], this.#changes[to]]);
    const works = way.every(({ from, to }) => this.#up[from] === 1 && this.#up[to] === 1);
    return () =>
      works &&
      way.every(
        ({ from, to }, i) => changes[i]?.[0] === this.#changes[from] && changes[i]?.[1] === this.#changes[to],
      );
  }

  #transfer(chunk: Chunk, at: number, sent: () => void): void {
    const hop = chunk.way[at];
    if (hop === undefined) return;
    const { from, to } = hop;
    const { alpha, beta, shared } = this.#network.busOf(from);
    const bus = this.#network.busIndexOf(from);
    const free = shared ? this.#taken[bus] : Math.max(this.#sending[from] ?? 0, this.#receiving[to] ?? 0);
    const end = Math.max(this.events.now, free ?? 0) + (chunk.leads ? alpha : 0) + chunk.bytes * beta;
    this.#taken[bus] = this.#sending[from] = this.#receiving[to] = end;
    const whole = this.#watch([hop]);
    this.events.at(end, () => {
      if (whole()) this.#at(to)?.arrived(chunk, at);
      sent();
    });
  }
}
