/**
 * Matching (MPI-4.0 §3.5): one mailbox per context holds the receives that wait for messages and the messages that
 * wait for receives, each in order; that order is the standard's guarantee that messages don't overtake. Pure.
 */

import { ANY_SOURCE, ANY_TAG } from './constants.ts';
import type { Request } from './request.ts';

/** A message that no receive has asked for yet. */
export interface Unexpected {
  readonly source: number;
  readonly tag: number;
  readonly length: number;
  /** Gives the message to the receive that it matched. */
  deliver(request: Request): void;
}

const matches = (wantedSource: number, wantedTag: number, source: number, tag: number): boolean =>
  (wantedSource === source || wantedSource === ANY_SOURCE) && (wantedTag === tag || wantedTag === ANY_TAG);

export class Mailbox {
  #first: Request | undefined = undefined;
  #last: Request | undefined = undefined;
  readonly #unexpected: Unexpected[] = [];

  /** Messages that wait. */
  get waiting(): number {
    return this.#unexpected.length;
  }

  /** Receives that wait, in order. */
  *posted(): Generator<Request> {
    for (let request = this.#first; request; request = request.next) yield request;
  }

  /** Takes out the first message that the receive matches; else the receive waits. */
  post(request: Request): Unexpected | undefined {
    if (this.#unexpected.length > 0) {
      const found = this.take(request.source, request.tag);
      if (found) return found;
    }
    request.next = undefined;
    if (this.#last) this.#last.next = request;
    else this.#first = request;
    this.#last = request;
    return undefined;
  }

  /** A message came: takes out the first receive that it matches. */
  arrive(source: number, tag: number): Request | undefined {
    let before: Request | undefined;
    for (let request = this.#first; request; request = request.next) {
      if (matches(request.source, request.tag, source, tag)) {
        this.#unlink(before, request);
        return request;
      }
      before = request;
    }
    return undefined;
  }

  /** A message that no receive matched waits. */
  keep(message: Unexpected): void {
    this.#unexpected.push(message);
  }

  /** The first message that a receive would match (probe). */
  find(source: number, tag: number): Unexpected | undefined {
    for (const message of this.#unexpected)
      if (matches(source, tag, message.source, message.tag)) return message;
    return undefined;
  }

  /** Takes that message out (matched probe, receive). */
  take(source: number, tag: number): Unexpected | undefined {
    const list = this.#unexpected;
    for (let i = 0; i < list.length; i++) {
      const message = list[i] as Unexpected;
      if (!matches(source, tag, message.source, message.tag)) continue;
      if (i === 0) list.shift();
      else list.splice(i, 1);
      return message;
    }
    return undefined;
  }

  /** Takes a receive back; false: it does not wait here. */
  withdraw(request: Request): boolean {
    let before: Request | undefined;
    for (let one = this.#first; one; one = one.next) {
      if (one === request) {
        this.#unlink(before, one);
        return true;
      }
      before = one;
    }
    return false;
  }

  #unlink(before: Request | undefined, request: Request): void {
    if (before) before.next = request.next;
    else this.#first = request.next;
    if (this.#last === request) this.#last = before;
    request.next = undefined;
  }
}
