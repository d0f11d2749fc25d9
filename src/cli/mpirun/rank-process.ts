/** One rank's process. It has a process group of its own, so that signals reach it through the launcher alone. */

import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';

/** Between SIGTERM and SIGKILL for what a rank leaves behind. */
const graceMs = 500;

type Stdio = 'inherit' | 'ignore' | 'pipe';

export interface RankOptions {
  readonly rank: number;
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly directory: string | undefined;
  /** The processor that it is bound to. */
  readonly core: number | undefined;
  /** What its descriptors are, from 0. */
  readonly stdio: readonly Stdio[];
}

export interface Ended {
  readonly code: number;
  /** "exit status 3", "signal SIGKILL", or why it could not be started. */
  readonly how: string;
}

export class RankProcess {
  readonly child: ChildProcess;
  /** It has ended, and so has all that it wrote. */
  readonly ended: Promise<Ended>;
  running = true;

  constructor(options: RankOptions) {
    const { directory, env, stdio } = options;
    const [file, ...args] = commandLine(options) as [string, ...string[]];
    this.child = spawn(file, args, { cwd: directory, env, stdio: [...stdio], detached: true });
    this.ended = new Promise((resolve) => {
      const end = (code: number, how: string) => {
        this.running = false;
        resolve({ code, how });
      };
      this.child.once('error', (error) => end(127, error.message));
      this.child.once('exit', (code) => {
        if (code !== 0) this.#takeAlong();
      });
      this.child.once('close', (code, signal) => {
        if (signal) end(128 + constants.signals[signal], `signal ${signal}`);
        else end(code ?? 1, `exit status ${code}`);
      });
    });
  }

  /** A rank that failed takes along what it has started, which may hold its output open. */
  #takeAlong(): void {
    this.kill('SIGTERM');
    const insist = setTimeout(() => this.kill('SIGKILL'), graceMs);
    void this.ended.then(() => clearTimeout(insist));
  }

  /** To the whole process group. */
  kill(signal: NodeJS.Signals): void {
    const { pid } = this.child;
    if (pid === undefined || !this.running) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // it has just ended
    }
  }
}

/** Ranks end with who started them, however that ends: the kernel sees to it (PR_SET_PDEATHSIG, kept across exec). */
const leash = ['setpriv', '--pdeathsig', 'KILL'];

function commandLine({ program, args, core }: RankOptions): string[] {
  const line = /\.[cm]?js$/.test(program) ? [process.execPath, program, ...args] : [program, ...args];
  const bound = core === undefined ? [] : ['taskset', '-c', String(core)];
  return [...leash, ...bound, ...line];
}
