/** Why ranks have not come: the last that was heard of each, by bus. */

import type { Logger } from '../observe/logger.ts';
import type { Places } from './places.ts';

/** Ranks told of one by one. */
const most = 4;

export class Absences {
  readonly #places: Places;
  /** By node and bus. */
  readonly #reasons = new Map<number, Map<number, string>>();

  constructor(places: Places) {
    this.#places = places;
  }

  /** For the port on a bus, which tells of targets that it can't reach. */
  logger(bus: number): Logger {
    return {
      log: (_level, _event, facts) => {
        const { id, why } = facts ?? {};
        if (typeof id !== 'number' || typeof why !== 'string') return;
        const known = this.#reasons.get(id) ?? new Map<number, string>();
        this.#reasons.set(id, known.set(bus, why));
      },
    };
  }

  /** "rank 2 on beta by 10.0.0.0/24 (10.0.0.2): ECONNREFUSED"; several with semicolons between. */
  of(ranks: readonly number[]): string {
    const told = ranks.slice(0, most).map((rank) => this.#about(rank));
    const rest = ranks.length - told.length;
    return [...told, ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ');
  }

  #about(rank: number): string {
    const { buses } = this.#places.layout;
    const ways = buses.flatMap(({ name, carrier, members }, bus) => {
      if (!members.includes(rank)) return [];
      const where = carrier === 'shm' ? 'shared memory' : this.#places.address(bus, rank);
      const why = this.#reasons.get(rank)?.get(bus);
      return [`by ${name} (${where})${why === undefined ? '' : `: ${why}`}`];
    });
    return `rank ${rank} on ${this.#places.hostOf(rank).name} ${ways.join(', ')}`;
  }
}
