/**
 * The source's side of a pair: cuts messages into chunks and keeps each until it was taken. What was refused or lost goes
 * again; what does not end in time goes another way as well, once.
 */

import { Attempt, type Kept, type Outgoing } from './attempt.ts';
import { Fifo } from './fifo.ts';
import type { Chunk, Ended, Wire } from './packet.ts';
import { defaultLate, type RouterSettings } from './settings.ts';
import type { Table } from './table.ts';
import { type Way, Ways } from './ways.ts';

/** What a sender needs of its router. */
export interface Dispatcher {
  readonly node: number;
  readonly table: Table;
  readonly wire: Wire;
  readonly settings: RouterSettings;
  readonly counters: { repeated: number; late: number };
  enqueue(attempt: Attempt): void;
  /** There is no way to the target. */
  stranded(target: number): void;
}

export class Sender {
  readonly #router: Dispatcher;
  readonly #wire: Wire;
  readonly #settings: RouterSettings;
  readonly #target: number;
  readonly #ways: Ways;
  readonly #messages = new Fifo<Outgoing>();
  /** By sequence number modulo the window. */
  readonly #kept: (Kept | undefined)[];
  #next = 0;
  /** All below were taken. */
  #acknowledged = 0;
  #patience = 0;
  /** A second copy of what is late, and the way that it is late on: is it the way, or the target? */
  #probe: { readonly attempt: Attempt; readonly late: Way } | undefined;
  /** When the timer is due, µs. */
  #alarm = Number.POSITIVE_INFINITY;

  constructor(router: Dispatcher, target: number) {
    this.#router = router;
    this.#wire = router.wire;
    this.#settings = router.settings;
    this.#target = target;
    this.#kept = new Array(router.settings.window).fill(undefined);
    this.#ways = new Ways(() => router.table, router.settings, router.node, target);
  }

  send(message: number, size: number): void {
    const { chunk } = this.#settings;
    const missing = Math.max(1, Math.ceil(size / chunk));
    const streams = 2 * size >= chunk;
    this.#messages.push({ message, size, streams, cut: 0, missing, answered: false });
    this.#fill();
  }

  /** The table has changed: what was on a way that has failed goes another, what waited goes at once. */
  rerouted(): void {
    for (let sequence = this.#acknowledged; sequence < this.#next; sequence++) {
      const kept = this.#keptAt(sequence);
      if (kept === undefined) continue;
      for (const attempt of [kept.first, kept.second])
        if (attempt && !attempt.way.hops.every((hop) => this.#router.table.works(hop))) this.#forget(attempt);
      if (!(kept.first || kept.second)) this.#dispatch(kept);
    }
    this.#fill();
  }

  /** Gives up all there is to send: what is under way may end as it likes. */
  close(): void {
    this.#messages.drain();
    for (; this.#acknowledged < this.#next; this.#acknowledged++) {
      const kept = this.#keptAt(this.#acknowledged);
      if (kept === undefined) continue;
      kept.done = true;
      for (const attempt of [kept.first, kept.second]) if (attempt) this.#forget(attempt);
    }
    this.#kept.fill(undefined);
  }

  /** Its first hop has failed; rerouted() follows. */
  dropped(attempt: Attempt): void {
    this.#forget(attempt);
  }

  ended(attempt: Attempt, how: Ended): void {
    const { kept, way } = attempt;
    way.open -= kept.bytes;
    const now = this.#wire.now();
    const took = how === 'taken' || how === 'answered';
    if (took) way.worked(now - attempt.since, attempt.late);
    else way.failed(now);
    if (took && !attempt.late) this.#patience = 0;
    const counts = detach(attempt);
    if (this.#probe?.attempt === attempt) this.#probed(this.#probe.late, took);
    if (kept.done) return;
    if (took) this.#taken(kept, how === 'answered');
    else if (counts && !(kept.first || kept.second)) {
      this.#router.counters.repeated++;
      this.#dispatch(kept);
    }
  }

  #keptAt(sequence: number): Kept | undefined {
    return this.#kept[sequence % this.#settings.window];
  }

  #fill(): void {
    const { window, chunk } = this.#settings;
    for (let head = this.#messages.peek(); head; head = this.#messages.peek()) {
      if (this.#next - this.#acknowledged >= window) return;
      const bytes = Math.min(chunk, head.size - head.cut);
      head.cut += bytes;
      const ends = head.cut >= head.size;
      if (ends) this.#messages.shift();
      const kept: Kept = {
        of: head,
        sequence: this.#next,
        bytes,
        ends,
        first: undefined,
        second: undefined,
        resume: Number.POSITIVE_INFINITY,
        done: false,
      };
      this.#kept[this.#next++ % window] = kept;
      this.#dispatch(kept);
    }
  }

  #taken(kept: Kept, answered: boolean): void {
    const { of } = kept;
    kept.done = true;
    if (kept.first) this.#forget(kept.first);
    if (kept.first) this.#forget(kept.first); // the second has moved up
    this.#kept[kept.sequence % this.#settings.window] = undefined;
    while (this.#acknowledged < this.#next && this.#keptAt(this.#acknowledged) === undefined)
      this.#acknowledged++;
    of.missing--;
    if (answered) of.answered = true;
    this.#fill();
    if (of.missing === 0) this.#wire.arrived(this.#target, of.message, of.answered);
  }

  /** Onto a way; without one it stays until the table changes, and for a while if all have failed just now. */
  #dispatch(kept: Kept): void {
    const now = this.#wire.now();
    const way = this.#ways.pick(kept.bytes, kept.of.streams, now);
    kept.resume = Number.POSITIVE_INFINITY;
    if (way === undefined) this.#router.stranded(this.#target);
    else if (way.until > now) {
      kept.resume = way.until;
      this.#arm(way.until);
    } else this.#launch(kept, way);
  }

  #launch(kept: Kept, way: Way, urgent = false): Attempt {
    const chunk: Chunk = {
      source: this.#router.node,
      target: this.#target,
      sequence: kept.sequence,
      message: kept.of.message,
      bytes: kept.bytes,
      leads: way.open === 0,
      ends: kept.ends,
      way: way.hops,
    };
    const attempt = new Attempt(chunk, kept, way, this, this.#wire.now(), urgent);
    if (kept.first) kept.second = attempt;
    else kept.first = attempt;
    way.open += kept.bytes;
    this.#arm(attempt.since + this.#limit(attempt));
    this.#router.enqueue(attempt);
    return attempt;
  }

  /** It counts no longer; if it waits still, it need not go. */
  #forget(attempt: Attempt): void {
    detach(attempt);
    if (this.#probe?.attempt === attempt) this.#probe = undefined;
    if (attempt.gone || attempt.cancelled) return;
    attempt.cancelled = true;
    attempt.way.open -= attempt.kept.bytes;
  }

  /** µs that a chunk may take. On a way where one took too long the others need not be given that much time. */
  #limit({ way }: Attempt): number {
    return way.avoided ? way.usual : this.#patient(way);
  }

  /** Doubled each time that something took longer. */
  #patient({ usual, leniency }: Way): number {
    const { late = defaultLate } = this.#settings;
    return Math.max(late, usual) * leniency * 2 ** Math.min(this.#patience, 8);
  }

  #arm(when: number): void {
    if (when >= this.#alarm) return;
    this.#alarm = when;
    this.#wire.after(Math.max(0, when - this.#wire.now()), () => {
      if (this.#alarm === when) this.#look(when);
    });
  }

  /** What is late goes another way as well; what had to wait goes again. */
  #look(due: number): void {
    this.#alarm = Number.POSITIVE_INFINITY;
    const now = Math.max(this.#wire.now(), due);
    let suspects = 0;
    for (let sequence = this.#acknowledged; sequence < this.#next; sequence++) {
      const kept = this.#keptAt(sequence);
      if (kept === undefined) continue;
      if (kept.resume <= now) this.#dispatch(kept);
      else suspects += this.#lookAt(kept, now);
    }
    if (suspects > 0) this.#patience++;
    for (let sequence = this.#acknowledged; sequence < this.#next; sequence++) {
      const kept = this.#keptAt(sequence);
      if (kept) this.#watch(kept, now);
    }
  }

  /** How many ways have just come under suspicion. */
  #lookAt(kept: Kept, now: number): number {
    const { first, second } = kept;
    const suspects = this.#suspect(first, now) + this.#suspect(second, now);
    if (first === undefined || second || !first.way.avoided) return suspects;
    if (first.gone && !(first.late && (first.way.condemned || this.#probe === undefined))) return suspects;
    const other = this.#ways.around(first.way, kept.bytes, kept.of.streams, now);
    if (other) this.#repeat(kept, first, other);
    return suspects;
  }

  /** One of those that are late shows whether it is the way; if the target takes its time, more are of no use. */
  #repeat(kept: Kept, late: Attempt, way: Way): void {
    this.#router.counters.repeated++;
    const probes = late.gone && !late.way.condemned;
    if (!late.gone) this.#forget(late);
    else if (!probes) late.release?.();
    const attempt = this.#launch(kept, way, probes);
    if (probes) this.#probe = { attempt, late: late.way };
  }

  /** The copy has ended. If it was taken, and the first is still on its way, that way is to blame: all that is late on it goes. */
  #probed(late: Way, took: boolean): void {
    this.#probe = undefined;
    if (!(took && late.avoided)) return;
    late.condemned = true;
    this.#arm(this.#wire.now());
  }

  /** If it is late its way is avoided. 1: it was not until now. */
  #suspect(attempt: Attempt | undefined, now: number): number {
    if (attempt === undefined || attempt.late || attempt.since + this.#limit(attempt) > now) return 0;
    this.#router.counters.late++;
    attempt.late = true;
    if (attempt.way.avoided) return 0;
    attempt.way.avoided = true;
    return 1;
  }

  /** Sees to it that the timer comes in time; for what is late, to see whether there is another way now. */
  #watch({ first, second, resume }: Kept, now: number): void {
    this.#arm(resume);
    for (const attempt of [first, second])
      if (attempt?.late) this.#arm(now + this.#patient(attempt.way));
      else if (attempt) this.#arm(attempt.since + this.#limit(attempt));
  }
}

/** True: it counted until now. */
function detach(attempt: Attempt): boolean {
  const { kept } = attempt;
  if (kept.first === attempt) {
    kept.first = kept.second;
    kept.second = undefined;
    return true;
  }
  if (kept.second !== attempt) return false;
  kept.second = undefined;
  return true;
}
