/**
 * A virtual machine with Debian's own kernel that sees this machine's files (scripts/run-in-vm), for what needs Linux's
 * SCSI stack: that knows no namespaces. Nothing on this machine is touched.
 */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Ran, run } from '../lab/processes.ts';

export interface VmOptions {
  /** Kernel modules to load before, each with its parameters: 'scsi_debug ptype=3'. */
  readonly modules?: readonly string[];
  /** A network card: the guest is 10.0.2.15, and 10.0.2.2 leads to 127.0.0.1 of this machine. */
  readonly net?: boolean;
  /** With `net`: TCP ports of 127.0.0.1 here, and the guest's ports that they lead to. */
  readonly forward?: readonly (readonly [host: number, guest: number])[];
  /** Arguments for QEMU. */
  readonly qemu?: readonly string[];
  /** Environment of the command. */
  readonly env?: Readonly<Record<string, string>>;
  /** Of guest memory. Its files live there too. Usually 1G. */
  readonly memory?: string;
  /** Most seconds for all of it, the boot included; usually 900: an emulated machine on a busy one. */
  readonly limit?: number;
}

function findScript(): string {
  for (let at = import.meta.dirname; at !== '/'; at = dirname(at)) {
    const script = join(at, 'scripts/run-in-vm');
    if (existsSync(script)) return script;
  }
  throw new Error(`no scripts/run-in-vm above ${import.meta.dirname}`);
}

let lacking: string | false | undefined;

/** Why tests that need a virtual machine are skipped; false: they are not. */
export function vmMissing(): string | false {
  if (lacking === undefined) {
    const { status, stdout, error } = spawnSync(findScript(), ['--check'], { encoding: 'utf8' });
    lacking = status === 0 ? false : `no virtual machine: ${error?.message ?? stdout.trim()}`;
  }
  return lacking;
}

const each = (name: string, values: readonly string[] = []) => values.flatMap((value) => [name, value]);

/**
 * Runs a command as root in a virtual machine, in the present directory. Its exit status is passed on; 124 means that
 * the limit has passed, 125 that the guest did not come up or died.
 */
export function runInVm(command: readonly string[], options: VmOptions = {}): Promise<Ran> {
  return run([
    findScript(),
    ...each('--module', options.modules),
    ...(options.net ? ['--net'] : []),
    ...each(
      '--forward',
      options.forward?.map(([host, guest]) => `${host}:${guest}`),
    ),
    ...each('--qemu-arg', options.qemu),
    ...each(
      '--env',
      Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${value}`),
    ),
    ...each('--mem', options.memory === undefined ? [] : [options.memory]),
    // Emulated processors cost each other more than they give.
    ...['--cpus', '1'],
    ...each('--timeout', [String(options.limit ?? 900)]),
    '--',
    ...command,
  ]);
}
