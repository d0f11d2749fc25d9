/** What ranks put on all hosts comes together here: when every host's ranks are at the barrier, all get all. Pure. */

import type { Puts } from './messages.ts';

export class Exchange<Host> {
  readonly #hosts: readonly Host[];
  readonly #waiting = new Map<Host, Puts>();
  readonly #release: (puts: Puts) => void;

  /** `release` is called when all have come, with what all have put, hosts in order: the last one to put a key has it. */
  constructor(hosts: readonly Host[], release: (puts: Puts) => void) {
    this.#hosts = hosts;
    this.#release = release;
  }

  /** All ranks of a host are at the barrier. */
  come(host: Host, puts: Puts): void {
    this.#waiting.set(host, puts);
    if (this.#waiting.size < this.#hosts.length) return;
    const all = new Map(this.#hosts.flatMap((one) => this.#waiting.get(one) ?? []));
    this.#waiting.clear();
    this.#release([...all]);
  }
}
