/** The source's side of a pair: cuts messages into chunks, keeps each until the target has said that it came, sends it anew if it was lost. */

import type { Network } from './network.ts';
import type { Chunk, Wire } from './packet.ts';
import { type Stripe, stripes } from './stripes.ts';
import type { Table } from './table.ts';

export interface RouterSettings {
  /** Bytes of a chunk. */
  readonly chunk: number;
  /** Chunks of a pair on their way at once; as many may wait at the target for an earlier one. */
  readonly window: number;
  /** Buffers for each hop and class. */
  readonly credits: number;
  /** Ways that a message may take at once. */
  readonly stripes: number;
}

interface Kept {
  chunk: Chunk;
  /** When it left; undefined: it still waits here, or there is no way for it. */
  left: number | undefined;
  waits: boolean;
  again: boolean;
}

export class Sender {
  readonly #table: () => Table;
  readonly #network: Network;
  readonly #wire: Wire;
  readonly #settings: RouterSettings;
  readonly #pair: { readonly source: number; readonly target: number };
  readonly #enqueue: (chunk: Chunk) => void;
  readonly #messages: { readonly message: number; readonly size: number; cut: number }[] = [];
  readonly #kept = new Map<number, Kept>();
  #next = 0;
  #acknowledged = 0;
  #ways: { readonly stripe: Stripe; bytes: number }[] = [];
  #roundTrip = 0;
  #patience = 0;
  #armed = false;

  constructor(
    table: () => Table,
    wire: Wire,
    settings: RouterSettings,
    pair: { readonly source: number; readonly target: number },
    enqueue: (chunk: Chunk) => void,
  ) {
    this.#table = table;
    this.#network = table().network;
    this.#wire = wire;
    this.#settings = settings;
    this.#pair = pair;
    this.#enqueue = enqueue;
  }

  send(message: number, size: number): void {
    this.#messages.push({ message, size, cut: 0 });
    this.#fill();
  }

  /** All below `next` have come. */
  receipt(next: number): void {
    if (next <= this.#acknowledged) return;
    const last = this.#kept.get(next - 1);
    if (last?.left !== undefined && !last.again)
      this.#roundTrip = Math.max(this.#wire.now() - last.left, this.#roundTrip * 0.875);
    for (; this.#acknowledged < next; this.#acknowledged++) this.#kept.delete(this.#acknowledged);
    this.#patience = 0;
    this.#fill();
  }

  /** Our port has taken the chunk. */
  left({ sequence }: Chunk): void {
    const kept = this.#kept.get(sequence);
    if (kept === undefined) return;
    kept.left = this.#wire.now();
    kept.waits = false;
    this.#arm();
  }

  /** Our port will not take the chunk: its first hop has failed. */
  dropped({ sequence }: Chunk): void {
    const kept = this.#kept.get(sequence);
    if (kept) kept.waits = false;
  }

  /** The table has changed: what was on a way that has failed goes another. */
  rerouted(): void {
    this.#ways = [];
    const table = this.#table();
    for (const kept of this.#kept.values()) {
      const whole = kept.chunk.way.every(({ from, to }) => table.isUp(from) && table.isUp(to));
      if (!kept.waits && (!whole || kept.left === undefined)) this.#again(kept);
    }
    this.#fill();
  }

  #fill(): void {
    for (let head = this.#messages[0]; head; head = this.#messages[0]) {
      if (this.#next - this.#acknowledged >= this.#settings.window) return;
      if (head.cut === 0) this.#ways = [];
      const bytes = Math.min(this.#settings.chunk, head.size - head.cut);
      head.cut += bytes;
      const ends = head.cut >= head.size;
      const base = { ...this.#pair, sequence: this.#next++, message: head.message, bytes, ends };
      const kept = { chunk: { ...base, leads: true, way: [] }, left: undefined, waits: false, again: false };
      this.#kept.set(base.sequence, kept);
      this.#dispatch(kept, head.size);
      if (ends) this.#messages.shift();
    }
  }

  #again(kept: Kept): void {
    kept.again = true;
    this.#dispatch(kept, kept.chunk.bytes);
  }

  /** Onto the way that is furthest behind its share; without a way it stays until the table changes. */
  #dispatch(kept: Kept, size: number): void {
    kept.left = undefined;
    const { source, target } = this.#pair;
    const { chunk, stripes: most } = this.#settings;
    if (this.#ways.length === 0)
      this.#ways = stripes(this.#table(), source, target, size, chunk, most).map((stripe) => ({
        stripe,
        bytes: 0,
      }));
    const behind = (one: { readonly stripe: Stripe; readonly bytes: number }) =>
      (one.bytes + kept.chunk.bytes) / one.stripe.share;
    const [first, ...others] = this.#ways;
    if (first === undefined) return;
    const way = others.reduce((best, one) => (behind(one) < behind(best) ? one : best), first);
    kept.chunk = { ...kept.chunk, leads: way.bytes === 0 || kept.again, way: way.stripe.way };
    way.bytes += kept.chunk.bytes;
    kept.waits = true;
    this.#enqueue(kept.chunk);
  }

  /** Several windows' worth of the way's time, or several round trips; doubled each time that it was in vain. */
  #limit(kept: Kept): number {
    const { window } = this.#settings;
    const once = kept.chunk.way.reduce((sum, { from }) => {
      const { alpha, beta } = this.#network.busOf(from);
      return sum + 2 * alpha + window * kept.chunk.bytes * beta;
    }, 0);
    return Math.max(4 * once, 4 * this.#roundTrip) * 2 ** Math.min(this.#patience, 12);
  }

  #arm(): void {
    if (this.#armed) return;
    const oldest = [...this.#kept.values()].find(({ left }) => left !== undefined);
    if (oldest?.left === undefined) return;
    this.#armed = true;
    this.#wire.after(Math.max(0, oldest.left + this.#limit(oldest) - this.#wire.now()), () => this.#expire());
  }

  #expire(): void {
    this.#armed = false;
    const now = this.#wire.now();
    const late = [...this.#kept.values()].filter(
      (kept) => kept.left !== undefined && kept.left + this.#limit(kept) <= now,
    );
    if (late.length > 0) this.#patience++;
    for (const kept of late) this.#again(kept);
    this.#arm();
  }
}
