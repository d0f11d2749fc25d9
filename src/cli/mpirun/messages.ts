/** What the launcher and an agent tell each other, as JSON. Pure: all that comes from the other side is checked here. */

import type { Sighting } from '../../mpi/job-page.ts';
import { Channel, type Descriptor, encodeFrame, ProtocolError } from './frames.ts';

/** Keys and values that ranks have put, in order. */
export type Puts = readonly (readonly [key: string, value: string])[];

/** What an agent has to know of a job. */
export interface JobDescription {
  /** Another for each job. */
  readonly name: string;
  readonly size: number;
  /** Ranks that run here. */
  readonly ranks: readonly number[];
  /** Slots in all. */
  readonly universe: number;
  /** Who runs where, in PMI's words. */
  readonly mapping: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly bind: boolean;
}

export type ToAgent =
  | { readonly is: 'job'; readonly job: JobDescription }
  /** So much of what a rank has written is out of our hands. */
  | { readonly is: 'taken'; readonly rank: number; readonly descriptor: Descriptor }
  | { readonly is: 'fenced'; readonly puts: Puts }
  | { readonly is: 'signal'; readonly signal: string };

export type FromAgent =
  | { readonly is: 'hello'; readonly version: string; readonly node: string; readonly host: string }
  /** The job can't be run there. */
  | { readonly is: 'refused'; readonly code: number; readonly why: string }
  | { readonly is: 'started' }
  /** Rank 0 can take more input. */
  | { readonly is: 'taken' }
  /** The first rank has come to the barrier. */
  | { readonly is: 'waiting' }
  /** The last one has. */
  | { readonly is: 'fence'; readonly puts: Puts }
  | { readonly is: 'aborted'; readonly rank: number; readonly code: number; readonly why: string }
  | { readonly is: 'seen'; readonly sightings: readonly RankSighting[] }
  | {
      readonly is: 'ended';
      readonly rank: number;
      readonly code: number;
      readonly how: string;
      readonly unfinished: boolean;
      readonly sighting: Sighting;
    }
  | { readonly is: 'ending'; readonly why: string }
  | { readonly is: 'alive' };

export type RankSighting = readonly [rank: number, sighting: Sighting];

/** A check that tells whether a value is of a kind. */
type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string';
const flag: Check = (value) => typeof value === 'boolean';
const whole: Check = (value) => Number.isSafeInteger(value);
const count: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const pairOf =
  (first: Check, second: Check): Check =>
  (value) =>
    Array.isArray(value) && value.length === 2 && first(value[0]) && second(value[1]);
const record: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const recordOf =
  (shape: Readonly<Record<string, Check>>): Check =>
  (value) =>
    record(value) &&
    Object.entries(shape).every(([name, check]) => check((value as Record<string, unknown>)[name]));
const texts: Check = (value) => record(value) && Object.values(value as object).every(text);

const puts = listOf(pairOf(text, text));
const sighting = recordOf({
  operation: text,
  peer: whole,
  tag: whole,
  bytes: whole,
  calls: whole,
  blocked: flag,
  finalized: flag,
  lost: whole,
  waitsFor: listOf(whole),
  at: text,
});
const job = recordOf({
  name: text,
  size: count,
  ranks: listOf(count),
  universe: count,
  mapping: text,
  program: text,
  args: listOf(text),
  directory: text,
  environment: texts,
  bind: flag,
});

const toAgent: Readonly<Record<ToAgent['is'], Check>> = {
  job: recordOf({ job }),
  taken: recordOf({
    rank: count,
    descriptor: (value) => value === Channel.output || value === Channel.error,
  }),
  fenced: recordOf({ puts }),
  signal: recordOf({ signal: text }),
};

const fromAgent: Readonly<Record<FromAgent['is'], Check>> = {
  hello: recordOf({ version: text, node: text, host: text }),
  refused: recordOf({ code: count, why: text }),
  started: record,
  taken: record,
  waiting: record,
  fence: recordOf({ puts }),
  aborted: recordOf({ rank: count, code: whole, why: text }),
  seen: recordOf({ sightings: listOf(pairOf(count, sighting)) }),
  ended: recordOf({ rank: count, code: count, how: text, unfinished: flag, sighting }),
  ending: recordOf({ why: text }),
  alive: record,
};

function parse(bytes: Buffer, checks: Readonly<Record<string, Check>>): unknown {
  const words = bytes.toString('utf8');
  let message: unknown;
  try {
    message = JSON.parse(words);
  } catch {
    message = undefined;
  }
  const is = record(message) ? String((message as { is?: unknown }).is) : '';
  if (Object.hasOwn(checks, is) && checks[is]?.(message)) return message;
  throw new ProtocolError(`${JSON.stringify(words.slice(0, 64))} is no message`);
}

/** @throws ProtocolError */
export const parseToAgent = (bytes: Buffer): ToAgent => parse(bytes, toAgent) as ToAgent;
/** @throws ProtocolError */
export const parseFromAgent = (bytes: Buffer): FromAgent => parse(bytes, fromAgent) as FromAgent;

/** A message as a frame. */
export const encodeMessage = (message: ToAgent | FromAgent): Buffer =>
  encodeFrame({ channel: Channel.message, rank: 0, bytes: Buffer.from(JSON.stringify(message)) });
