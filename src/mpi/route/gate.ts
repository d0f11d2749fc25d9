/**
 * A node's port: what waits for it, and how much of it may be under way. A chunk that goes by the k-th hop of its way will
 * lie in a buffer of class k at the other side until it has ended; there are `credits` of them for each port and class. So
 * an end is what gives a buffer back. Who has no buffer does not hold up others.
 */

import { Fifo } from './fifo.ts';
import type { Hop } from './network.ts';
import type { Chunk, Ended, Wire } from './packet.ts';

/** A chunk that is to cross a hop. */
export interface Crossing {
  readonly chunk: Chunk;
  /** The hop of its way. */
  readonly at: number;
  /** It is no longer wanted, if it waits still. */
  readonly cancelled: boolean;
  /** It waits for no buffer, as it is to find out whether the buffers are stuck; each source has one such at most. */
  readonly urgent: boolean;
  /** The port has taken it. `release`: it is stuck there; another may go for it meanwhile. */
  left(release: () => void): void;
  /** The hop has failed before the port took it. */
  dropped(): void;
  ended(how: Ended): void;
}

/** Crossings of one hop at one place in their ways. */
class Lane {
  readonly hop: Hop;
  readonly waiting = new Fifo<Crossing>();
  used = 0;
  /** It is among those that the port will look at. */
  listed = false;

  constructor(hop: Hop) {
    this.hop = hop;
  }

  /** The next that is still wanted. */
  next(): Crossing | undefined {
    let next = this.waiting.shift();
    while (next?.cancelled) next = this.waiting.shift();
    return next;
  }
}

export class Gate {
  readonly #wire: Pick<Wire, 'transfer'>;
  readonly #credits: number;
  /** Ports of the network, for the lanes' keys. */
  readonly #ports: number;
  readonly #lanes = new Map<number, Lane>();
  readonly #ready = new Fifo<Lane>();
  readonly #urgent = new Fifo<{ readonly lane: Lane; readonly crossing: Crossing }>();
  #busy = false;

  constructor(wire: Pick<Wire, 'transfer'>, credits: number, ports: number) {
    this.#wire = wire;
    this.#credits = credits;
    this.#ports = ports;
  }

  enqueue(hop: Hop, crossing: Crossing): void {
    const lane = this.#lane(hop, crossing.at);
    if (crossing.urgent) this.#urgent.push({ lane, crossing });
    else lane.waiting.push(crossing);
    this.#list(lane);
    this.#pump();
  }

  /** Gives up what waits for hops that have failed. */
  purge(works: (hop: Hop) => boolean): void {
    const dead: Crossing[] = [];
    for (const { hop, waiting } of this.#lanes.values())
      if (waiting.size > 0 && !works(hop)) dead.push(...waiting.drain());
    for (const one of this.#urgent.drain())
      if (works(one.lane.hop)) this.#urgent.push(one);
      else dead.push(one.crossing);
    for (const crossing of dead) if (!crossing.cancelled) crossing.dropped();
  }

  #lane(hop: Hop, at: number): Lane {
    const key = at * this.#ports + hop.to;
    const known = this.#lanes.get(key);
    if (known) return known;
    const made = new Lane(hop);
    this.#lanes.set(key, made);
    return made;
  }

  #list(lane: Lane): void {
    if (lane.listed || lane.used >= this.#credits || lane.waiting.size === 0) return;
    lane.listed = true;
    this.#ready.push(lane);
  }

  /** What is urgent first, then lane by lane, one each. */
  #pump(): void {
    while (!this.#busy) {
      const urgent = this.#urgent.shift();
      if (urgent) {
        if (!urgent.crossing.cancelled) this.#cross(urgent.lane, urgent.crossing);
        continue;
      }
      const lane = this.#ready.shift();
      if (lane === undefined) return;
      lane.listed = false;
      const crossing = lane.next();
      if (crossing) this.#cross(lane, crossing);
    }
  }

  #cross(lane: Lane, crossing: Crossing): void {
    this.#busy = true;
    lane.used++;
    this.#list(lane);
    let [gone, holds] = [false, true];
    const release = () => {
      if (!holds) return;
      holds = false;
      lane.used--;
      this.#list(lane);
      this.#pump();
    };
    const sent = () => {
      if (gone) return;
      gone = true;
      this.#busy = false;
      this.#pump();
    };
    crossing.left(release);
    this.#wire.transfer(crossing.chunk, crossing.at, sent, (how) => {
      release();
      crossing.ended(how);
      sent();
      this.#pump();
    });
  }
}
