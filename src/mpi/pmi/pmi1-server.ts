/**
 * A PMI-1 process manager's side of the talk with the ranks of one host, as MPICH's Hydra speaks it: lines in, lines out. Pure. What
 * ranks put can be got after the next barrier, which all ranks of the job have to reach; whoever knows the other hosts ends it. Not here:
 * spawning and name publishing, which are refused.
 */

import { formatLine, parseLine, type Words } from './pmi1-wire.ts';

/** What clients may put: longer values than Hydra takes (1024), since get_maxes tells them. */
export const limits = { kvsname: 256, key: 64, value: 4096 } as const;
const longestLine = 8192;

/** What ranks are told of their job. */
export interface PmiJob {
  readonly name: string;
  readonly size: number;
  /** Slots in all. */
  readonly universe: number;
  /** Which ranks share a host (the key PMI_process_mapping). */
  readonly mapping: string;
}

export interface PmiEvents {
  /** To a rank. */
  send(rank: number, line: string): void;
  /** The first rank waits at the barrier. */
  waiting(): void;
  /** All ranks that are here wait at the barrier; what they have put since the last one. */
  fence(puts: readonly (readonly [key: string, value: string])[]): void;
  /** A rank wants the job to end. */
  aborted(rank: number, code: number): void;
  /** A rank said what makes no sense; it is not listened to any more. */
  broken(rank: number, why: string): void;
}

interface Client {
  rest: string;
  state: 'silent' | 'speaking' | 'finalized' | 'broken';
  /** Inside a request of several lines (spawn). */
  manyLines: boolean;
}

/** Requests that are refused, and what the answer to them is called. */
const refused: Readonly<Record<string, string>> = {
  publish_name: 'publish_result',
  unpublish_name: 'unpublish_result',
  lookup_name: 'lookup_result',
};

const isBroken = ({ state }: Client) => state === 'broken';

type Answers = Readonly<Record<string, (rank: number, words: Words) => void>>;

export class Pmi1Server {
  readonly #job: PmiJob;
  readonly #events: PmiEvents;
  readonly #clients: ReadonlyMap<number, Client>;
  readonly #values = new Map<string, string>();
  #puts: [string, string][] = [];
  readonly #waiting = new Set<number>();

  constructor(job: PmiJob, ranks: readonly number[], events: PmiEvents) {
    this.#job = job;
    this.#events = events;
    this.#clients = new Map(ranks.map((rank) => [rank, { rest: '', state: 'silent', manyLines: false }]));
    this.#values.set('PMI_process_mapping', job.mapping);
  }

  /** Some of what a rank says. */
  receive(rank: number, text: string): void {
    const client = this.#clients.get(rank);
    if (!client || isBroken(client)) return;
    const lines = (client.rest + text).split('\n');
    client.rest = lines.pop() ?? '';
    for (const line of lines) if (!isBroken(client)) this.#line(rank, client, line);
    if (client.rest.length > longestLine && !isBroken(client))
      this.#break(rank, client, 'a line without an end');
  }

  /** Whether a rank began to speak and did not finish. */
  unfinished(rank: number): boolean {
    const state = this.#clients.get(rank)?.state;
    return state === 'speaking' || state === 'broken';
  }

  /** All ranks of the job have come; what all of them have put. */
  fenced(puts: readonly (readonly [key: string, value: string])[]): void {
    for (const [key, value] of puts) this.#values.set(key, value);
    const released = [...this.#waiting];
    this.#waiting.clear();
    for (const rank of released) this.#send(rank, 'barrier_out');
  }

  #send(rank: number, cmd: string, words: Readonly<Record<string, string | number>> = {}): void {
    this.#events.send(rank, formatLine(cmd, words));
  }

  #break(rank: number, client: Client, why: string): void {
    client.state = 'broken';
    client.rest = '';
    this.#events.broken(rank, why);
  }

  #line(rank: number, client: Client, line: string): void {
    if (client.manyLines) {
      if (line !== 'endcmd') return;
      client.manyLines = false;
      this.#send(rank, 'spawn_result', { rc: -1, msg: 'not_supported' });
      return;
    }
    const words = parseLine(line);
    if (words.has('mcmd')) {
      client.manyLines = true;
      return;
    }
    const cmd = words.get('cmd') ?? '';
    const answer = refused[cmd];
    if (answer !== undefined) this.#send(rank, answer, { rc: -1, msg: 'not_supported' });
    else if (Object.hasOwn(this.#answers, cmd)) this.#answers[cmd]?.(rank, words);
    else this.#break(rank, client, `${JSON.stringify(line.slice(0, 64))} is no request that we know`);
  }

  readonly #answers: Answers = {
    init: (rank, words) => {
      const agreed = words.get('pmi_version') === '1';
      this.#become(rank, 'speaking');
      this.#send(rank, 'response_to_init', { pmi_version: 1, pmi_subversion: 1, rc: agreed ? 0 : -1 });
    },
    get_maxes: (rank) =>
      this.#send(rank, 'maxes', {
        kvsname_max: limits.kvsname,
        keylen_max: limits.key,
        vallen_max: limits.value,
      }),
    get_appnum: (rank) => this.#send(rank, 'appnum', { appnum: 0 }),
    get_universe_size: (rank) => this.#send(rank, 'universe_size', { size: this.#job.universe }),
    get_my_kvsname: (rank) => this.#send(rank, 'my_kvsname', { kvsname: this.#job.name }),
    put: (rank, words) => this.#put(rank, words),
    get: (rank, words) => this.#get(rank, words),
    barrier_in: (rank) => this.#barrier(rank),
    finalize: (rank) => {
      this.#become(rank, 'finalized');
      this.#send(rank, 'finalize_ack');
    },
    abort: (rank, words) => {
      const code = Number(words.get('exitcode') ?? 1);
      this.#events.aborted(rank, Number.isSafeInteger(code) ? code : 1);
    },
  };

  #become(rank: number, state: 'speaking' | 'finalized'): void {
    const client = this.#clients.get(rank);
    if (client) client.state = state;
  }

  /** Why the words are not accepted; undefined: they are. */
  #complaint(words: Words): string | undefined {
    const [space, key, value = ''] = [words.get('kvsname'), words.get('key'), words.get('value')];
    if (space !== this.#job.name) return `kvsname_${space ?? ''}_not_found`;
    if (key === undefined) return 'no_key';
    if (Buffer.byteLength(key) > limits.key) return 'key_too_long';
    return Buffer.byteLength(value) > limits.value ? 'value_too_long' : undefined;
  }

  #put(rank: number, words: Words): void {
    const complaint = this.#complaint(words);
    if (complaint === undefined) this.#puts.push([words.get('key') ?? '', words.get('value') ?? '']);
    this.#send(rank, 'put_result', complaint ? { rc: -1, msg: complaint } : { rc: 0, msg: 'success' });
  }

  #get(rank: number, words: Words): void {
    const key = words.get('key') ?? '';
    const value = this.#values.get(key);
    const complaint = this.#complaint(words) ?? (value === undefined ? `key_${key}_not_found` : undefined);
    this.#send(
      rank,
      'get_result',
      complaint !== undefined || value === undefined
        ? { rc: -1, msg: complaint ?? 'unknown', value: 'unknown' }
        : { rc: 0, msg: 'success', value },
    );
  }

  #barrier(rank: number): void {
    this.#waiting.add(rank);
    if (this.#waiting.size === 1) this.#events.waiting();
    if (this.#waiting.size < this.#clients.size) return;
    const puts = this.#puts;
    this.#puts = [];
    this.#events.fence(puts);
  }
}
