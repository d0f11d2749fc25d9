/**
 * A PMI-2 client: what srun --mpi=pmi2 speaks, and Hydra when asked. One thread, one question at a time. Not here: attributes of
 * nodes (Hydra 4.0 forgets them), connections, spawning, name publishing.
 */

import { MpiError } from '../errors.ts';
import { describe } from './pmi1-client.ts';
import type { Words } from './pmi1-wire.ts';
import { formatMessage, lengthBytes, parseLength, parseMessage } from './pmi2-wire.ts';
import type { ProcessManager } from './process-manager.ts';
import type { Wire } from './wire.ts';

/** Any rank's process may have put a key: no hint (PMI2_ID_NULL). */
const anySource = -1;

export class Pmi2Client implements ProcessManager {
  readonly rank: number;
  readonly size: number;
  readonly job: string;
  readonly #wire: Wire;

  /**
   * After `init` was answered. What the environment says of job and rank goes along: Slurm wants it.
   * @throws MpiError when the process manager speaks something else
   */
  constructor(wire: Wire, job: string, rank: number) {
    this.#wire = wire;
    const answer = this.#ask('fullinit', { pmijobid: job, pmirank: rank, threaded: 'FALSE' });
    this.rank = Number(answer.get('rank') ?? Number.NaN);
    this.size = Number(answer.get('size') ?? Number.NaN);
    this.job = this.#ask('job-getid').get('jobid') ?? '';
    if (this.job === '') throw new MpiError('ERR_OTHER', 'PMI: the process manager gave the job no name');
  }

  #ask(cmd: string, words: Readonly<Record<string, string | number>> = {}): Words {
    this.#wire.write(formatMessage(cmd, words));
    const answer = parseMessage(this.#wire.read(this.#length()));
    if (answer.get('cmd') !== `${cmd}-response`)
      throw new MpiError('ERR_OTHER', `PMI: asked ${cmd}, got ${describe(answer)}`);
    if (answer.get('rc') === '0') return answer;
    throw new MpiError('ERR_OTHER', `PMI: ${cmd} was refused: ${describe(answer)}`);
  }

  #length(): number {
    const text = this.#wire.read(lengthBytes);
    try {
      return parseLength(text);
    } catch (cause) {
      throw new MpiError('ERR_OTHER', (cause as Error).message, { cause });
    }
  }

  put(key: string, value: string): void {
    this.#ask('kvs-put', { key, value });
  }

  fence(): void {
    this.#ask('kvs-fence');
  }

  get(key: string): string | undefined {
    const answer = this.#ask('kvs-get', { jobid: this.job, srcid: anySource, key });
    return answer.get('found') === 'TRUE' ? answer.get('value') : undefined;
  }

  finalize(): void {
    this.#ask('finalize');
  }

  abort(_code: number, why: string): void {
    this.#wire.write(formatMessage('abort', { isworld: 'TRUE', msg: why.replaceAll(';', ',') }));
  }
}
