/** Runs figures: sets their contenders up, measures them in turn (A B C, A B C, …), takes them away. */

import {
  type Contender,
  type Expectation,
  type Figure,
  type Measurable,
  type Plan,
  Skip,
  type Values,
} from './figure.ts';
import { type Summary, summarize } from './statistics.ts';

export interface Measured extends Summary {
  readonly contender: string;
  readonly metric: string;
  readonly unit: string;
  /** Of each round, in order. */
  readonly samples: readonly number[];
}

export interface Verdict extends Expectation {
  readonly value: number;
  /** The least and greatest of the rounds' own ratios. */
  readonly spread?: readonly [number, number];
  /** Undefined: no limit, or not judged. */
  readonly met?: boolean;
}

interface Problem {
  readonly contender: string;
  readonly reason: string;
}

export interface FigureResult {
  readonly name: string;
  readonly title: string;
  readonly measured: readonly Measured[];
  readonly verdicts: readonly Verdict[];
  /** Left out, because this machine lacks something. */
  readonly skipped: readonly Problem[];
  /** Could not be measured. */
  readonly failed: readonly Problem[];
  readonly notes: readonly string[];
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** One contender while its figure runs. */
interface Entrant {
  readonly name: string;
  readonly measurable: Measurable;
  readonly rounds: Values[];
}

class Run {
  readonly #figure: Figure;
  readonly #plan: Plan;
  readonly #entrants: Entrant[] = [];
  readonly skipped: Problem[] = [];
  readonly failed: Problem[] = [];

  constructor(figure: Figure, plan: Plan) {
    this.#figure = figure;
    this.#plan = plan;
  }

  get entrants(): readonly Entrant[] {
    return this.#entrants;
  }

  async open(contender: Contender): Promise<void> {
    await this.#attempt(contender.name, async () => {
      const measurable = await contender.open(this.#plan);
      this.#entrants.push({ name: contender.name, measurable, rounds: [] });
    });
  }

  async round(number: number): Promise<void> {
    for (const { name, measurable, rounds } of this.#entrants) {
      if (this.failed.some(({ contender }) => contender === name)) continue;
      await this.#attempt(name, async () => {
        rounds.push(await measurable.measure());
      });
    }
    this.#plan.say(`${this.#figure.name}: round ${number} done`);
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#entrants.map(({ measurable }) => measurable[Symbol.asyncDispose]()));
  }

  /** A contender that fails leaves the others to go on; being told to stop ends all. */
  async #attempt(contender: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#plan.stop.throwIfAborted();
      const problem = { contender, reason: reasonOf(error) };
      (error instanceof Skip ? this.skipped : this.failed).push(problem);
      this.#plan.say(`${this.#figure.name}, ${contender}: ${problem.reason}`);
    }
  }
}

/** @throws the stop signal's reason when it fires */
export async function runFigure(
  figure: Figure,
  rounds: number,
  cores: number,
  plan: Plan,
): Promise<FigureResult> {
  const run = new Run(figure, plan);
  try {
    for (const contender of figure.contenders) await run.open(contender);
    for (let round = 1; round <= rounds; round++) await run.round(round);
  } finally {
    await run.close();
  }
  const measured = gather(figure, run.entrants);
  return {
    name: figure.name,
    title: figure.title,
    measured,
    verdicts: figure.expectations.flatMap((expectation) => judge(expectation, measured, cores)),
    skipped: run.skipped,
    failed: run.failed,
    notes: figure.notes?.() ?? [],
  };
}

function gather({ metrics }: Figure, entrants: readonly Entrant[]): Measured[] {
  return metrics.flatMap(({ name: metric, unit }) =>
    entrants.flatMap(({ name: contender, rounds }) => {
      const samples = rounds.flatMap((values) => values[metric] ?? []);
      return samples.length === 0 ? [] : [{ contender, metric, unit, samples, ...summarize(samples) }];
    }),
  );
}

/** The value or ratio of medians, and whether it is as expected; nothing when it was not measured. */
function judge(expectation: Expectation, measured: readonly Measured[], cores: number): Verdict[] {
  const { metric, atLeast = 0, atMost = Number.POSITIVE_INFINITY } = expectation;
  const find = (name: string) => measured.find((each) => each.contender === name && each.metric === metric);
  const of = find(expectation.of);
  const to = expectation.to === undefined ? undefined : find(expectation.to);
  if (!of || (expectation.to !== undefined && !to)) return [];
  const value = of.median / (to?.median ?? 1);
  const pairs = of.samples.flatMap((sample, i) => sample / (to?.samples[i] ?? Number.NaN) || []);
  const judged =
    (expectation.atLeast ?? expectation.atMost) !== undefined && cores >= (expectation.cores ?? 0);
  return [
    {
      ...expectation,
      value,
      ...(pairs.length > 1 && { spread: [Math.min(...pairs), Math.max(...pairs)] as const }),
      ...(judged && { met: value >= atLeast && value <= atMost }),
    },
  ];
}
