/** One rank's process. It has a process group of its own, so that signals reach it through the launcher alone. */

import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';

export interface RankOptions {
  readonly rank: number;
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly directory: string | undefined;
  /** The processor that it is bound to. */
  readonly core: number | undefined;
  readonly tagged: boolean;
}

/** How it ended. */
export interface End {
  readonly rank: number;
  readonly code: number;
  /** "exit status 3", "signal SIGKILL", or why it could not be started. */
  readonly how: string;
}

export class RankProcess {
  readonly rank: number;
  readonly ended: Promise<End>;
  running = true;
  readonly #child: ChildProcess;

  constructor(options: RankOptions) {
    const { rank, directory, env, tagged } = options;
    this.rank = rank;
    const [file, ...args] = commandLine(options) as [string, ...string[]];
    const output = tagged ? 'pipe' : 'inherit';
    const stdio = [rank === 0 ? 'inherit' : 'ignore', output, output] as const;
    this.#child = spawn(file, args, { cwd: directory, env, stdio: [...stdio], detached: true });
    const { stdout, stderr } = this.#child;
    if (stdout) tag(stdout, rank, process.stdout);
    if (stderr) tag(stderr, rank, process.stderr);
    this.ended = new Promise((resolve) => {
      const end = (code: number, how: string) => {
        this.running = false;
        resolve({ rank, code, how });
      };
      this.#child.once('error', (error) => end(127, error.message));
      this.#child.once('close', (code, signal) => {
        if (signal) end(128 + constants.signals[signal], `signal ${signal}`);
        else end(code ?? 1, `exit status ${code}`);
      });
    });
  }

  /** To the whole process group. */
  kill(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined || !this.running) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // it has just ended
    }
  }
}

/** Ranks end with the launcher, however that ends: the kernel sees to it (PR_SET_PDEATHSIG, kept across exec). */
const leash = ['setpriv', '--pdeathsig', 'KILL'];

function commandLine({ program, args, core }: RankOptions): string[] {
  const line = /\.[cm]?js$/.test(program) ? [process.execPath, program, ...args] : [program, ...args];
  const bound = core === undefined ? [] : ['taskset', '-c', String(core)];
  return [...leash, ...bound, ...line];
}

/** Passes lines on with the rank in front. */
function tag(from: Readable, rank: number, to: NodeJS.WriteStream): void {
  let rest = '';
  from.setEncoding('utf8');
  from.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) to.write(`[${rank}] ${line}\n`);
  });
  from.on('end', () => {
    if (rest !== '') to.write(`[${rank}] ${rest}\n`);
  });
}
