/**
 * Processes that end with the test: the kernel sends them SIGTERM when the process that started them ends in any way
 * (setpriv --pdeathsig, of util-linux; the setting outlives exec).
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { until } from './until.ts';

/** An emulated machine takes its time. */
const patience = process.env['IN_VM'] ? 60_000 : 20_000;

/** A network namespace. */
export interface Place {
  /** A descriptor. */
  readonly namespace: number;
  /** How other processes open it. */
  readonly path: string;
}

/** How a process ended. */
export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The same command in a namespace. */
export const inNamespace = ({ path }: Place, command: readonly string[]): readonly string[] => [
  'nsenter',
  `--net=${path}`,
  '--',
  ...command,
];

/** Where a program is, as a shell would find it; administrators' directories included. */
export function findProgram(name: string): string | undefined {
  const directories = `${process.env['PATH'] ?? ''}${delimiter}/usr/sbin${delimiter}/sbin`.split(delimiter);
  return directories
    .map((directory) => join(directory, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Why a test that needs these programs is skipped; false: it is not. */
export function missing(...programs: readonly string[]): string | false {
  const lacking = programs.filter((name) => findProgram(name) === undefined);
  return lacking.length > 0 && `needs ${lacking.join(', ')} (scripts/install-debian-packages)`;
}

/** Why a test that needs the machine's root, not that of a user namespace alone, is skipped; false: it is not. */
export const noRoot: string | false =
  process.getuid?.() === 0 && /^\s*0\s+0\s+4294967295/.test(readFileSync('/proc/self/uid_map', 'utf8'))
    ? false
    : 'needs root, outside user namespaces';

/** A process, what it says, and how it ends. */
export class Process implements AsyncDisposable {
  readonly command: string;
  readonly ended: Promise<End>;
  #end: End | undefined;
  #out = '';
  #err = '';
  readonly #child: ChildProcess;

  constructor(command: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.command = command.join(' ');
    this.#child = spawn('setpriv', ['--pdeathsig', 'TERM', '--', ...command], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin`, ...env },
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#out += text;
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#err += text;
    });
    this.ended = new Promise((resolve) => {
      this.#child.once('error', (error) => {
        this.#err += error.message;
        resolve(this.#ended({ code: 127, signal: null }));
      });
      this.#child.once('close', (code, signal) => resolve(this.#ended({ code, signal })));
    });
  }

  #ended(end: End): End {
    this.#end = end;
    return end;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What it has written to its standard output. */
  get out(): string {
    return this.#out;
  }

  /** What it has written to its standard error. */
  get err(): string {
    return this.#err;
  }

  /** Undefined while it runs. */
  get end(): End | undefined {
    return this.#end;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits for words of it, on either output. @throws Error with all it said when it ends without them */
  async says(words: RegExp, limitMs?: number): Promise<RegExpExecArray> {
    return until(
      `${this.command} says ${words}`,
      () => {
        const found = words.exec(this.#out) ?? words.exec(this.#err);
        if (!found && this.#end)
          throw new Error(`${this.command} ended (${JSON.stringify(this.#end)}): ${this.#out}${this.#err}`);
        return found;
      },
      limitMs,
    );
  }

  /** Ends it, and insists after a while. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<End> {
    const insist = setTimeout(() => this.kill('SIGKILL'), patience);
    if (!this.#end) this.kill(signal);
    const end = await this.ended;
    clearTimeout(insist);
    return end;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill('SIGCONT');
    await this.stop();
  }
}

/** What a command that has ended left behind. */
export interface Ran extends End {
  readonly out: string;
  readonly err: string;
}

/** Runs a command to its end. */
export async function run(command: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ran> {
  await using process = new Process(command, env);
  const end = await process.ended;
  return { ...end, out: process.out, err: process.err };
}
