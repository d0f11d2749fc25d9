/** Waiting for several requests (MPI-4.0 §3.7.5). */

import type { Request } from './request.ts';
import type { Status } from './status.ts';

/** A request that is done, and its place in the list. */
export interface Done {
  readonly index: number;
  readonly status: Status;
}

const doneOnes = (requests: readonly Request[]): Done[] =>
  requests.flatMap((request, index) => (request.done ? [{ index, status: request.result() }] : []));

/** Blocks until all are done. */
export const waitAll = (requests: readonly Request[]): Status[] => requests.map((request) => request.wait());

/** All statuses when all are done, else undefined. */
export function testAll(requests: readonly Request[]): Status[] | undefined {
  requests.find((request) => !request.done)?.engine.progress();
  return requests.every((request) => request.done) ? requests.map((request) => request.result()) : undefined;
}

/** Blocks until one is done; of several the first. Undefined for an empty list. */
export function waitAny(requests: readonly Request[]): Done | undefined {
  const first = requests[0];
  if (!first) return undefined;
  return first.engine.blockUntil(() => findDone(requests), -1);
}

export function testAny(requests: readonly Request[]): Done | undefined {
  requests[0]?.engine.progress();
  return findDone(requests);
}

function findDone(requests: readonly Request[]): Done | undefined {
  const index = requests.findIndex((request) => request.done);
  const found = requests[index];
  return found && { index, status: found.result() };
}

/** Blocks until some are done: those. */
export function waitSome(requests: readonly Request[]): Done[] {
  waitAny(requests);
  return doneOnes(requests);
}

export function testSome(requests: readonly Request[]): Done[] {
  requests[0]?.engine.progress();
  return doneOnes(requests);
}
