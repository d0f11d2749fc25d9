/** A PMI-1 client: what a rank asks the process manager that started it. All calls block. */

import { readSync, writeSync } from 'node:fs';
import { MpiError } from '../errors.ts';
import { formatLine, parseLine, type Words } from './wire.ts';

/** What the process manager put into the environment. */
export interface PmiEnvironment {
  readonly fd: number;
  readonly rank: number;
  readonly size: number;
}

/** Undefined where no process manager speaks PMI-1 to us. */
export function pmiEnvironment(env: NodeJS.ProcessEnv): PmiEnvironment | undefined {
  const { PMI_FD: fd, PMI_RANK: rank, PMI_SIZE: size } = env;
  if (fd === undefined || rank === undefined || size === undefined) return undefined;
  return { fd: Number(fd), rank: Number(rank), size: Number(size) };
}

export class PmiClient {
  /** Name of the job's key-value space: another for each job. */
  readonly space: string;
  readonly #fd: number;
  readonly #buffer = Buffer.alloc(4096);
  #pending = '';

  /** @throws MpiError when the process manager speaks something else */
  constructor(fd: number) {
    this.#fd = fd;
    const { major, minor } = { major: 1, minor: 1 };
    this.#ask('init', { pmi_version: major, pmi_subversion: minor }, 'response_to_init');
    this.space = this.#ask('get_my_kvsname', {}, 'my_kvsname').get('kvsname') ?? '';
    if (this.space === '') throw new MpiError('ERR_OTHER', 'PMI: the process manager gave the job no name');
  }

  #ask(cmd: string, words: Readonly<Record<string, string | number>>, expected: string): Words {
    writeSync(this.#fd, formatLine(cmd, words));
    const answer = parseLine(this.#line());
    const rc = answer.get('rc') ?? '0';
    if (answer.get('cmd') === expected && rc === '0') return answer;
    const got = [...answer].map(([key, value]) => `${key}=${value}`).join(' ');
    throw new MpiError('ERR_OTHER', `PMI: asked ${cmd}, expected ${expected}, got ${got || 'nothing'}`);
  }

  #line(): string {
    for (;;) {
      const end = this.#pending.indexOf('\n');
      if (end >= 0) {
        const line = this.#pending.slice(0, end);
        this.#pending = this.#pending.slice(end + 1);
        return line;
      }
      const count = readSync(this.#fd, this.#buffer);
      if (count === 0) throw new MpiError('ERR_OTHER', 'PMI: the process manager has gone');
      this.#pending += this.#buffer.toString('latin1', 0, count);
    }
  }

  put(key: string, value: string): void {
    this.#ask('put', { kvsname: this.space, key, value }, 'put_result');
  }

  get(key: string): string {
    return this.#ask('get', { kvsname: this.space, key }, 'get_result').get('value') ?? '';
  }

  /** All ranks meet; what was put before can be got after. */
  barrier(): void {
    this.#ask('barrier_in', {}, 'barrier_out');
  }

  finalize(): void {
    this.#ask('finalize', {}, 'finalize_ack');
  }

  /** Ends the job. No answer comes. */
  abort(code: number): void {
    writeSync(this.#fd, formatLine('abort', { exitcode: code }));
  }
}
