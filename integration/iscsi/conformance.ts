/** Runs libiscsi's iscsi-test-cu suite by suite against a target, and reads what it says. */

import { execFile, spawnSync } from 'node:child_process';

const tool = 'iscsi-test-cu';
/** A suite that takes longer hangs: the tool reconnects for ever when a target misbehaves. */
const suiteMs = 60_000;

/** "Suite.Test" and what came of it: "pass", "skip: why", "fail: where". */
export type Results = Readonly<Record<string, string>>;

/** Why the tool cannot be run; undefined when it can. */
export function noTool(): string | undefined {
  return spawnSync(tool, ['--help']).error ? `${tool} is not installed (Debian: libiscsi-bin)` : undefined;
}

/** The tool's suites: "ALL.Read10". */
export function suites(): string[] {
  const { stdout } = spawnSync(tool, ['-l'], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => /^ALL\.[^.]+$/.test(line));
}

/** Runs one suite. */
export function runSuite(suite: string, url: string): Promise<Results> {
  const args = ['--dataloss', '-V', '-t', suite, url];
  return new Promise((resolve) => {
    const options = { timeout: suiteMs, killSignal: 'SIGKILL', maxBuffer: 1 << 26 } as const;
    execFile(tool, args, options, (_error, stdout) =>
      resolve(readResults(suite.slice('ALL.'.length), stdout)),
    );
  });
}

/** A test's lines run from "  Test: Name ..." to the next; a skip counts as a pass for the tool, but not for us. */
export function readResults(suite: string, output: string): Results {
  const [, ...tests] = output.split(/^ {2}Test: /m);
  return Object.fromEntries(
    tests.map((text) => {
      const name = /^[\w-]+/.exec(text)?.[0] ?? '?';
      const own = text.replace(/(^|\.\.\.)passed[\s\S]*$/m, '$1passed'); // what follows is the suite's tidying up
      return [`${suite}.${name}`, outcome(own.split(/^Suite |^Run Summary/m)[0] ?? '')];
    }),
  );
}

function outcome(text: string): string {
  const failure = /^ +1\. (.*)$/m.exec(text)?.[1];
  if (failure !== undefined) return `fail: ${failure}`;
  const skip = /\[SKIPPED\] (.*?)\.?(?: Skipping test\.?)?$/m.exec(text)?.[1];
  if (skip !== undefined && !skip.endsWith('Skipping assert')) return `skip: ${skip}`;
  return /passed/.test(text) ? 'pass' : 'fail: it did not end';
}
