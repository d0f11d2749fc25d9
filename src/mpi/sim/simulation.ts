/**
 * Routers on simulated buses, in virtual time. A transfer holds the sending and the receiving port, or the whole bus where
 * it is shared, for α + nβ; a chunk that follows others on the same way for nβ. Ends and adverts take the latency, but no
 * port's time.
 */

import type { Hop, Network } from '../route/network.ts';
import type { Advert, Chunk, Ended, Wire } from '../route/packet.ts';
import { Router } from '../route/router.ts';
import type { RouterSettings } from '../route/settings.ts';
import { Table } from '../route/table.ts';
import { Events } from './events.ts';

/** Called when a message has come. True: it is answered at once. */
export type Delivered = (source: number, target: number, message: number, rides: boolean) => boolean;

/** Called at the source when it knows that a message has come. */
export type Arrived = (source: number, target: number, message: number, answered: boolean) => void;

/** A command on a hop. */
interface Command {
  readonly hop: Hop;
  readonly ended: (how: Ended) => void;
  over: boolean;
}

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
  /** Commands under way from or to each port; what is on its way over one that fails is lost. */
  readonly #commands = new Map<number, Set<Command>>();
  /** What got stuck at a port that is mute. */
  readonly #stuck = new Map<number, (() => void)[]>();
  /** Pairs of ports on a bus between which nothing passes, as "lower higher". */
  readonly #parted = new Set<string>();
  /** Told of what the sources know. */
  arrived: Arrived | undefined;
  /** Told of who has no way to whom, and since when. */
  unreachable: ((source: number, target: number, since: number | undefined) => void) | undefined;

  /** `table`: what all routers know in the beginning. */
  constructor(network: Network, settings: RouterSettings, delivered: Delivered, table = new Table(network)) {
    this.#network = network;
    this.#delivered = delivered;
    this.#sending = new Float64Array(network.ports);
    this.#receiving = new Float64Array(network.ports);
    this.#taken = new Float64Array(network.buses.length);
    this.#up = new Uint8Array(network.ports).fill(1);
    this.routers = network.names.map((_, node) => new Router(node, table, this.#wireOf(node), settings));
  }

  send(source: number, target: number, message: number, size: number): void {
    this.routers[source]?.send(target, message, size);
  }

  /** A port fails or recovers, now; all on the bus that work notice, and so does its owner. */
  change(port: number, up: boolean): void {
    if ((this.#up[port] === 1) === up) return;
    this.#up[port] = up ? 1 : 0;
    for (const command of [...(this.#commands.get(port) ?? [])]) this.#end(command, 'lost');
    const network = this.#network;
    const bus = network.busIndexOf(port);
    const owner = this.routers[network.nodeOf(port)];
    owner?.noticed(port, up);
    for (let other = network.firstPort(bus); other < network.firstPort(bus + 1); other++) {
      if (other === port || this.#parted.has(pairOf(port, other))) continue;
      if (this.#up[other] === 1) this.routers[network.nodeOf(other)]?.noticed(port, up);
      if (up || this.#up[other] === 1) owner?.noticed(other, up && this.#up[other] === 1);
    }
  }

  /** Two ports of a bus stop hearing each other, or do so again; both notice. */
  part(one: number, other: number, parted: boolean): void {
    const key = pairOf(one, other);
    if (this.#parted.has(key) === parted) return;
    if (parted) this.#parted.add(key);
    else this.#parted.delete(key);
    for (const command of [...(this.#commands.get(one) ?? [])])
      if (!this.#works(command.hop)) this.#end(command, 'lost');
    this.#at(one)?.noticed(other, !parted);
    this.#at(other)?.noticed(one, !parted);
  }

  /** Nothing comes through a port any more, and nobody notices; until it is unmuted. */
  mute(port: number, on: boolean): void {
    const stuck = this.#stuck.get(port) ?? [];
    if (on) this.#stuck.set(port, stuck);
    else this.#stuck.delete(port);
    if (!on) for (const then of stuck) then();
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
      transfer: (chunk, at, sent, ended) => this.#transfer(chunk, at, sent, ended),
      flood: (port, adverts, only) => {
        const bus = this.#network.busIndexOf(port);
        for (let to = this.#network.firstPort(bus); to < this.#network.firstPort(bus + 1); to++)
          if (to !== port && to === (only ?? to)) this.#advertise({ from: port, to }, adverts);
      },
      delivered: (source, message, rides) => this.#delivered(source, node, message, rides),
      arrived: (target, message, answered) => this.arrived?.(node, target, message, answered),
      unreachable: (target, since) => this.unreachable?.(node, target, since),
    };
  }

  #at(port: number): Router | undefined {
    return this.routers[this.#network.nodeOf(port)];
  }

  #advertise(hop: Hop, adverts: readonly Advert[]): void {
    const command = this.#begin(hop, () => {});
    this.#later(command, () => {
      this.#end(command, 'taken');
      this.#at(hop.to)?.adverts(adverts, hop.to);
    });
  }

  #transfer(chunk: Chunk, at: number, sent: () => void, ended: (how: Ended) => void): void {
    const hop = chunk.way[at];
    if (hop === undefined) return;
    const { from, to } = hop;
    const { alpha, beta, shared } = this.#network.busOf(from);
    const bus = this.#network.busIndexOf(from);
    const free = shared ? this.#taken[bus] : Math.max(this.#sending[from] ?? 0, this.#receiving[to] ?? 0);
    const end = Math.max(this.events.now, free ?? 0) + (chunk.leads ? alpha : 0) + chunk.bytes * beta;
    this.#taken[bus] = this.#sending[from] = this.#receiving[to] = end;
    const command = this.#begin(hop, ended);
    this.events.at(end, () => {
      this.#through(command, () =>
        this.#at(to)?.arrived(chunk, at, (how) => this.#later(command, () => this.#end(command, how))),
      );
      sent();
    });
  }

  #begin(hop: Hop, ended: (how: Ended) => void): Command {
    const command = { hop, ended, over: false };
    for (const port of [hop.from, hop.to]) {
      const list = this.#commands.get(port) ?? new Set();
      this.#commands.set(port, list.add(command));
    }
    if (!this.#works(hop))
      this.events.at(this.events.now + this.#network.busOf(hop.from).alpha, () => this.#end(command, 'lost'));
    return command;
  }

  #end(command: Command, how: Ended): void {
    if (command.over) return;
    command.over = true;
    for (const port of [command.hop.from, command.hop.to]) this.#commands.get(port)?.delete(command);
    command.ended(how);
  }

  /** When the latency of the command's hop is over. */
  #later(command: Command, then: () => void): void {
    const { alpha } = this.#network.busOf(command.hop.from);
    this.events.at(this.events.now + alpha, () => this.#through(command, then));
  }

  /** Now, if both ports work and have done so since the command began; once they are not mute. */
  #through(command: Command, then: () => void): void {
    const { from, to } = command.hop;
    const stuck = this.#stuck.get(from) ?? this.#stuck.get(to);
    if (stuck) stuck.push(() => this.#through(command, then));
    else if (!command.over && this.#works(command.hop)) then();
  }

  #works({ from, to }: Hop): boolean {
    return this.#up[from] === 1 && this.#up[to] === 1 && !this.#parted.has(pairOf(from, to));
  }
}

const pairOf = (one: number, other: number): string => `${Math.min(one, other)} ${Math.max(one, other)}`;
