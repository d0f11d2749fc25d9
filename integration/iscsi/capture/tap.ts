/** A relay between initiators and a target that remembers all that went through. */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Pcap } from './pcap.ts';

/** The initiator's side, who opened the connection, and the target's. */
export type Side = 0 | 1;

interface Chunk {
  readonly side: Side;
  /** Since the epoch, in microseconds. */
  readonly at: number;
  /** Empty: that side has ended. */
  readonly bytes: Uint8Array;
}

/** What went over one connection, in the order in which the relay saw it: no answer before what it answers. */
export class Recording {
  readonly chunks: Chunk[] = [];

  add(side: Side, bytes: Uint8Array): void {
    this.chunks.push({ side, bytes, at: Math.round((performance.timeOrigin + performance.now()) * 1000) });
  }
}

/** A capture file of these connections; the first has port 49152, the others the ports after it. */
export function pcapOf(recordings: readonly Recording[]): Uint8Array {
  const pcap = new Pcap();
  for (const { chunks } of recordings) {
    const connection = pcap.connection(chunks[0]?.at ?? 0);
    for (const { side, at, bytes } of chunks)
      if (bytes.length > 0) connection.data(side, bytes, at);
      else connection.end(side, at);
  }
  return pcap.bytes();
}

export class Tap implements AsyncDisposable {
  readonly recordings: Recording[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, host: string, port: number) {
    this.#server = server;
    server.on('connection', (initiator) => {
      const recording = new Recording();
      this.recordings.push(recording);
      const target = connect({ host, port, allowHalfOpen: true });
      this.#join(recording, 0, initiator, target);
      this.#join(recording, 1, target, initiator);
    });
  }

  /** Relays to a portal, "127.0.0.1:port". */
  static async start(portal: string): Promise<Tap> {
    const [host = '', port] = portal.split(':');
    const server = createServer({ allowHalfOpen: true });
    const tap = new Tap(server, host, Number(port));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return tap;
  }

  /** Where initiators find it. */
  get portal(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #join(recording: Recording, side: Side, from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.setNoDelay(true);
    from.on('data', (bytes: Buffer) => {
      recording.add(side, bytes);
      if (to.writable && !to.write(bytes)) from.pause();
    });
    to.on('drain', () => from.resume());
    from.on('end', () => {
      recording.add(side, new Uint8Array(0));
      to.end();
    });
    from.on('error', () => undefined); // 'close' follows
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroySoon();
    });
  }

  /** Until every connection has ended. */
  async quiet(): Promise<void> {
    for (const socket of this.#sockets) if (!socket.closed) await once(socket, 'close');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
