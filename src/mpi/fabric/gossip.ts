/**
 * Adverts and departures: told to all neighbours, later to those who have no room or are busy. What a node says more than
 * once before it is told is told once; who could not be told some adverts is told all that are known, then.
 */

import type { Command } from '../../scsi/command.ts';
import { Status } from '../../scsi/status.ts';
import type { InitiatorNexus } from '../../transport/transport.ts';
import type { Advert } from '../route/packet.ts';
import { decodeAdverts, encodeAdverts, encodeDeparture } from './advert-codec.ts';
import type { FabricNode } from './node.ts';
import { headerBytes, PacketHeader, PacketKind } from './packet.ts';
import type { Rail } from './rail.ts';

/** A packet for one neighbour. */
interface Note {
  readonly rail: Rail;
  readonly to: InitiatorNexus;
  readonly bytes: Uint8Array;
  /** Adverts: who misses them is told all that are known. A departure is told as it is. */
  readonly adverts: boolean;
  /** Times that it was refused or lost. */
  tries: number;
}

/** Milliseconds between attempts at those who could not be told: the first time, and at most. */
const firstPause = 5;
const longestPause = 500;

/** A neighbour that does not take a note so many times does not get it. */
const mostTries = 16;

export class Gossip {
  readonly #node: FabricNode;
  /** What each rail is to be told, by origin. */
  readonly #news = new Map<Rail, Map<number, Advert>>();
  readonly #notes: Note[] = [];
  /** Those that wait for the next attempt: departures, and one for each neighbour that has missed adverts. */
  #late: Note[] = [];
  #pause = firstPause;
  #paused = false;
  /** The last life of each node that has ended. */
  readonly #gone: Int32Array;

  constructor(node: FabricNode) {
    this.#node = node;
    this.#gone = new Int32Array(node.network.nodes).fill(-1);
  }

  /** There is something to tell now. */
  get busy(): boolean {
    return this.#news.size > 0 || this.#notes.length > 0;
  }

  /** Tells all on a rail soon. */
  spread(rail: Rail | undefined, adverts: readonly Advert[]): void {
    if (!rail) return;
    const news = this.#news.get(rail) ?? new Map<number, Advert>();
    this.#news.set(rail, news);
    for (const advert of adverts) news.set(advert.origin, advert);
  }

  /** A node has gone for good, in the life that we know. */
  gone(node: number): void {
    const { lifeOf, life, node: own } = this.#node;
    this.#depart(node, node === own ? life : (lifeOf[node] ?? -1));
  }

  #depart(node: number, life: number): void {
    if (life < 0 || (this.#gone[node] ?? life) >= life) return;
    this.#gone[node] = life;
    const bytes = encodeDeparture(node, life);
    for (const rail of this.#node.rails) this.#note(rail, bytes, false);
    if (node !== this.#node.node) this.#node.host.departed(node, life);
  }

  #note(rail: Rail, bytes: Uint8Array, adverts: boolean): void {
    for (const to of rail.nexuses)
      if (to && !(adverts && this.#missed(to))) this.#notes.push({ rail, to, bytes, adverts, tries: 0 });
  }

  /** It will be told all that is known. */
  #missed(to: InitiatorNexus): boolean {
    return this.#late.some((note) => note.adverts && note.to === to);
  }

  /** A packet of adverts, or of a departure; false: it is neither. */
  hear(rail: Rail, command: Command): boolean {
    const { dataOut, dataOutOffset: start, dataOutLength: length } = command;
    const bytes = dataOut.slice(start, start + length);
    const header = PacketHeader.decode(bytes);
    const { nodes, ports } = this.#node.network;
    if (header.length !== length - headerBytes || header.source >= nodes) return false;
    if (header.kind === PacketKind.departure) this.#depart(header.source, header.sourceLife);
    else if (header.kind === PacketKind.adverts) {
      const adverts = decodeAdverts(bytes.subarray(headerBytes), nodes, ports);
      if (!adverts) return false;
      const alive = adverts.filter(({ origin, life }) => life > (this.#gone[origin] ?? life));
      for (const { origin, life } of alive) this.#node.learn(origin, life);
      this.#node.router.adverts(alive, rail.own);
    } else return false;
    command.complete(Status.good);
    return true;
  }

  /** Tells what there is to tell, as far as queues take it; returns how much. */
  tell(): number {
    const { node, life } = this.#node;
    for (const [rail, news] of this.#news)
      for (const bytes of encodeAdverts(node, life, [...news.values()])) this.#note(rail, bytes, true);
    this.#news.clear();
    let told = 0;
    for (const note of this.#notes.splice(0)) {
      if (!note.to.alive) continue;
      if (this.#send(note)) told++;
      else this.#postpone(note);
    }
    if (this.#late.length === 0) this.#pause = firstPause;
    return told;
  }

  #send(note: Note): boolean {
    const { rail, to, bytes } = note;
    if (to.queued >= to.limits.maxQueued) return false;
    const buffer = rail.buffers.take(bytes.length);
    buffer.bytes.set(bytes);
    return rail.send(buffer, bytes.length, to, (how) => {
      if (how === 'answered' || how === 'taken' || !to.alive) return;
      if (++note.tries < mostTries) this.#postpone(note);
      else this.#node.counters.unheard++;
    });
  }

  /** A full queue may stay full for long, and nobody tells when it has room: it is tried again less and less often. */
  #postpone(note: Note): void {
    if (!(note.adverts && this.#missed(note.to))) this.#late.push(note);
    if (this.#paused) return;
    this.#paused = true;
    const { clock, timers } = this.#node;
    timers.at(clock.now() + this.#pause, () => this.#again());
    this.#pause = Math.min(2 * this.#pause, longestPause);
  }

  #again(): void {
    this.#paused = false;
    const late = this.#late;
    this.#late = [];
    const { node, life, router } = this.#node;
    const known = late.some(({ adverts }) => adverts) ? encodeAdverts(node, life, router.known) : [];
    for (const note of late)
      if (note.adverts) for (const bytes of known) this.#notes.push({ ...note, bytes });
      else this.#notes.push(note);
  }
}
