/** The words of these benchmarks: a figure compares contenders, each of which is measured once a round. */

/** How long and how often. */
export interface Plan {
  readonly smoke: boolean;
  /** Fires when all is to end. */
  readonly stop: AbortSignal;
  /** Tells what happens meanwhile. */
  say(text: string): void;
}

interface Metric {
  readonly name: string;
  readonly unit: string;
  /** Whether the plot shows it; the table always does. */
  readonly plotted?: false;
}

/** What one measurement gave, by the metrics' names; one that could not be measured is left out. */
export type Values = Readonly<Record<string, number>>;

export interface Measurable extends AsyncDisposable {
  measure(): Promise<Values>;
}

export interface Contender {
  readonly name: string;
  /** Sets up what is measured. @throws Skip when this machine lacks something */
  open(plan: Plan): Promise<Measurable>;
}

export interface Expectation {
  readonly metric: string;
  readonly of: string;
  /** With it the ratio to that contender is meant, without it the value itself. */
  readonly to?: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  /** With fewer cores it is not judged. */
  readonly cores?: number;
}

export interface Figure {
  /** As on the command line. */
  readonly name: string;
  readonly title: string;
  readonly metrics: readonly Metric[];
  readonly contenders: readonly Contender[];
  /** Those without a limit are printed all the same. */
  readonly expectations: readonly Expectation[];
  /** Said below the table. */
  notes?(): readonly string[];
}

/** This machine lacks something that a contender needs. */
export class Skip extends Error {
  override readonly name = 'Skip';
}
