/**
 * Blocking calls: spin, then let others have the processor, then sleep in the port. Where a call sleeps, others can see what
 * for; telling them takes longer than most waits, so it comes last.
 */

import { yieldProcessor } from '../sys/files.ts';
import { realClock } from '../time/clock.ts';
import type { Port } from '../transport/transport.ts';
import { ActivityWord, type Watch } from './activity.ts';
import type { Request } from './request.ts';
import type { Steps } from './schedule.ts';

/** What blocking calls need of the engine. */
interface Engine {
  readonly port: Port;
  readonly watch: Watch;
  progress(): number;
  /** World ranks that receives in a context wait for. */
  awaited(context: number): readonly number[];
}

/** One sleep; what has to be looked at besides the port is looked at so often. */
const napMs = 100;

/**
 * So long a call gives the processor away again and again before it sleeps: enough for a turn of many ranks on few
 * processors. On a machine that is busy with other things the first such turn takes longer, and it sleeps at once.
 */
const yieldingMs = 1;

export class Waiting {
  readonly #engine: Engine;
  /** Rounds without work before a call sleeps. */
  readonly #spins: number;
  /** When it is time to sleep. */
  #until = 0;

  constructor(engine: Engine, spins: number) {
    this.#engine = engine;
    this.#spins = spins;
  }

  block(request: Request): void {
    const engine = this.#engine;
    let idle = 0;
    let slept = false;
    while (!request.done) {
      if (engine.progress() > 0) idle = 0;
      else if (++idle > this.#spins && this.#isLong(idle)) {
        if (!slept) this.#doze(this.#waitsFor(request));
        slept = true;
        engine.port.wait(napMs);
      }
    }
    if (slept) this.#rise();
  }

  until<T>(look: () => T | undefined, waitsFor: readonly number[]): T {
    const engine = this.#engine;
    let idle = 0;
    let slept = false;
    let found = look();
    while (found === undefined) {
      if (engine.progress() > 0) idle = 0;
      else if (++idle > this.#spins && this.#isLong(idle)) {
        if (!slept) this.#doze(waitsFor);
        slept = true;
        engine.port.wait(napMs);
      }
      found = look();
    }
    if (slept) this.#rise();
    return found;
  }

  run<T>(steps: Steps<T>, context: number): T {
    const engine = this.#engine;
    let idle = 0;
    let slept = false;
    let step = steps.next();
    while (step.done !== true) {
      if (engine.progress() > 0) idle = 0;
      else if (++idle > this.#spins && this.#isLong(idle)) {
        if (!slept) this.#doze(engine.awaited(context));
        slept = true;
        engine.port.wait(napMs);
      }
      step = steps.next();
    }
    if (slept) this.#rise();
    return step.value;
  }

  /** Is it time to sleep? Until then others get the processor. */
  #isLong(idle: number): boolean {
    const now = realClock.now();
    if (idle === this.#spins + 1) this.#until = now + yieldingMs;
    if (now >= this.#until) return true;
    yieldProcessor();
    return false;
  }

  #waitsFor(request: Request): readonly number[] {
    if (request.kind === 'collective') return this.#engine.awaited(request.context);
    return request.peer >= 0 ? [request.peer] : [];
  }

  /** A blocking call begins to sleep. */
  #doze(waitsFor: readonly number[]): void {
    const { watch } = this.#engine;
    watch.blocked(waitsFor);
    Atomics.store(watch.words, ActivityWord.blocked, 1);
  }

  #rise(): void {
    const { watch } = this.#engine;
    Atomics.store(watch.words, ActivityWord.blocked, 0);
    watch.resumed();
  }
}
