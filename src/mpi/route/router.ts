/**
 * A node that sends, receives and forwards. A chunk that came by the k-th hop of its way lies in a buffer of class k, and
 * leaves only for a buffer of class k + 1 that is known to be free (credits): classes only rise, so no circle of nodes can
 * wait for each other (Merlin and Schweitzer 1980). Ways are in the chunks, so tables that differ can't make loops.
 */

import { LinkState } from './link-state.ts';
import type { Hop } from './network.ts';
import type { Advert, Chunk, Receipt, Wire } from './packet.ts';
import { Receiver } from './receiver.ts';
import { type RouterSettings, Sender } from './sender.ts';
import { Table } from './table.ts';

/** A chunk that waits for its port; `at` is the hop that it waits for. */
interface Waiting {
  readonly chunk: Chunk;
  readonly at: number;
}

interface Port {
  readonly waiting: Waiting[];
  busy: boolean;
}

export class Router {
  readonly node: number;
  readonly counters = { forwarded: 0, duplicates: 0, droppedInTransit: 0, mostWaiting: 0 };
  readonly #wire: Wire;
  readonly #settings: RouterSettings;
  /** Shared with others until a change is heard of. */
  #table: Table;
  #links: LinkState | undefined;
  /** The table is ours alone. */
  #owns = false;
  readonly #senders = new Map<number, Sender>();
  readonly #receivers = new Map<number, Receiver>();
  readonly #ports = new Map<number, Port>();
  /** Buffers in use at the other side of a hop, by the port there, then by ours and class. */
  readonly #used = new Map<number, Map<string, number>>();

  constructor(node: number, table: Table, wire: Wire, settings: RouterSettings) {
    this.node = node;
    this.#table = table;
    this.#wire = wire;
    this.#settings = settings;
  }

  get table(): Table {
    return this.#table;
  }

  send(target: number, message: number, size: number): void {
    if (target === this.node) this.#wire.delivered(this.node, message);
    else this.#sender(target).send(message, size);
  }

  /** A chunk has come over the hop `at` of its way. */
  arrived(chunk: Chunk, at: number): void {
    if (at + 1 < chunk.way.length) {
      this.counters.forwarded++;
      this.#enqueue({ chunk, at: at + 1 });
    } else this.#consume(chunk, at);
  }

  /** A buffer at the hop's other side is free again. */
  credit({ from, to }: Hop, bufferClass: number): void {
    const used = this.#used.get(to);
    const key = `${from} ${bufferClass}`;
    const count = used?.get(key) ?? 0;
    if (count > 0) used?.set(key, count - 1);
    this.#pump(from);
  }

  receipt({ target, next }: Receipt): void {
    this.#senders.get(target)?.receipt(next);
  }

  /** We hear a port, ours or of another on a bus of ours; or no longer. Its buffers are empty then. */
  noticed(port: number, hears: boolean): void {
    const links = this.#linkState();
    const advert = links.notice(port, hears);
    this.#used.delete(port);
    this.#flood(hears ? links.adverts : [advert]);
    this.#learn(advert.origin);
  }

  /** News from others goes on to all neighbours; what is known already goes no further. */
  adverts(adverts: readonly Advert[]): void {
    const links = this.#linkState();
    const news = adverts.filter((advert) => advert.origin !== this.node && links.take(advert));
    if (news.length === 0) return;
    this.#flood(news);
    for (const { origin } of news) this.#learn(origin);
  }

  #linkState(): LinkState {
    this.#links ??= new LinkState(this.#table.network, this.node);
    return this.#links;
  }

  #flood(adverts: readonly Advert[]): void {
    for (const port of this.#table.network.portsOf(this.node)) this.#wire.flood(port, adverts);
  }

  /** Brings the table in line with what a node said, as far as its buses go. */
  #learn(origin: number): void {
    const { network } = this.#table;
    const changed: number[] = [];
    for (const own of network.portsOf(origin)) {
      const bus = network.busIndexOf(own);
      for (let port = network.firstPort(bus); port < network.firstPort(bus + 1); port++)
        if (this.#links?.works(port) !== this.#table.isUp(port)) changed.push(port);
    }
    if (changed.length === 0) return;
    if (!this.#owns) this.#table = new Table(network, upOf(this.#table));
    this.#owns = true;
    for (const port of changed) this.#table.change(port, this.#links?.works(port) ?? true);
    for (const port of network.portsOf(this.node)) this.#purge(port);
    for (const sender of this.#senders.values()) sender.rerouted();
    for (const port of network.portsOf(this.node)) this.#pump(port);
  }

  /** What waits for a hop that has failed will never go over it. */
  #purge(port: number): void {
    const queue = this.#port(port).waiting;
    const dead = queue.filter(({ chunk, at }) => !this.#works(chunk.way[at]));
    if (dead.length === 0) return;
    const alive = queue.filter((one) => !dead.includes(one));
    queue.splice(0, queue.length, ...alive);
    for (const { chunk, at } of dead) {
      if (at === 0) this.#senders.get(chunk.target)?.dropped(chunk);
      else {
        this.counters.droppedInTransit++; // its source sends it anew
        this.#release(chunk, at - 1);
      }
    }
  }

  #works(hop: Hop | undefined): boolean {
    return hop !== undefined && this.#table.isUp(hop.from) && this.#table.isUp(hop.to);
  }

  #sender(target: number): Sender {
    const known = this.#senders.get(target);
    if (known) return known;
    const pair = { source: this.node, target };
    const made = new Sender(
      () => this.#table,
      this.#wire,
      this.#settings,
      pair,
      (chunk) => this.#enqueue({ chunk, at: 0 }),
    );
    this.#senders.set(target, made);
    return made;
  }

  #consume(chunk: Chunk, at: number): void {
    const { source } = chunk;
    const receiver = this.#receivers.get(source) ?? new Receiver(this.#settings.window);
    this.#receivers.set(source, receiver);
    const before = receiver.duplicates;
    const whole = receiver.take(chunk);
    this.counters.duplicates += receiver.duplicates - before;
    this.counters.mostWaiting = Math.max(this.counters.mostWaiting, receiver.waiting);
    this.#release(chunk, at);
    const back = this.#wayBack(chunk);
    if (back) this.#wire.receipt(back, { source, target: this.node, next: receiver.next });
    for (const message of whole) this.#wire.delivered(source, message);
  }

  /** The way that it came, or another if that has failed since. */
  #wayBack({ source, way }: Chunk): readonly Hop[] | undefined {
    if (way.every((hop) => this.#works(hop)))
      return way.map(({ from, to }) => ({ from: to, to: from })).reverse();
    return this.#table.best(this.node, source, 0)?.hops;
  }

  /** The buffer in which a chunk lay after its hop `at`. */
  #release(chunk: Chunk, at: number): void {
    const hop = chunk.way[at];
    if (hop) this.#wire.credit(hop, at);
  }

  #enqueue(waiting: Waiting): void {
    const hop = waiting.chunk.way[waiting.at];
    if (hop === undefined) return;
    this.#port(hop.from).waiting.push(waiting);
    if (this.#works(hop)) this.#pump(hop.from);
    else this.#purge(hop.from);
  }

  #port(port: number): Port {
    const known = this.#ports.get(port);
    if (known) return known;
    const made: Port = { waiting: [], busy: false };
    this.#ports.set(port, made);
    return made;
  }

  /** The first that waits and has a buffer to go to; who has none does not hold up the others. */
  #pump(port: number): void {
    const state = this.#port(port);
    if (state.busy) return;
    const index = state.waiting.findIndex(({ chunk, at }) => this.#take(chunk.way[at], at));
    const [next] = index < 0 ? [] : state.waiting.splice(index, 1);
    if (next === undefined) return;
    const { chunk, at } = next;
    state.busy = true;
    if (at === 0) this.#senders.get(chunk.target)?.left(chunk);
    this.#wire.transfer(chunk, at, () => {
      state.busy = false;
      if (at > 0) this.#release(chunk, at - 1);
      this.#pump(port);
    });
  }

  /** Takes a credit, if there is one. */
  #take(hop: Hop | undefined, bufferClass: number): boolean {
    if (hop === undefined) return false;
    const used = this.#used.get(hop.to) ?? new Map<string, number>();
    this.#used.set(hop.to, used);
    const key = `${hop.from} ${bufferClass}`;
    const count = used.get(key) ?? 0;
    if (count >= this.#settings.credits) return false;
    used.set(key, count + 1);
    return true;
  }
}

const upOf = (table: Table): Uint8Array =>
  Uint8Array.from({ length: table.network.ports }, (_, port) => (table.isUp(port) ? 1 : 0));
