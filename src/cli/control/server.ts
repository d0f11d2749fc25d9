/** The control socket that each running host serves, in the bus's directory, for its own user alone. */

import { chmodSync, lstatSync, renameSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Host } from '../../net/host.ts';
import type { Logger } from '../../observe/logger.ts';
import { LineSplitter, LineTooLong } from './lines.ts';
import {
  type ControlAnswer,
  type ControlRequest,
  encodeAnswer,
  longestPing,
  longestRequest,
  parseRequest,
  protocolVersion,
  Refusal,
  refuse,
} from './protocol.ts';

/** Connections at once; more are told "busy". */
const mostConnections = 32;
/** A connection that says nothing for so long is closed. */
const idleMs = longestPing + 30_000;

/** What the socket needs of a host. */
export type ControlledHost = Pick<Host, 'status' | 'ping'>;

/** Where the control socket of an ID lies. */
export const controlPath = (directory: string, id: number): string => join(directory, `${id}.sock`);

async function perform(host: ControlledHost, request: ControlRequest): Promise<ControlAnswer> {
  const version = protocolVersion;
  if (request.do === 'status') return { version, ok: true, status: await host.status() };
  const { target, count, interval, bytes } = request;
  return { version, ok: true, ping: await host.ping(target, count, interval, bytes) };
}

/** The answer to one line; never throws. */
async function answer(host: ControlledHost, line: string): Promise<ControlAnswer> {
  try {
    return await perform(host, parseRequest(line));
  } catch (error) {
    if (error instanceof Refusal) return refuse(error);
    return refuse(new Refusal('failed', error instanceof Error ? error.message : String(error)));
  }
}

/** Sends a line; settles when it is on its way or can't be. */
const send = (socket: Socket, what: ControlAnswer) =>
  new Promise<void>((resolve) => {
    socket.write(encodeAnswer(what), () => resolve());
  });

/** Answers requests one after the other; reads no further than it has answered. */
async function converse(socket: Socket, host: ControlledHost): Promise<void> {
  const lines = new LineSplitter(longestRequest);
  try {
    for await (const chunk of socket.iterator({ destroyOnReturn: false }))
      for (const line of lines.push(chunk as Buffer)) await send(socket, await answer(host, line));
  } catch (error) {
    // Any other error is the connection's own.
    if (error instanceof LineTooLong) await send(socket, refuse(new Refusal('too-long', error.message)));
  }
  socket.destroy();
}

/** Binds under a passing name, closes it to others, and puts it in place of whatever a dead host left. The caller holds the ID. */
function listen(server: Server, path: string): Promise<number> {
  const passing = `${path}.new`;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    rmSync(passing, { force: true }); // of a host that was killed at this very point
    server.listen(passing, () => {
      server.off('error', reject);
      try {
        chmodSync(passing, 0o600);
        const { ino } = lstatSync(passing);
        renameSync(passing, path);
        resolve(ino);
      } catch (error) {
        reject(error);
        server.close();
      }
    });
  });
}

/** A control socket that is served. */
export class ControlServer implements AsyncDisposable {
  readonly path: string;
  readonly #server: Server;
  readonly #connections = new Set<Socket>();
  #inode: number | undefined;
  readonly #removeAtExit = () => this.#remove();

  private constructor(server: Server, path: string) {
    this.#server = server;
    this.path = path;
  }

  /** Serves `<directory>/<id>.sock` until it is disposed of. The caller holds the ID. */
  static async open(
    directory: string,
    id: number,
    host: ControlledHost,
    logger: Logger,
  ): Promise<ControlServer> {
    const server = createServer({ allowHalfOpen: true });
    const control = new ControlServer(server, controlPath(directory, id));
    server.on('connection', (socket) => control.#connected(socket, host));
    control.#inode = await listen(server, control.path);
    server.on('error', (error) => logger.log('error', 'control socket failed', { error }));
    process.once('exit', control.#removeAtExit);
    return control;
  }

  #connected(socket: Socket, host: ControlledHost): void {
    socket.on('error', () => socket.destroy());
    socket.setTimeout(idleMs, () => socket.destroy());
    const busy = this.#connections.size >= mostConnections;
    this.#connections.add(socket);
    socket.once('close', () => this.#connections.delete(socket));
    if (busy) {
      const refusal = refuse(new Refusal('busy', `${mostConnections} connections are open`));
      void send(socket, refusal).then(() => socket.destroy());
      return;
    }
    void converse(socket, host);
  }

  /** Removes the socket, unless another host has put its own in its place. */
  #remove(): void {
    if (this.#inode === undefined) return;
    if (lstatSync(this.path, { throwIfNoEntry: false })?.ino === this.#inode)
      rmSync(this.path, { force: true });
    this.#inode = undefined;
  }

  /** Ends all conversations and takes the socket away. */
  async [Symbol.asyncDispose](): Promise<void> {
    process.off('exit', this.#removeAtExit);
    this.#remove();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#connections) socket.destroy();
    await closed;
  }
}
