/**
 * A node of the network in this thread: its router, its rails, its timers. It carries the router's chunks as commands and
 * hands what comes to the router; what messages say is the host's affair. Everything happens in poll().
 */

import type { Command } from '../../scsi/command.ts';
import type { Clock } from '../../time/clock.ts';
import type { Network } from '../route/network.ts';
import type { Wire } from '../route/packet.ts';
import { Router } from '../route/router.ts';
import type { RouterSettings } from '../route/settings.ts';
import { Table } from '../route/table.ts';
import type { Arrival } from './arrival.ts';
import { type Buffer, greatestPacket } from './buffers.ts';
import { Gossip } from './gossip.ts';
import { Inbox } from './inbox.ts';
import { Outbox } from './outbox.ts';
import { PacketKind, packetVersion } from './packet.ts';
import { Rail, type RailHost, type RailOptions } from './rail.ts';
import { Rest } from './rest.ts';
import { Timers } from './timers.ts';

export interface FabricOptions {
  /** Our number: the rank, or that of a forwarder. */
  readonly node: number;
  /** The same for all nodes. */
  readonly network: Network;
  readonly rails: readonly RailOptions[];
  readonly clock: Clock;
  readonly settings?: Partial<RouterSettings> | undefined;
  /** Greater than that of whoever had this number before; 0 to 65535. */
  readonly life?: number | undefined;
}

/** A message to be sent. */
export interface Outgoing {
  /** Bytes. */
  readonly size: number;
  /** Writes it at byte `at`; returns how many bytes it took, at most `size`. */
  write(buffer: Buffer, at: number): number;
  /** The target has it. `answered`: and was done with it at once. */
  arrived(answered: boolean): void;
}

/** Who sends and gets messages. */
export interface FabricHost {
  /** Judges a message for us before it is taken: stale ones are dropped, false ones refused. */
  judge(arrival: Arrival): 'good' | 'stale' | 'false';
  /** A message has come, in order. True: what it asked for is done, and there is no more to say. `rides`: that can be told so. */
  delivered(arrival: Arrival, rides: boolean): boolean;
  /** A node was heard of, in this life. */
  lives(node: number, life: number): void;
  /** It has left for good, at the latest in this life. */
  departed(node: number, life: number): void;
  /** There has been no way to a node since then, µs; undefined: there is one again. */
  unreachable(node: number, since: number | undefined): void;
  /** The epoch of our pair with a node. */
  epochOf(node: number): number;
}

/** What routers of ranks work with. */
export const usualSettings: RouterSettings = { chunk: greatestPacket, window: 64, credits: 16, stripes: 4 };

export class FabricNode implements RailHost, Disposable {
  readonly node: number;
  readonly network: Network;
  readonly clock: Clock;
  readonly life: number;
  readonly router: Router;
  readonly rails: readonly Rail[];
  readonly timers = new Timers();
  /** In which life each node is, as far as we have heard of it; else -1. */
  readonly lifeOf: Int32Array;
  /** What became of packets. */
  readonly counters = {
    sent: 0,
    /** No packets, or such as went a way that is none. */
    malformed: 0,
    /** Of another version than ours. */
    versions: 0,
    /** Messages of an earlier epoch. */
    stale: 0,
    /** Answers that nobody waited for. */
    strays: 0,
    /** Had to wait because a rail's queue was full. */
    postponed: 0,
    /** Adverts that a neighbour did not get in the end. */
    unheard: 0,
  };
  readonly host: FabricHost;
  readonly outbox: Outbox;
  readonly inbox: Inbox;
  readonly #gossip: Gossip;
  readonly #rest: Rest;
  /** By port of the network. */
  readonly #railOf: (Rail | undefined)[] = [];
  #closed = false;

  constructor(options: FabricOptions, host: FabricHost) {
    const { node, network, rails, clock, settings, life = 0 } = options;
    this.node = node;
    this.network = network;
    this.clock = clock;
    this.life = life;
    this.lifeOf = new Int32Array(network.nodes).fill(-1);
    this.host = host;
    this.outbox = new Outbox(this);
    this.inbox = new Inbox(this);
    this.#gossip = new Gossip(this);
    this.router = new Router(node, new Table(network), this.#wire(), { ...usualSettings, ...settings });
    this.rails = rails.map((one) => {
      const own = network.portOn(one.bus, node);
      if (own < 0) throw new RangeError(`node ${node} has no port on bus ${one.bus}`);
      return new Rail(one, own, this);
    });
    this.#rest = new Rest(this.rails.map(({ port }) => port));
    for (const rail of this.rails) this.#railOf[rail.own] = rail;
    for (const port of network.portsOf(node)) this.#beginBus(port);
    for (const rail of this.rails) rail.begin();
  }

  /** Nobody is heard yet; a port of ours without a rail does not work. */
  #beginBus(own: number): void {
    const { network } = this;
    const bus = network.busIndexOf(own);
    for (let port = network.firstPort(bus); port < network.firstPort(bus + 1); port++)
      if (port !== own || !this.#railOf[own]) this.router.noticed(port, false);
  }

  #wire(): Wire {
    return {
      now: () => this.clock.now() * 1000,
      after: (delay, then) => this.timers.at(this.clock.now() + delay / 1000, then),
      transfer: (chunk, at, sent, ended) => this.outbox.transfer(chunk, at, sent, ended),
      flood: (port, adverts) => this.#gossip.spread(this.#railOf[port], adverts),
      stored: (chunk) => this.inbox.store(chunk as Arrival),
      delivered: (source, message, rides) => this.inbox.delivered(source, message, rides),
      arrived: (_target, message, answered) => this.outbox.arrived(message, answered),
      unreachable: (node, since) => this.host.unreachable(node, since),
    };
  }

  /** Our rail with that port of the network. */
  railOf(port: number): Rail | undefined {
    return this.#railOf[port];
  }

  send(to: number, what: Outgoing): void {
    this.outbox.send(to, what);
  }

  /** Begins anew with a node: nothing that was on its way to or from it is of use. */
  forget(node: number): void {
    this.router.forget(node);
    this.outbox.forget(node);
    this.inbox.forget(node);
  }

  /** A node was heard of. */
  learn(node: number, life: number): void {
    if (node === this.node || life <= (this.lifeOf[node] ?? life)) return;
    this.lifeOf[node] = life;
    this.host.lives(node, life);
  }

  packet(rail: Rail, command: Command): void {
    const view = rail.viewOf(command);
    if (!view) this.inbox.refuse(command);
    else if (view.getUint8(command.dataOutOffset) !== packetVersion) {
      this.counters.versions++;
      this.inbox.refuse(command);
    } else if (view.getUint8(command.dataOutOffset + 1) === PacketKind.chunk)
      this.inbox.chunk(rail, command, view);
    else if (!this.#gossip.hear(rail, command)) this.inbox.refuse(command);
  }

  heard(rail: Rail, node: number, hears: boolean): void {
    const port = this.network.portOn(rail.bus, node);
    if (port < 0) return;
    this.router.noticed(port, hears);
    // A process that left shared memory is gone; elsewhere a link may have failed.
    if (!hears && rail.passthrough) this.#gossip.gone(node);
  }

  poll(): number {
    let done = 0;
    for (const { port } of this.rails) done += port.poll();
    if (this.#closed) return done;
    done += this.outbox.poll();
    if (this.timers.due !== Number.POSITIVE_INFINITY) done += this.timers.fire(this.clock.now());
    if (this.#gossip.busy) done += this.#gossip.tell();
    this.kick();
    return done;
  }

  /** Makes neighbours notice what was sent. */
  kick(): void {
    for (const rail of this.rails) rail.kick();
  }

  /** Milliseconds until poll() has something to do, whatever comes. */
  #due(): number {
    if (this.outbox.busy || this.#gossip.busy) return 0;
    const { due } = this.timers;
    return due === Number.POSITIVE_INFINITY ? due : due - this.clock.now();
  }

  wait(timeoutMs: number): boolean {
    this.kick();
    const due = this.#due();
    if (due <= 0) return true;
    return this.#rest.wait(Math.min(timeoutMs, due)) || this.#due() <= 0;
  }

  get fd(): number {
    return this.#closed ? -1 : this.#rest.fd;
  }

  arm(completions: boolean): boolean {
    this.kick();
    const due = this.#due();
    return !this.#closed && due > 0 && this.#rest.arm(completions, due);
  }

  disarm(): void {
    if (!this.#closed) this.#rest.disarm();
  }

  /** Commands and packets that have not ended: none is left when all is quiet. */
  get open(): number {
    let open = 0;
    for (const { outstanding, buffers, held } of this.rails) {
      open += outstanding + buffers.lent;
      for (const arrivals of held.values()) open += arrivals.size;
    }
    return open + this.outbox.open + this.inbox.open;
  }

  /** Says goodbye and closes the rails. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#gossip.gone(this.node);
    this.#gossip.tell();
    this.kick();
    this.#closed = true;
    this.outbox.close();
    this.timers.clear();
    for (const { port } of this.rails) port[Symbol.dispose]();
    this.#rest[Symbol.dispose]();
  }
}
