/** `npm run bench -- linux`: what it takes. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { CliError } from '../../src/cli/failure.ts';
import { packageRoot } from '../environment.ts';
import { resultsDirectory } from '../results.ts';
import { suiteCommand } from '../suite.ts';
import { figures } from './figures.ts';

const explanation = `It starts a virtual machine with Debian's kernel (scripts/run-in-vm; --setup prepares it) and measures inside; the machine is
emulated where KVM does not work, so compare the columns, not the figures with those of other suites.
`;

/** Most seconds for all of it. */
const limit = 1500;

/** The same command line again, in a virtual machine. */
async function inVm(): Promise<number> {
  const results = resultsDirectory();
  mkdirSync(results, { recursive: true });
  const options = ['--module', 'sg', '--module', 'tun', '--rw', results, '--timeout', String(limit)];
  const command = [process.execPath, ...process.argv.slice(1)];
  const child = spawn(join(packageRoot(), 'scripts/run-in-vm'), [...options, '--', ...command], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = await once(child, 'close');
  if (code === 125)
    throw new CliError(
      'failure',
      'the virtual machine did not come up',
      'scripts/run-in-vm --check to say yes',
    );
  return typeof code === 'number' ? code : 1;
}

export const linuxCommand = (): Command =>
  suiteCommand({
    name: 'linux',
    description:
      "Measures IP through the kernel's SCSI stack, and veth, in a virtual machine, several rounds.",
    figures,
    explanation,
    rounds: 3,
    elsewhere: () => (process.env['IN_VM'] ? undefined : inVm()),
  });
