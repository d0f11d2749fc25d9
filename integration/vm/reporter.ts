/** A reporter for tests that run in a guest: one line of JSON for each, for guest-tests.ts to read. */

import type { TestEvent } from 'node:test/reporters';

/** How one test ended. */
export interface Report {
  /** The names of its suites and its own. */
  readonly name: string;
  readonly seconds: number;
  readonly skipped?: string | boolean;
  /** Set: it failed. */
  readonly failure?: string;
}

/** What tells a line of ours from what the tests print. */
export const mark = 'ipscsi-test:';

const causeOf = (error: Error | undefined): string => {
  const cause = (error?.cause ?? error) as Error | undefined;
  return cause?.stack ?? String(cause);
};

// biome-ignore lint/style/noDefaultExport: Node wants a reporter to be one
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const names: string[] = [];
  for await (const { type, data } of events) {
    if (type === 'test:start') {
      names.length = data.nesting;
      names.push(data.name);
    }
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const suite = data.details.type === 'suite';
    if (suite && type === 'test:pass' && !data.skip) continue;
    names.length = data.nesting;
    const line: Report = {
      name: [...names, data.name].join(' › '),
      seconds: data.details.duration_ms / 1000,
      ...(data.skip ? { skipped: data.skip } : {}),
      ...(type === 'test:fail' ? { failure: causeOf(data.details.error) } : {}),
    };
    yield `${mark}${JSON.stringify(line)}\n`;
  }
}
