/** A host of the demo: a process of its own that runs `ipscsi up` in a namespace of its own. */

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { descriptorPath, exit } from './guest-process.ts';

const program = fileURLToPath(new URL('../main.js', import.meta.url));
/** Loaded first by a program that is to end with its parent. */
export const leash = new URL('./leash.js', import.meta.url).href;

export interface HostPlan {
  readonly bus: string;
  readonly id: number;
  readonly width: number;
  /** With prefix lengths. */
  readonly addresses: readonly string[];
  /** A descriptor of ours. */
  readonly namespace: number;
  /** More options of `ipscsi up`. */
  readonly options?: readonly string[];
  /** Runs just as a user would run it, without what makes it end with us. */
  readonly unleashed?: boolean;
}

const readyLimit = 15_000;
const stopLimit = 5000;
/** As much of what a host says as an error message can hold. */
const mostSaid = 2000;

const commandLine = ({
  bus,
  id,
  width,
  addresses,
  namespace,
  options = [],
  unleashed,
}: HostPlan): string[] => [
  ...(unleashed ? [] : ['--import', leash]),
  ...[program, 'up', '--bus', bus, '--id', String(id), '--width', String(width)],
  ...addresses.flatMap((address) => ['--address', address]),
  ...['--netns', descriptorPath(namespace), '--host-name', `demo-${id}`, '--json', ...options],
];

/** What a host said instead of "ready", for people: its error's parts, or its words as they are. */
export function reason(lines: string): string {
  for (const line of lines.split('\n')) {
    try {
      const { message, expected, hint } = JSON.parse(line);
      if (message)
        return [message, expected && `expected ${expected}`, hint].filter((part) => part).join('; ');
    } catch {
      // Not JSON, so not its error line.
    }
  }
  return lines.trim() || 'it said nothing';
}

export class HostProcess implements AsyncDisposable {
  readonly id: number;
  /** Milliseconds from its start to "ready". */
  readonly readyAfter: number;
  /** Settles when it has ended, with how. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;

  /** Starts a host, which ends when `stop` fires; resolves when it is ready. @throws Error with the host's reason */
  static async start(plan: HostPlan, stop: AbortSignal): Promise<HostProcess> {
    const start = performance.now();
    // Its own process group: Ctrl-C is for the demo, which then ends its hosts.
    const child = spawn(process.execPath, commandLine(plan), {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      signal: stop,
    });
    try {
      await ready(child, plan.id);
      return new HostProcess(plan.id, child, performance.now() - start);
    } catch (error) {
      await end(child, 'SIGKILL');
      throw error;
    }
  }

  private constructor(id: number, child: ChildProcess, readyAfter: number) {
    this.id = id;
    this.#child = child;
    this.readyAfter = readyAfter;
    this.ended = exit(child);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** As a crash: no warning, no clean-up. */
  crash(): Promise<void> {
    return end(this.#child, 'SIGKILL');
  }

  /** Asks it to stop, and insists after a while. */
  async [Symbol.asyncDispose](): Promise<void> {
    const insist = setTimeout(() => this.#child.kill('SIGKILL'), stopLimit);
    await end(this.#child, 'SIGTERM');
    clearTimeout(insist);
  }
}

const hasEnded = (child: ChildProcess) =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (hasEnded(child)) return;
  const exited = exit(child);
  child.kill(signal);
  await exited;
}

/** Resolves at the line that says so; output is read on to the end, so that the host never waits for us. */
function ready(child: ChildProcess, id: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const fail = (what: string) => {
      clearTimeout(limit);
      reject(new Error(`host ${id} ${what}: ${reason(said)}`));
    };
    const limit = setTimeout(() => fail(`was not ready within ${readyLimit / 1000} s`), readyLimit);
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on('line', (line) => {
        said = `${said}${line}\n`.slice(-mostSaid);
        if (stream !== child.stdout || !line.includes('ready')) return;
        clearTimeout(limit);
        resolve();
      });
    }
    child.on('error', (error) => {
      said += error.message;
      fail('could not be started');
    });
    child.on('close', () => fail('ended before it was ready'));
  });
}
