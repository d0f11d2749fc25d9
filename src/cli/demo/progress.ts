/** What the demo says while it works: a line when a step begins, and lines of what it found; or JSON, one object a line. */

import { CliError } from '../failure.ts';
import type { Output } from '../output.ts';

/** Facts for programs. */
export type Facts = Readonly<Record<string, unknown>>;

/** Says one thing that a step found: a sentence for people, facts for programs. */
export type Say = (text: string, facts?: Facts) => void;

export class Progress {
  readonly #output: Output;
  readonly #json: boolean;
  #count = 0;

  constructor(output: Output, json: boolean) {
    this.#output = output;
    this.#json = json;
  }

  /** Outside of any step. */
  say(text: string, facts: Facts = {}): void {
    if (this.#json) this.#print({ event: 'note', text, ...facts });
    else this.#output.line(text);
  }

  /** One step. @throws CliError that names the step, when the work throws or `failed` rejects first */
  async step<T>(
    name: string,
    title: string,
    work: (say: Say) => Promise<T>,
    failed: Promise<never>,
  ): Promise<T> {
    this.#count++;
    const number = this.#count;
    if (this.#json) this.#print({ event: 'begin', step: name, number, title });
    else this.#output.line(`${this.#output.colours.bold(`${number}. ${title}`)}`);
    const start = performance.now();
    try {
      const working = work((text, facts = {}) => this.#found(name, text, facts));
      const result = await Promise.race([working, failed]);
      const ms = Math.round(performance.now() - start);
      if (this.#json) this.#print({ event: 'end', step: name, ms });
      return result;
    } catch (error) {
      throw explain(title, error);
    }
  }

  #found(step: string, text: string, facts: Facts): void {
    if (this.#json) this.#print({ event: 'found', step, text, ...facts });
    else this.#output.line(`   ${this.#output.colours.green('✓')} ${text}`);
  }

  #print(facts: Facts): void {
    this.#output.line(JSON.stringify(facts));
  }
}

function explain(title: string, error: unknown): CliError {
  if (error instanceof CliError) return error;
  return new CliError(
    'failure',
    `the demo failed at "${title}": ${error instanceof Error ? error.message : error}`,
  );
}
