/** The servers that run inside a host's namespace: a file over HTTP, a stream, an echo. */

import { createHash, randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import type { Endpoint } from './guest-protocol.ts';

/** One write of the stream. */
const blockSize = 1024 * 1024;

async function listen(server: Server, address: string): Promise<Endpoint> {
  server.listen(0, address);
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the server has no port');
  return { address, port: bound.port };
}

/** A file of random bytes, made now. */
export async function serveFile(address: string, size: number): Promise<{ url: string; sha256: string }> {
  const file = randomFillSync(Buffer.allocUnsafe(size));
  const sha256 = createHash('sha256').update(file).digest('hex');
  const server = createHttpServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': size });
    response.end(file);
  });
  const { port } = await listen(server, address);
  return { url: `http://${address.includes(':') ? `[${address}]` : address}:${port}/file`, sha256 };
}

/** A peer that goes away in mid-connection is its own affair. */
const ignoreErrors = (socket: Socket) => socket.on('error', () => socket.destroy());

export function serveStream(address: string): Promise<Endpoint> {
  const block = Buffer.alloc(blockSize, 0xa5);
  const server = createServer({ highWaterMark: 2 * blockSize }, (socket) => {
    ignoreErrors(socket);
    const pump = () => {
      while (socket.writable && socket.write(block));
    };
    socket.on('drain', pump);
    pump();
  });
  return listen(server, address);
}

export function serveEcho(address: string): Promise<Endpoint> {
  const server = createServer({ noDelay: true }, (socket) => {
    ignoreErrors(socket);
    socket.on('data', (bytes) => socket.write(bytes));
  });
  return listen(server, address);
}
