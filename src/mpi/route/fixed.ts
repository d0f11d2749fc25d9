/** Paths that were chosen by hand, in place of those that the table finds. */

import type { Hop } from './network.ts';

/** For messages of `least` bytes and more, up to the next one's `least`. */
export interface FixedPath {
  readonly source: number;
  readonly target: number;
  readonly least: number;
  readonly hops: readonly Hop[];
}

export class FixedPaths {
  readonly #byPair = new Map<string, FixedPath[]>();

  constructor(paths: readonly FixedPath[] = []) {
    for (const path of [...paths].sort((one, other) => one.least - other.least)) {
      const key = `${path.source} ${path.target}`;
      const list = this.#byPair.get(key);
      if (list) list.push(path);
      else this.#byPair.set(key, [path]);
    }
  }

  /** By rising `least`. */
  of(source: number, target: number): readonly FixedPath[] {
    return this.#byPair.get(`${source} ${target}`) ?? [];
  }
}
