/**
 * What a rank is doing, as words that others may read while it does it: the call, its peer, its tag, its size. Written
 * at every call, so that a rank that dies or is stuck can be told of.
 */

/** Calls by number. */
export const operations = [
  'nothing yet',
  'init',
  'finalize',
  'send',
  'ssend',
  'rsend',
  'bsend',
  'isend',
  'recv',
  'irecv',
  'probe',
  'iprobe',
  'mprobe',
  'mrecv',
  'sendrecv',
  'wait',
  'waitAny',
  'waitAll',
  'barrier',
  'bcast',
  'gather',
  'scatter',
  'allgather',
  'alltoall',
  'reduce',
  'allreduce',
  'reduceScatter',
  'scan',
  'exscan',
  'create communicator',
] as const;
export type Operation = (typeof operations)[number];

const numbers = Object.fromEntries(operations.map((name, i) => [name, i])) as Record<Operation, number>;

/** The call's number. */
export const operationNumber = (name: Operation): number => numbers[name];

/** Words of an activity; `lost` is one more than the world rank of the first peer that went. */
export const ActivityWord = {
  operation: 0,
  peer: 1,
  tag: 2,
  bytes: 3,
  calls: 4,
  blocked: 5,
  phase: 6,
  lost: 7,
} as const;
export const activityWords = 8;

/** Told when a blocking call begins to sleep, at each nap, and when it ends. */
export interface Watch {
  readonly words: Int32Array;
  blocked(waitsFor: readonly number[]): void;
  resumed(): void;
}

/** A watch that nobody reads. */
export const unwatched = (): Watch => ({
  words: new Int32Array(activityWords),
  blocked: () => undefined,
  resumed: () => undefined,
});
