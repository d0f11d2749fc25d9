/** Other people's programs, run inside a namespace. */

import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { exit } from '../../src/cli/demo/guest-process.ts';
import { withNamespace } from '../../src/sys/namespaces.ts';

const executable = (path: string) => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

export const isInstalled = (program: string): boolean =>
  (process.env['PATH'] ?? '').split(':').some((directory) => executable(join(directory, program)));

/** A program that runs in a namespace and ends with us, or when `stop` fires. */
export class Program implements AsyncDisposable {
  readonly ended: Promise<string>;
  readonly #name: string;
  readonly #child: ChildProcess;
  #said = '';

  constructor(namespace: number, stop: AbortSignal, name: string, args: readonly string[]) {
    this.#name = name;
    // A process is born in the namespace of the thread that starts it. setpriv: it ends with us, even by SIGKILL.
    this.#child = withNamespace(namespace, () =>
      spawn('setpriv', ['--pdeathsig', 'KILL', name, ...args], {
        detached: true,
        killSignal: 'SIGKILL',
        signal: stop,
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
    this.ended = exit(this.#child);
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (text: Buffer) => {
        this.#said += text;
      });
    this.#child.on('error', () => undefined); // shows as an end
  }

  /** Resolves when its output holds the text. @throws Error when it ends before */
  async says(text: string): Promise<void> {
    const said = new Promise<boolean>((resolve) => {
      const look = () => this.#said.includes(text) && resolve(true);
      for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.on('data', look);
      look();
    });
    if (!(await Promise.race([said, this.ended.then(() => this.#said.includes(text))])))
      throw new Error(`${this.#name} ended: ${this.#said.trim()}`);
  }

  /** All its output. @throws Error when it fails, or takes longer than so many seconds */
  async output(limit: number): Promise<string> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), limit * 1000);
    const closed = new Promise((resolve) => this.#child.once('close', resolve));
    const how = await this.ended;
    await closed;
    clearTimeout(timer);
    if (how !== 'exit code 0') throw new Error(`${this.#name} ended with ${how}: ${this.#said.trim()}`);
    return this.#said;
  }

  /** Asks it to end, and waits until it has tidied up. */
  async end(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null)
      return;
    this.#child.kill('SIGKILL');
    await this.ended;
  }
}
