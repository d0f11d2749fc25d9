/** One host talking to another until told to stop: pings, and numbered messages over one TCP connection. */

import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Echo } from '../../sys/icmp.ts';
import { connectTo, openEcho } from './guest-clients.ts';
import type { Endpoint, TalkResult } from './guest-protocol.ts';

const interval = 10;
/** How long one answer may take before it counts as lost; TCP gets as long for what is still under way. */
const patience = 10_000;
const messageSize = 4;

export class Talk {
  readonly #socket: Socket;
  readonly #echo: Echo;
  readonly #done: Promise<void>;
  #talking = true;
  readonly #pings = { sent: 0, answered: 0 };
  #sent = 0;
  #echoed = 0;
  /** What came back, until a message is whole. */
  #partial = Buffer.alloc(0);

  static async start(to: Endpoint): Promise<Talk> {
    const socket = await connectTo(to);
    try {
      return new Talk(socket, openEcho(to.address));
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  private constructor(socket: Socket, echo: Echo) {
    this.#socket = socket;
    this.#echo = echo;
    socket.on('data', (bytes) => this.#receive(bytes));
    socket.on('error', () => socket.destroy()); // shows as messages without an echo
    this.#done = this.#run();
  }

  async stop(): Promise<TalkResult> {
    this.#talking = false;
    await this.#done;
    for (let waited = 0; this.#echoed < this.#sent && waited < patience; waited += interval)
      await sleep(interval);
    this.#socket.destroy();
    this.#echo[Symbol.dispose]();
    return { pings: this.#pings, messages: { sent: this.#sent, echoed: this.#echoed } };
  }

  async #run(): Promise<void> {
    while (this.#talking) {
      this.#say();
      this.#pings.sent++;
      if (this.#echo.ask(patience) !== undefined) this.#pings.answered++;
      await sleep(interval);
    }
  }

  #say(): void {
    const message = Buffer.alloc(messageSize);
    message.writeUInt32BE(this.#sent++);
    if (this.#socket.writable) this.#socket.write(message);
  }

  /** Counts a message only when it is the one that is due. */
  #receive(bytes: Buffer): void {
    this.#partial = Buffer.concat([this.#partial, bytes]);
    while (this.#partial.length >= messageSize) {
      if (this.#partial.readUInt32BE() === this.#echoed) this.#echoed++;
      this.#partial = this.#partial.subarray(messageSize);
    }
  }
}
