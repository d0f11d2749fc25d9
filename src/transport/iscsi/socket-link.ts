/**
 * A TCP socket and the machine behind it. Bytes that came are handed over in `poll`, which in a link that drives itself
 * happens when they come. What the machine wants to say is written in one go, each PDU whole.
 */

import { readSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Machine } from './machine.ts';

/** Bytes not written yet above which nothing more is read. */
const highWater = 4 * 1024 * 1024;
/** Chunks waiting for a poll above which nothing more is read. */
const maxInbox = 64;
const scratch = Buffer.allocUnsafeSlow(256 * 1024);

export class SocketLink {
  readonly socket: Socket;
  readonly machine: Machine;
  readonly #selfDriven: boolean;
  #inbox: Uint8Array[] = [];
  /** The socket is no more; and the machine knows. */
  #gone = false;
  #told = false;
  #ending = false;
  #scheduled = false;
  /** Called once, when the machine has been told that the socket is gone. */
  onGone: () => void = () => undefined;

  constructor(socket: Socket, machine: Machine, selfDriven: boolean) {
    this.socket = socket;
    this.machine = machine;
    this.#selfDriven = selfDriven;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#inbox.push(chunk);
      this.#arrived();
    });
    socket.on('drain', () => this.#resume());
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      this.#gone = true;
      this.#arrived();
    });
    machine.onOutput = () => this.schedule();
  }

  /** The socket's descriptor; -1 when it has none (any more). */
  get fd(): number {
    const { _handle: handle } = this.socket as { _handle?: { fd?: number } | null };
    return handle?.fd ?? -1;
  }

  /** True when poll() has something to do. */
  get pending(): boolean {
    return (
      this.#inbox.length > 0 || (this.#gone && !this.#told) || (this.machine.outbox.size > 0 && !this.#gone)
    );
  }

  #arrived(): void {
    if (this.#selfDriven) this.poll();
    else if (this.#inbox.length >= maxInbox) this.socket.pause();
  }

  /** Sees to it that what is in the outbox is sent soon. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  /** Hands over what came; returns how many things were done. */
  poll(): number {
    const chunks = this.#inbox;
    let done = 0;
    if (chunks.length > 0) {
      this.#inbox = [];
      for (const chunk of chunks) this.machine.receive(chunk);
      done = chunks.length;
      this.#resume();
    }
    if (this.#gone && !this.#told) {
      this.#told = true;
      this.machine.lost();
      this.onGone();
      done++;
    }
    this.flush();
    return done;
  }

  /** Reads without the event loop, for threads that block in `wait`. */
  readNow(): void {
    const { fd } = this;
    if (fd < 0 || this.#gone) return;
    try {
      const count = readSync(fd, scratch);
      if (count > 0) this.#inbox.push(new Uint8Array(scratch.subarray(0, count)));
      else {
        this.#gone = true;
        this.socket.destroy();
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return;
      this.#gone = true;
      this.socket.destroy();
    }
  }

  /** Writes what is in the outbox, and closes when the machine has ended. */
  flush(): void {
    const { socket, machine } = this;
    if (this.#gone || this.#ending || socket.connecting) return;
    if (machine.outbox.size > 0) this.#write();
    if (machine.ended) {
      this.#ending = true;
      socket.destroySoon();
    }
  }

  #write(): void {
    const { socket, machine } = this;
    const parts = machine.outbox.take();
    if (parts.length > 1) socket.cork();
    for (const part of parts) socket.write(part);
    if (parts.length > 1) socket.uncork();
    if (socket.writableLength === 0) machine.outbox.recycle();
    else if (socket.writableLength > highWater) socket.pause();
  }

  #resume(): void {
    if (this.socket.isPaused() && this.socket.writableLength <= highWater && this.#inbox.length < maxInbox)
      this.socket.resume();
  }
}
