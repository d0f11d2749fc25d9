/** What a rank's port knows of another rank that messages go to. */

import type { RoutedNexus } from './routed-nexus.ts';
import type { Served } from './served.ts';

export class Pair {
  readonly rank: number;
  /** Which life of it we speak to, and the last that has ended; -1: none yet. */
  life = -1;
  gone = -1;
  /** Counts the beginnings: whoever gives the other up begins a new one. */
  epoch = 0;
  /** The other does not know of this epoch yet. */
  greets = false;
  /** µs: since when there has been no way. */
  cut: number | undefined = undefined;
  nexus: RoutedNexus | undefined = undefined;
  served: Served | undefined = undefined;
  /** Of the last loss. */
  why: string | undefined = undefined;

  constructor(rank: number) {
    this.rank = rank;
  }
}
