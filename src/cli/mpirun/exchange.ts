/**
 * What ranks put on all hosts comes together here: when every host's ranks are at the barrier, all get all. Pure. It also sees that ranks
 * wait for one that has ended, and will do so for ever.
 */

import type { Puts } from './messages.ts';

export interface ExchangeEvents {
  /** All have come; what all have put, hosts in order: the last one to put a key has it. */
  release(puts: Puts): void;
  /** Some are at the barrier, and this rank will not come. Told once. */
  stuck(rank: number): void;
}

export class Exchange<Host> {
  readonly #hosts: readonly Host[];
  readonly #come = new Map<Host, Puts>();
  readonly #events: ExchangeEvents;
  #somebodyWaits = false;
  /** The first rank that ended. */
  #gone: number | undefined;
  #told = false;

  constructor(hosts: readonly Host[], events: ExchangeEvents) {
    this.#hosts = hosts;
    this.#events = events;
  }

  /** A rank is at the barrier, the first of its host. */
  wait(): void {
    this.#somebodyWaits = true;
    this.#look();
  }

  /** A rank has ended. */
  leave(rank: number): void {
    this.#gone ??= rank;
    this.#look();
  }

  #look(): void {
    if (this.#told || !this.#somebodyWaits || this.#gone === undefined) return;
    this.#told = true;
    this.#events.stuck(this.#gone);
  }

  /** All ranks of a host are at the barrier. */
  come(host: Host, puts: Puts): void {
    this.#come.set(host, puts);
    if (this.#come.size < this.#hosts.length) return;
    const all = new Map(this.#hosts.flatMap((one) => this.#come.get(one) ?? []));
    this.#come.clear();
    this.#somebodyWaits = false;
    this.#events.release([...all]);
  }
}
