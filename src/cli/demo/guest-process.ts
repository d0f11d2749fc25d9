/** The demo's side of a guest: starts it, asks it, ends it. */

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { GuestApi, GuestReply } from './guest-protocol.ts';

const demoGuest = fileURLToPath(new URL('./guest.js', import.meta.url));

/** What the commands of any guest look like: one object in, a promise out. */
type Commands<Api> = { readonly [C in keyof Api]: (asked: never) => Promise<unknown> };
/** A guest that can do at least what `Api` lists. */
export type AnyGuest<Api extends Commands<Api>> = Pick<Guest<Api>, 'call'>;

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/** Longer than anything that the demo asks for takes. */
const patience = 30_000;

/** The path by which another process opens one of our descriptors. */
export const descriptorPath = (fd: number): string => `/proc/${process.pid}/fd/${fd}`;

/** How a child ends: a signal, or its exit code. An error of it, as when it is aborted, is not its end yet. */
export const exit = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });

export class Guest<Api extends Commands<Api> = GuestApi> implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;
  #ended = false;

  /**
   * Starts a guest in a namespace, given by a descriptor of ours; it ends when `stop` fires. Resolves when it is there.
   * `program` is what it runs, when that is not the demo's; it serves `Api` (serveGuest).
   */
  static async start<Api extends Commands<Api> = GuestApi>(
    name: string,
    namespace: number,
    stop?: AbortSignal,
    program = demoGuest,
  ): Promise<Guest<Api>> {
    const guest = new Guest<Api>(name, namespace, stop, program);
    try {
      await guest.#expect(0);
      return guest;
    } catch (error) {
      await guest[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(name: string, namespace: number, signal: AbortSignal | undefined, program: string) {
    this.#name = name;
    // Its own process group: Ctrl-C is for the demo, which then ends its guests.
    this.#child = fork(program, [descriptorPath(namespace)], {
      detached: true,
      execArgv: [],
      killSignal: 'SIGKILL',
      ...(signal && { signal }),
    });
    this.#child.on('message', (reply: GuestReply) => this.#settle(reply));
    this.#child.on('error', (error) => this.#failAll(error));
    this.#child.on('exit', (code, signal) => {
      this.#ended = true;
      this.#failAll(new Error(`${name} ended: ${signal ?? `exit code ${code}`}`));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** @throws Error with the guest's reason, or when it has ended or does not answer. */
  call<C extends keyof Api & string>(
    command: C,
    asked: Parameters<Api[C]>[0],
  ): Promise<Awaited<ReturnType<Api[C]>>> {
    if (this.#ended) return Promise.reject(new Error(`${this.#name} has ended`));
    this.#last++;
    const answer = this.#expect(this.#last);
    this.#child.send({ id: this.#last, command, asked });
    return answer as Promise<Awaited<ReturnType<Api[C]>>>;
  }

  #expect(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`${this.#name} did not answer within ${patience / 1000} s`));
      }, patience);
      this.#waiting.set(id, {
        resolve: (answer) => {
          clearTimeout(timer);
          resolve(answer);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
    });
  }

  #settle({ id, answer, error }: GuestReply): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(answer);
    else waiting?.reject(new Error(`${this.#name}: ${error}`));
  }

  #failAll(error: Error): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended || this.#child.pid === undefined) return;
    const exited = exit(this.#child);
    this.#child.kill('SIGKILL');
    await exited;
  }
}
