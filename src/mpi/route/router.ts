/**
 * A node that sends, receives and forwards. The command that brought a chunk is held until what was made of it has ended,
 * so its end is receipt and credit in one. A chunk that came by the k-th hop of its way lies in a buffer of class k, and
 * leaves only for one of class k + 1 (`Gate`): classes only rise, so no circle of nodes can wait for each other (Merlin and
 * Schweitzer 1980). Ways are in the chunks, so tables that differ can't make loops.
 */

import { type Crossing, Gate } from './gate.ts';
import { LinkState } from './link-state.ts';
import type { Hop } from './network.ts';
import type { Advert, Chunk, Ended, Wire } from './packet.ts';
import { Receiver } from './receiver.ts';
import { type Dispatcher, Sender } from './sender.ts';
import type { RouterSettings } from './settings.ts';
import type { Table } from './table.ts';

/** µs between a change and a look at who can be reached. */
const surveyDelay = 1000;

export class Router {
  readonly node: number;
  readonly counters = {
    forwarded: 0,
    duplicates: 0,
    beyond: 0,
    /** Waited for a hop that failed. */
    droppedInTransit: 0,
    /** Did not come the way they said, or not to be passed on here. */
    misled: 0,
    mostWaiting: 0,
    /** Chunks sent again. */
    repeated: 0,
    /** Chunks that did not end in time. */
    late: 0,
  };
  readonly #wire: Wire;
  readonly #settings: RouterSettings;
  /** Shared with others until a change is heard of. */
  #table: Table;
  #links: LinkState | undefined;
  /** The table is ours alone. */
  #owns = false;
  readonly #dispatcher: Dispatcher;
  readonly #senders = new Map<number, Sender>();
  readonly #receivers = new Map<number, Receiver>();
  readonly #gates = new Map<number, Gate>();
  /** Nodes without a way, and since when. */
  readonly #stranded = new Map<number, number>();
  /** When the table changed for the first time since the last look at who can be reached. */
  #changed: number | undefined;

  constructor(node: number, table: Table, wire: Wire, settings: RouterSettings) {
    this.node = node;
    this.#table = table;
    this.#wire = wire;
    this.#settings = settings;
    const current = () => this.#table;
    this.#dispatcher = {
      node,
      wire,
      settings,
      counters: this.counters,
      get table() {
        return current();
      },
      enqueue: (attempt) => this.#enqueue(attempt),
      stranded: (target) => this.#strand(target, this.#changed ?? wire.now()),
    };
  }

  get table(): Table {
    return this.#table;
  }

  /** Sends a message; arrived() of the wire says when the target has it. Without a way it waits for one. */
  send(target: number, message: number, size: number): void {
    if (target === this.node)
      this.#wire.arrived(target, message, this.#wire.delivered(this.node, message, true));
    else this.#sender(target).send(message, size);
  }

  /** A chunk has come over the hop `at` of its way. `end` is called once, now or later. */
  arrived(chunk: Chunk, at: number, end: (how: Ended) => void): void {
    const hop = chunk.way[at];
    if (hop === undefined || this.#table.network.nodeOf(hop.to) !== this.node) this.#mislead(end);
    else if (at + 1 < chunk.way.length) this.#forward(chunk, at + 1, end);
    else if (chunk.target === this.node) end(this.#receive(chunk));
    else this.#mislead(end);
  }

  /** We hear a port, ours or of another on a bus of ours; or no longer. */
  noticed(port: number, hears: boolean): void {
    const links = this.#linkState();
    this.#flood([links.notice(port, hears)]);
    if (hears) this.#brief(port);
    this.#learn([this.node]);
  }

  /** A port is back: all that we know for who has it, or for all on the bus if it is ours. */
  #brief(port: number): void {
    const { network } = this.#table;
    const own = network.portOn(network.busIndexOf(port), this.node);
    if (own === port) this.#wire.flood(own, this.known);
    else if (own >= 0) this.#wire.flood(own, this.known, port);
  }

  /** The last that each node has said, as far as we have heard. */
  get known(): readonly Advert[] {
    return this.#linkState().adverts;
  }

  /**
   * News from others goes on to all neighbours; what is known already goes no further. `via`: our port by which it came, if
   * that is known: those on its bus have been told by whom we have it from, unless there are some who don't hear each other.
   */
  adverts(adverts: readonly Advert[], via = -1): void {
    const links = this.#linkState();
    const news = adverts.filter((advert) => advert.origin !== this.node && links.take(advert));
    if (news.length === 0) return;
    const bus = this.#table.network.busIndexOf(via);
    this.#flood(news, this.#table.hearsAll(bus) ? via : -1);
    this.#learn(news.map(({ origin }) => origin));
  }

  /** A node begins anew: what is for it and has not arrived is given up, and what comes from it is counted from 0 again. */
  forget(node: number): void {
    this.#senders.get(node)?.close();
    this.#senders.delete(node);
    this.#receivers.delete(node);
  }

  #linkState(): LinkState {
    this.#links ??= new LinkState(this.#table.network, this.node);
    return this.#links;
  }

  #flood(adverts: readonly Advert[], without = -1): void {
    for (const port of this.#table.network.portsOf(this.node))
      if (port !== without) this.#wire.flood(port, adverts);
  }

  /** Brings the table in line with what nodes said. */
  #learn(origins: readonly number[]): void {
    const links = this.#linkState();
    const next = this.#owns ? this.#table : this.#table.copy();
    const { network, version } = next;
    const heard = [...network.portsOf(this.node)].filter((port) => next.hearsAll(network.busIndexOf(port)));
    for (const origin of origins) links.tell(next, origin);
    if (next.version === version) return;
    this.#table = next;
    this.#owns = true;
    for (const port of heard) // somebody there may not have heard all
      if (!next.hearsAll(network.busIndexOf(port))) this.#wire.flood(port, links.adverts);
    const works = (hop: Hop) => next.works(hop);
    for (const gate of this.#gates.values()) gate.purge(works);
    for (const sender of this.#senders.values()) sender.rerouted();
    this.#surveySoon();
  }

  /** Once for all that is heard within a short time. */
  #surveySoon(): void {
    if (this.#wire.unreachable === undefined || this.#changed !== undefined) return;
    const since = this.#wire.now();
    this.#changed = since;
    this.#wire.after(surveyDelay, () => {
      this.#changed = undefined;
      this.#survey(since);
    });
  }

  /** Tells of nodes that have no way, or one again. */
  #survey(since: number): void {
    for (let node = 0; node < this.#table.network.nodes; node++)
      if (!this.#table.reaches(this.node, node)) this.#strand(node, since);
      else if (this.#stranded.delete(node)) this.#wire.unreachable?.(node, undefined);
  }

  #strand(node: number, since: number): void {
    if (this.#stranded.has(node)) return;
    this.#stranded.set(node, since);
    this.#wire.unreachable?.(node, since);
  }

  #mislead(end: (how: Ended) => void): void {
    this.counters.misled++;
    end('busy');
  }

  #forward(chunk: Chunk, at: number, end: (how: Ended) => void): void {
    const hop = chunk.way[at];
    const { network } = this.#table;
    if (hop === undefined || network.nodeOf(hop.from) !== this.node) {
      this.#mislead(end);
      return;
    }
    this.counters.forwarded++;
    this.#enqueue({
      chunk,
      at,
      cancelled: false,
      urgent: false,
      left() {},
      dropped: () => {
        this.counters.droppedInTransit++;
        end('busy');
      },
      ended: (how) => end(how === 'lost' ? 'busy' : how),
    });
  }

  #receive(chunk: Chunk): Ended {
    const { source } = chunk;
    let receiver = this.#receivers.get(source);
    if (receiver === undefined) {
      receiver = new Receiver(this.#wire, this.#settings.window, this.counters);
      this.#receivers.set(source, receiver);
    }
    return receiver.take(chunk);
  }

  #sender(target: number): Sender {
    let sender = this.#senders.get(target);
    if (sender === undefined) {
      sender = new Sender(this.#dispatcher, target);
      this.#senders.set(target, sender);
    }
    return sender;
  }

  #enqueue(crossing: Crossing): void {
    const hop = crossing.chunk.way[crossing.at];
    if (hop === undefined || !this.#table.works(hop)) {
      crossing.dropped();
      return;
    }
    let gate = this.#gates.get(hop.from);
    if (gate === undefined) {
      gate = new Gate(this.#wire, this.#settings.credits, this.#table.network.ports);
      this.#gates.set(hop.from, gate);
    }
    gate.enqueue(hop, crossing);
  }
}
