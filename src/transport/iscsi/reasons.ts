/** Says why a target is not reached: each reason once, until it has been reached. */

import type { Logger } from '../../observe/logger.ts';

/** A target that finds ever new words is listened to no longer. */
const most = 16;

export class Reasons {
  readonly #logger: Logger;
  readonly #facts: Readonly<Record<string, unknown>>;
  readonly #told = new Set<string>();

  /** `facts`: which target it is. */
  constructor(logger: Logger, facts: Readonly<Record<string, unknown>>) {
    this.#logger = logger;
    this.#facts = facts;
  }

  failed({ message: why }: Error): void {
    if (this.#told.size >= most || this.#told.has(why)) return;
    this.#told.add(why);
    this.#logger.log('warn', 'iscsi target not reached: tried again and again', { ...this.#facts, why });
  }

  reached(): void {
    this.#told.clear();
  }
}
