/**
 * The reporter of `npm test`: a line for each file as it ends, and last of all what failed and why, since the end is the
 * part of a long output that is read.
 */

import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';

type Ended = Extract<TestEvent, { type: 'test:pass' | 'test:fail' }>['data'];
type Written = Extract<TestEvent, { type: 'test:stdout' | 'test:stderr' | 'test:diagnostic' }>['data'];
type Completed = Extract<TestEvent, { type: 'test:complete' }>['data'];

const slowestShown = 10;
/** Of what the tests of a failing file wrote themselves and their diagnostics, in characters. */
const outputShown = 6000;
const reasonsShown = 20;

/** The runner's totals, which are counted here. */
const aCount = /^\w+ [\d.]+\n$/;

const here = (file: string | undefined): string => (file ? relative(process.cwd(), file) : '');
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1).padStart(7)} s`;
/** Frames of the test runner itself are not worth their line. */
const shorten = (stack: string): string => stack.replaceAll(/\n +at .*[( ](?:node:|<anonymous>).*$/gm, '');
const indent = (text: string): string => text.replaceAll(/^(?=.)/gm, '    ');

/** Why a test failed. Undefined: because one within it did. */
function reasonOf({ details }: Ended): string | undefined {
  const error = 'error' in details ? details.error : undefined;
  if ((error as { failureType?: string } | undefined)?.failureType === 'subtestsFailed') return undefined;
  const cause = (error?.cause ?? error) as Error | undefined;
  return shorten(cause?.stack ?? String(cause));
}

class Summary {
  readonly #names: string[] = [];
  readonly #failures: string[] = [];
  readonly #failedFiles = new Set<string>();
  readonly #skips = new Map<string, number>();
  readonly #times: (readonly [file: string, ms: number])[] = [];
  /** The runner's own, of errors after a test's end among others: it does not say whose they are. */
  readonly #remarks: string[] = [];
  readonly #written = new Map<string, string>();
  #passed = 0;
  #failed = 0;
  #skipped = 0;

  started(nesting: number, name: string): void {
    this.#names.length = nesting;
    this.#names.push(name);
  }

  ended(data: Ended, ok: boolean): void {
    this.#names.length = data.nesting;
    if (data.skip || data.todo) this.#skip(data);
    else if (!ok) this.#fail(data);
    else if (data.details.type !== 'suite') this.#passed++;
  }

  #skip({ skip, todo }: Ended): void {
    const reason = String(skip || todo);
    this.#skipped++;
    this.#skips.set(reason, (this.#skips.get(reason) ?? 0) + 1);
  }

  #fail(data: Ended): void {
    const reason = reasonOf(data);
    if (data.file) this.#failedFiles.add(data.file);
    if (reason === undefined) return;
    this.#failed++;
    const name = data.name === data.file ? 'the file itself' : [...this.#names, data.name].join(' › ');
    this.#failures.push(`${here(data.file)}: ${name}\n${indent(reason)}`);
  }

  wrote({ file, message }: Written): void {
    if (!file) this.#remarks.push(message);
    else this.#written.set(file, ((this.#written.get(file) ?? '') + message).slice(-outputShown));
  }

  /** A file is done: its line. */
  completed({ file, details }: Completed): string {
    this.#times.push([here(file), details.duration_ms]);
    return `${details.passed ? 'ok    ' : 'FAILED'} ${seconds(details.duration_ms)}  ${here(file)}\n`;
  }

  *text(tookMs: number): Generator<string> {
    yield '\nThe slowest files:\n';
    for (const [file, ms] of this.#times.sort(([, a], [, b]) => b - a).slice(0, slowestShown))
      yield `${seconds(ms)}  ${file}\n`;
    if (this.#skips.size > 0) yield '\nSkipped:\n';
    const skips = [...this.#skips].sort(([, a], [, b]) => b - a);
    for (const [reason, count] of skips.slice(0, reasonsShown))
      yield `${String(count).padStart(5)}  ${reason}\n`;
    for (const remark of this.#remarks.filter((line) => !aCount.test(line))) yield `\n${remark}`;
    for (const file of this.#failedFiles) {
      const written = this.#written.get(file);
      if (written) yield `\nWritten by ${here(file)}:\n${indent(written.trimEnd())}\n`;
    }
    if (this.#failures.length > 0) yield '\nFailed:\n';
    for (const failure of this.#failures) yield `\n${failure}\n`;
    const counts = `${this.#passed} passed, ${this.#failed} failed, ${this.#skipped} skipped`;
    yield `\n${this.#times.length} files, ${counts}, in ${(tookMs / 1000).toFixed(0)} s\n`;
  }
}

// biome-ignore lint/style/noDefaultExport: Node wants a reporter to be one
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const began = performance.now();
  const summary = new Summary();
  for await (const { type, data } of events) {
    if (type === 'test:start') summary.started(data.nesting, data.name);
    else if (type === 'test:pass') summary.ended(data, true);
    else if (type === 'test:fail') summary.ended(data, false);
    else if (type === 'test:stdout' || type === 'test:stderr') summary.wrote(data);
    else if (type === 'test:diagnostic') summary.wrote({ ...data, message: `${data.message}\n` });
    else if (type === 'test:complete' && data.name === data.file) yield summary.completed(data);
  }
  yield* summary.text(performance.now() - began);
}
