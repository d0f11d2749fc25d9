/** The ways from a node to another: found once, kept until the table changes; the choice among them costs next to nothing. */

import type { Hop } from './network.ts';
import { defaultStream, type RouterSettings } from './settings.ts';
import { detour, stripes } from './stripes.ts';
import type { Table } from './table.ts';

/** A way, and how it fared. */
export class Way {
  readonly hops: readonly Hop[];
  /** Bytes that wait for it or are on it. */
  open = 0;
  /** A chunk did not end in time; so it stays until one does. */
  avoided = false;
  /** And it ended on another way: so it is not the target that takes its time. */
  condemned = false;
  /** µs: not before. */
  until = 0;
  /** µs, smoothed; 0: not known. */
  roundTrip = 0;
  /** The usual time limit is this many times as long; 1 to 8. */
  leniency = 1;
  /** A way round it; undefined: not looked for yet. */
  detour: Way | 'none' | undefined;
  readonly #guess: number;
  #failures = 0;

  /** `guess`: of a round trip, while none is known, µs. */
  constructor(hops: readonly Hop[], guess: number) {
    this.hops = hops;
    this.#guess = guess;
  }

  /** µs that a chunk may take as a rule. */
  get usual(): number {
    return 4 * (this.roundTrip || this.#guess);
  }

  usable(now: number): boolean {
    return !this.avoided && this.until <= now;
  }

  /** A chunk on it was taken. If that was late, suspicion was wrong: it gets more time from now on, for a while. */
  worked(roundTrip: number, late: boolean): void {
    if (late && this.avoided) this.leniency = Math.min(2 * this.leniency, 8);
    else this.leniency -= (this.leniency - 1) / 64;
    this.avoided = this.condemned = false;
    this.#failures = 0;
    this.until = 0;
    this.roundTrip += (roundTrip - this.roundTrip) / (this.roundTrip === 0 ? 1 : 8);
  }

  /** A chunk on it was not taken: a pause, doubled each time. Those that were under way then say nothing new. */
  failed(now: number): void {
    this.avoided = this.condemned = false;
    if (this.until > now) return;
    this.until = now + firstPause * 2 ** Math.min(this.#failures++, 7);
  }

  /** The table has changed. */
  renew(): void {
    this.until = 0;
    this.#failures = 0;
    this.detour = undefined;
  }
}

/** µs. */
const firstPause = 1000;

interface Share {
  readonly way: Way;
  readonly share: number;
}

const keyOf = (hops: readonly Hop[]): string => hops.map(({ from, to }) => `${from}>${to}`).join();

export class Ways {
  readonly #current: () => Table;
  readonly #settings: RouterSettings;
  readonly #source: number;
  readonly #target: number;
  #table: Table | undefined;
  #version = -1;
  readonly #known = new Map<string, Way>();
  /** Best ways by rising size. */
  #short: { readonly least: number; readonly shares: readonly Share[] }[] = [];
  #stream: readonly Share[] | undefined;

  constructor(table: () => Table, settings: RouterSettings, source: number, target: number) {
    this.#current = table;
    this.#settings = settings;
    this.#source = source;
    this.#target = target;
  }

  /**
   * The way that has the least of its share under way. Those that were late or failed are for when there is no other; the
   * caller looks whether it is to wait. Undefined: there is none at all.
   */
  pick(size: number, streams: boolean, now: number): Way | undefined {
    const shares = this.#shares(size, streams);
    let best: Way | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const { way, share } of shares) {
      const behind = (way.open + size) / share;
      if (behind < least && way.usable(now)) [best, least] = [way, behind];
    }
    return best ?? this.#rather(shares, size, now);
  }

  /** A usable way for what is late on another: one that shares no port with it, if there is one. */
  around(late: Way, size: number, streams: boolean, now: number): Way | undefined {
    const shares = this.#shares(size, streams);
    if (shares.some(({ way }) => way === late))
      for (const { way } of shares) if (way !== late && way.usable(now)) return way;
    const other = this.#detour(late, size);
    return other?.usable(now) ? other : undefined;
  }

  /** A way round one of these; else one that is only late; else the one that may be tried again first. */
  #rather(shares: readonly Share[], size: number, now: number): Way | undefined {
    const all = shares.map(({ way }) => way);
    for (const { way } of shares) {
      const other = this.#detour(way, size);
      if (other?.usable(now)) return other;
      if (other) all.push(other);
    }
    let best: Way | undefined;
    for (const way of all) if (best === undefined || way.until < best.until) best = way;
    return best;
  }

  #detour(way: Way, size: number): Way | undefined {
    if (way.detour === undefined) {
      const hops = detour(this.#current(), way.hops, size);
      way.detour = hops ? this.#way(hops) : 'none';
    }
    return way.detour === 'none' ? undefined : way.detour;
  }

  #shares(size: number, streams: boolean): readonly Share[] {
    this.#refresh();
    if (streams) {
      this.#stream ??= this.#stripes();
      return this.#stream;
    }
    for (let i = this.#short.length - 1; i >= 0; i--) {
      const known = this.#short[i];
      if (known && known.least <= size) return known.shares;
    }
    return [];
  }

  #stripes(): readonly Share[] {
    const { chunk, stripes: most, stream = defaultStream } = this.#settings;
    const found = stripes(this.#current(), this.#source, this.#target, stream, chunk, most);
    return found.map(({ way, share }) => ({ way: this.#way(way), share }));
  }

  #refresh(): void {
    const table = this.#current();
    if (table === this.#table && table.version === this.#version) return;
    this.#table = table;
    this.#version = table.version;
    this.#stream = undefined;
    for (const [key, way] of this.#known) {
      way.renew();
      if (way.open === 0 && !way.avoided) this.#known.delete(key);
    }
    this.#short = table
      .routes(this.#source, this.#target)
      .map(({ least, hops }) => ({ least, shares: [{ way: this.#way(hops), share: 1 }] }));
  }

  #way(hops: readonly Hop[]): Way {
    const key = keyOf(hops);
    const known = this.#known.get(key);
    if (known) return known;
    const made = new Way(hops, this.#guess(hops));
    this.#known.set(key, made);
    return made;
  }

  /** A round trip behind a window's worth of full chunks. */
  #guess(hops: readonly Hop[]): number {
    const { window, chunk } = this.#settings;
    const { network } = this.#current();
    return hops.reduce((sum, { from }) => {
      const { alpha, beta } = network.busOf(from);
      return sum + 2 * alpha + window * chunk * beta;
    }, 0);
  }
}
