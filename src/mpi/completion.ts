/** Waiting for several requests (MPI-4.0 §3.7.5). */

import type { Request } from './request.ts';
import type { Status } from './status.ts';

/** A request that is done, and its place in the list. */
export interface Done {
  readonly index: number;
  readonly status: Status;
}

const isNews = ({ done, collected }: Request): boolean => done && !collected;

const doneOnes = (requests: readonly Request[]): Done[] =>
  requests.flatMap((request, index) => (isNews(request) ? [{ index, status: request.result() }] : []));

/** Blocks until all are done. */
export const waitAll = (requests: readonly Request[]): Status[] => requests.map((request) => request.wait());

/** All statuses when all are done, else undefined. */
export function testAll(requests: readonly Request[]): Status[] | undefined {
  requests.find((request) => !request.done)?.engine.progress();
  return requests.every((request) => request.done) ? requests.map((request) => request.result()) : undefined;
}

/** Blocks until one is done whose end was not told before; of several the first. Undefined when there is none left. */
export function waitAny(requests: readonly Request[]): Done | undefined {
  const first = requests.find(({ collected }) => !collected);
  if (!first) return undefined;
  return first.engine.blockUntil(() => findDone(requests), -1);
}

/** As waitAny, without blocking: undefined when none is done. */
export function testAny(requests: readonly Request[]): Done | undefined {
  requests[0]?.engine.progress();
  return findDone(requests);
}

function findDone(requests: readonly Request[]): Done | undefined {
  const index = requests.findIndex(isNews);
  const found = requests[index];
  return found && { index, status: found.result() };
}

/** Blocks until some are done whose end was not told before: those. None when there is none left. */
export function waitSome(requests: readonly Request[]): Done[] {
  const first = waitAny(requests);
  if (!first) return [];
  return [first, ...doneOnes(requests)].sort((a, b) => a.index - b.index);
}

export function testSome(requests: readonly Request[]): Done[] {
  requests[0]?.engine.progress();
  return doneOnes(requests);
}
