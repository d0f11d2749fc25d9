/** What a port counts, on both sides. */

import type { TargetCounters } from './target-node.ts';

export class PortCounters {
  /** As a target: those who were not on the access list, or whose ID another one has. */
  refused = 0;
  /** As an initiator: sessions; those after the first with the same target; attempts that failed. */
  connects = 0;
  reconnects = 0;
  failedConnects = 0;
  /** Wrong digests in what targets sent. */
  damaged = 0;
  readonly #served: TargetCounters;

  constructor(served: TargetCounters) {
    this.#served = served;
  }

  /** As a target: sessions, attempts that failed, connections that we ended or did not take. */
  get logins(): number {
    return this.#served.logins;
  }

  get failedLogins(): number {
    return this.#served.failedLogins;
  }

  get droppedConnections(): number {
    return this.#served.droppedConnections;
  }

  /** Wrong digests, either side. */
  get digestErrors(): number {
    return this.damaged + this.#served.digestErrors;
  }
}
