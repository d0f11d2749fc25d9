/** A PMI-1 client: lines of words, as MPICH's Hydra speaks them unless asked for more. */

import { MpiError } from '../errors.ts';
import { formatLine, parseLine, type Words } from './pmi1-wire.ts';
import type { ProcessManager } from './process-manager.ts';
import type { Wire } from './wire.ts';

export class Pmi1Client implements ProcessManager {
  readonly rank: number;
  readonly size: number;
  readonly job: string;
  readonly #wire: Wire;

  /** After `init` was answered. @throws MpiError when the process manager speaks something else */
  constructor(wire: Wire, rank: number, size: number) {
    this.#wire = wire;
    this.rank = rank;
    this.size = size;
    this.job = this.#ask('get_my_kvsname', {}, 'my_kvsname').get('kvsname') ?? '';
    if (this.job === '') throw new MpiError('ERR_OTHER', 'PMI: the process manager gave the job no name');
  }

  #ask(cmd: string, words: Readonly<Record<string, string | number>>, expected: string): Words {
    const answer = this.#tryAsk(cmd, words, expected);
    if ((answer.get('rc') ?? '0') === '0') return answer;
    throw new MpiError('ERR_OTHER', `PMI: ${cmd} was refused: ${describe(answer)}`);
  }

  #tryAsk(cmd: string, words: Readonly<Record<string, string | number>>, expected: string): Words {
    this.#wire.write(formatLine(cmd, words));
    const answer = parseLine(this.#wire.readLine());
    if (answer.get('cmd') === expected) return answer;
    throw new MpiError('ERR_OTHER', `PMI: asked ${cmd}, expected ${expected}, got ${describe(answer)}`);
  }

  put(key: string, value: string): void {
    this.#ask('put', { kvsname: this.job, key, value }, 'put_result');
  }

  fence(): void {
    this.#ask('barrier_in', {}, 'barrier_out');
  }

  get(key: string): string | undefined {
    const answer = this.#tryAsk('get', { kvsname: this.job, key }, 'get_result');
    return answer.get('rc') === '0' ? answer.get('value') : undefined;
  }

  finalize(): void {
    this.#ask('finalize', {}, 'finalize_ack');
  }

  abort(code: number): void {
    this.#wire.write(formatLine('abort', { exitcode: code }));
  }
}

/** Words for people. */
export const describe = (words: Words): string =>
  [...words].map(([key, value]) => `${key}=${value}`).join(' ') || 'nothing';
