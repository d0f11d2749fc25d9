/** Chunks on their way out: each is copied once into a packet, whether it is ours or passes through. */

import type { Command } from '../../scsi/command.ts';
import type { Chunk, Ended } from '../route/packet.ts';
import { Arrival } from './arrival.ts';
import type { Buffer } from './buffers.ts';
import type { FabricNode, Outgoing } from './node.ts';
import { headerBytes, hopBytes, writeChunk, writeLength } from './packet.ts';

/** A chunk whose next hop had no room. */
interface Postponed {
  readonly chunk: Chunk;
  readonly at: number;
  readonly sent: () => void;
  readonly ended: (how: Ended) => void;
}

export class Outbox {
  readonly #node: FabricNode;
  /** Messages of ours that have not arrived, by their name. */
  readonly #messages = new Map<number, { readonly to: number; readonly what: Outgoing }>();
  #last = 0;
  /** Chunks for nobody: they end at the next poll. */
  #lost: ((how: Ended) => void)[] = [];
  #postponed: Postponed[] = [];
  #closed = false;

  constructor(node: FabricNode) {
    this.#node = node;
  }

  get busy(): boolean {
    return this.#lost.length > 0;
  }

  get open(): number {
    return this.#messages.size + this.#lost.length + this.#postponed.length;
  }

  send(to: number, what: Outgoing): void {
    this.#last = (this.#last + 1) >>> 0;
    this.#messages.set(this.#last, { to, what });
    this.#node.router.send(to, this.#last, what.size);
  }

  arrived(message: number, answered: boolean): void {
    const known = this.#messages.get(message);
    this.#messages.delete(message);
    known?.what.arrived(answered);
  }

  forget(node: number): void {
    for (const [message, { to }] of this.#messages) if (to === node) this.#messages.delete(message);
  }

  transfer(chunk: Chunk, at: number, sent: () => void, ended: (how: Ended) => void): void {
    if (this.#closed || this.#transfer(chunk, at, sent, ended)) return;
    this.#node.counters.postponed++;
    this.#postponed.push({ chunk, at, sent, ended });
    sent(); // neighbours that have room do not wait for this one
  }

  /** False: there is no room in the queue. */
  #transfer(chunk: Chunk, at: number, sent: () => void, ended: (how: Ended) => void): boolean {
    const { network } = this.#node;
    const hop = chunk.way[at];
    const rail = hop && this.#node.railOf(hop.from);
    const nexus = hop && rail?.nexuses[network.nodeOf(hop.to)];
    const passing = chunk instanceof Arrival;
    const ours = passing ? undefined : this.#messages.get(chunk.message)?.what;
    if (!(rail && nexus) || (passing ? !chunk.command : !ours)) {
      this.#lost.push(ended);
      sent();
      return true;
    }
    if (nexus.queued >= nexus.limits.maxQueued) return false;
    const head = headerBytes + chunk.way.length * hopBytes;
    const buffer = rail.buffers.take(head + chunk.bytes);
    const length = ours
      ? this.#write(chunk, ours, buffer)
      : pass((chunk as Arrival).command as Command, buffer);
    if (!rail.send(buffer, length, nexus, ended)) return false;
    this.#node.counters.sent++;
    sent();
    return true;
  }

  #write(chunk: Chunk, ours: Outgoing, buffer: Buffer): number {
    const { host, life, lifeOf } = this.#node;
    const { target } = chunk;
    const at = writeChunk(buffer.view, chunk, life, lifeOf[target] ?? 0, host.epochOf(target));
    const length = ours.write(buffer, at);
    writeLength(buffer.view, length);
    return at + length;
  }

  poll(): number {
    let done = 0;
    if (this.#lost.length > 0) {
      const lost = this.#lost;
      this.#lost = [];
      for (const ended of lost) ended('lost');
      done += lost.length;
    }
    if (this.#postponed.length > 0) {
      const postponed = this.#postponed;
      this.#postponed = [];
      for (const one of postponed) {
        if (this.#transfer(one.chunk, one.at, one.sent, one.ended)) done++;
        else this.#postponed.push(one);
      }
    }
    return done;
  }

  close(): void {
    this.#closed = true;
    this.#messages.clear();
    this.#postponed = [];
    this.#lost = [];
  }
}

/**
 * As it came. It is copied, since the memory of its command goes with the nexus that brought it, at any time. The command
 * is asked where it lies now: while it was held, a carrier may have moved what it keeps in places that are used again.
 */
function pass({ dataOut, dataOutOffset, dataOutLength }: Command, buffer: Buffer): number {
  buffer.bytes.set(dataOut.subarray(dataOutOffset, dataOutOffset + dataOutLength));
  return dataOutLength;
}
