/** Tests that run in a virtual machine, all of a file in one boot, and show here one by one. */

import { type TestContext, test } from 'node:test';
import type { Ran } from '../lab/processes.ts';
import { mark, type Report } from './reporter.ts';
import { runInVm, type VmOptions, vmMissing } from './vm.ts';

const reporter = new URL('./reporter.js', import.meta.url).pathname;

function reportsOf(out: string): readonly Report[] {
  return out
    .split('\n')
    .filter((line) => line.startsWith(mark))
    .map((line) => JSON.parse(line.slice(mark.length)) as Report);
}

/** What it printed beside the reports. */
function restOf({ out, err }: Ran): string {
  const own = out.split('\n').filter((line) => !line.startsWith(mark));
  return [...own, err].join('\n').trim();
}

/** Declares the tests of a file of `guest/`, compiled: a plain node:test file whose name does not end in .test. */
export function guestTests(name: string, file: string, options: VmOptions = {}): void {
  test(name, { skip: vmMissing() }, (t) => declareGuestTests(t, file, options));
}

/** The same within a test, for what has to be there before the machine starts. */
export async function declareGuestTests(
  t: TestContext,
  file: string,
  options: VmOptions = {},
): Promise<void> {
  const path = new URL(`./guest/${file}.js`, import.meta.url).pathname;
  const command = [process.execPath, '--enable-source-maps', `--test-reporter=${reporter}`, path];
  const ran = await runInVm(command, options);
  const reports = reportsOf(ran.out);
  for (const { name, seconds, skipped, failure } of reports) {
    t.diagnostic(`${seconds.toFixed(1)} s: ${name}`);
    await t.test(name, { skip: skipped ?? false }, () => {
      if (failure !== undefined) throw new Error(`in the guest: ${failure}`);
    });
  }
  const failed = reports.some(({ failure }) => failure !== undefined);
  if (reports.length === 0 || (ran.code !== 0 && !failed))
    throw new Error(
      `the guest ended with ${ran.code ?? ran.signal}, after "${reports.at(-1)?.name ?? 'no test'}":\n${restOf(ran)}`,
    );
  const rest = restOf(ran);
  if (failed && rest) t.diagnostic(rest);
}
