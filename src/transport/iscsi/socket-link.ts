/** A socket of Node's and the machine behind it, in the event loop. What the machine wants to say is written in one go, each PDU whole. */

import type { Socket } from 'node:net';
import type { Machine } from './machine.ts';

/** Bytes not written yet above which nothing more is read; where the machine `lends`, those in memory of ours. */
const highWater = 4 * 1024 * 1024;

export class SocketLink {
  readonly socket: Socket;
  readonly machine: Machine;
  /** The socket is no more. */
  #gone = false;
  #ending = false;
  #scheduled = false;
  /** Bytes in memory of ours that were handed to the socket since it last had nothing to write. */
  #copied = 0;
  /** Called once, when the machine has been told that the socket is gone. */
  onGone: () => void = () => undefined;

  constructor(socket: Socket, machine: Machine) {
    this.socket = socket;
    this.machine = machine;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      machine.receive(chunk);
      this.flush();
    });
    socket.on('drain', () => {
      this.#copied = 0;
      socket.resume();
    });
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      this.#gone = true;
      machine.lost();
      this.onGone();
    });
    machine.onOutput = () => this.schedule();
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
    this.#copied += machine.outbox.copied;
    const parts = machine.outbox.take();
    // What a socket of Node's was handed stays with it until it is written, also when its owner wants it back.
    if (machine.lends) machine.outbox.giveAllBack();
    if (parts.length > 1) socket.cork();
    for (const part of parts) socket.write(part);
    if (parts.length > 1) socket.uncork();
    if (socket.writableLength === 0) {
      this.#copied = 0;
      machine.outbox.recycle();
    } else if ((machine.lends ? this.#copied : socket.writableLength) > highWater) socket.pause();
  }
}
