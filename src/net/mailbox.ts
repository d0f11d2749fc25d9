/**
 * Requests to a thread that blocks in system calls: a flag that it reads for nothing while it is busy, a descriptor
 * that wakes it while it sleeps, and a message port that carries what is asked and answered.
 */

import { closeSync, readSync, writeSync } from 'node:fs';
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { makeEventFd } from '../sys/files.ts';
import { HostError } from './errors.ts';

/** What the other thread is handed; pass `port` on in the transfer list. */
export interface MailboxEnd {
  readonly port: MessagePort;
  readonly flag: SharedArrayBuffer;
  readonly fd: number;
}

interface Letter {
  readonly number: number;
  readonly body: unknown;
}

interface Waiting {
  readonly resolve: (body: never) => void;
  readonly reject: (error: Error) => void;
}

/** The asking side: a thread with an event loop. */
export class Mailbox {
  readonly end: MailboxEnd;
  readonly #port: MessagePort;
  readonly #flag: Int32Array;
  readonly #fd = makeEventFd();
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;
  #closed = false;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    const flag = new SharedArrayBuffer(4);
    this.#port = port1;
    this.#flag = new Int32Array(flag);
    this.end = { port: port2, flag, fd: this.#fd };
    port1.on('message', ({ number, body }: Letter) => {
      const waiting = this.#waiting.get(number);
      this.#waiting.delete(number);
      if (waiting) waiting.resolve(body as never);
    });
    port1.unref();
  }

  /** Asks and waits for the answer. @throws HostError 'ended' when the other thread has gone */
  ask<Answer>(body: unknown): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new HostError('ended', 'the host has ended'));
        return;
      }
      const number = ++this.#last;
      this.#waiting.set(number, { resolve, reject });
      this.#port.postMessage({ number, body });
      // The flag comes last: whoever sees it finds the descriptor readable, and every write is followed by a look at it.
      writeSync(this.#fd, new BigUint64Array([1n]));
      Atomics.store(this.#flag, 0, 1);
    });
  }

  /** The other thread has ended: nobody will answer any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#port.close();
    closeSync(this.#fd);
    for (const { reject } of this.#waiting.values()) reject(new HostError('ended', 'the host has ended'));
    this.#waiting.clear();
  }
}

/** The answering side: a thread that polls. */
export class Inbox {
  readonly fd: number;
  readonly #port: MessagePort;
  readonly #flag: Int32Array;

  constructor({ port, flag, fd }: MailboxEnd) {
    this.#port = port;
    this.#flag = new Int32Array(flag);
    this.fd = fd;
  }

  /** Costs a memory read: is there anything to take? */
  get pending(): boolean {
    return Atomics.load(this.#flag, 0) !== 0;
  }

  /** Hands every request over, with the means to answer it, now or later. */
  take(handle: (body: unknown, answer: (body: unknown) => void) => void): void {
    if (Atomics.exchange(this.#flag, 0, 0) !== 0) this.#silence();
    for (;;) {
      const letter: { message: Letter } | undefined = receiveMessageOnPort(this.#port);
      if (!letter) return;
      const { number, body } = letter.message;
      handle(body, (answer) => this.#port.postMessage({ number, body: answer }));
    }
  }

  /** Makes the descriptor unreadable. It may be so already: an earlier look read what two requests wrote. */
  #silence(): void {
    try {
      readSync(this.fd, new Uint8Array(8));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}
