/** The clients that run inside a host's namespace: ping, HTTP, stream, ping-pong. */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Echo } from '../../sys/icmp.ts';
import { type Asked, type Endpoint, type PingResult, summarize, type Times } from './guest-protocol.ts';

const microseconds = () => performance.now() * 1000;
const secondsSince = (start: number) => (performance.now() - start) / 1000;

/** What the stream's reader lets pass before it counts: TCP's window opens. */
const warmUpSeconds = 0.3;
/** A connection that no data has crossed for so long is given up. */
const silence = 20_000;

export const openEcho = (to: string): Echo => new Echo(to, { now: microseconds });

export async function ping({ to, count, interval, timeout }: Asked<'ping'>): Promise<PingResult> {
  using echo = openEcho(to);
  const times: number[] = [];
  for (let sent = 1; sent <= count; sent++) {
    const time = echo.ask(timeout);
    if (time !== undefined) times.push(time);
    if (sent < count) await sleep(interval);
  }
  return { sent: count, received: times.length, ...(times.length > 0 && { times: summarize(times) }) };
}

export async function fetchFile(url: string): Promise<{ bytes: number; sha256: string; seconds: number }> {
  const start = performance.now();
  const request = get(url, { timeout: silence });
  request.on('timeout', () => request.destroy(new Error(`${url}: no data for ${silence / 1000} s`)));
  const [response]: IncomingMessage[] = await once(request, 'response');
  if (response?.statusCode !== 200) throw new Error(`${url}: HTTP status ${response?.statusCode}`);
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of response) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex'), seconds: secondsSince(start) };
}

/** Rejects when the connection breaks or stays silent, and never resolves. */
async function broken(socket: Socket): Promise<never> {
  socket.setTimeout(silence, () => socket.destroy(new Error(`no data for ${silence / 1000} s`)));
  await once(socket, 'close');
  throw socket.errored ?? new Error('the connection was closed');
}

export async function readStream({
  address,
  port,
  seconds,
}: Asked<'readStream'>): Promise<{ bytes: number; seconds: number }> {
  let bytes = 0;
  const buffer = Buffer.allocUnsafe(1024 * 1024);
  const callback = (got: number) => {
    bytes += got;
    return true;
  };
  const socket = connect({ host: address, port, onread: { buffer, callback } });
  const failed = broken(socket);
  try {
    await Promise.race([once(socket, 'connect'), failed]);
    await Promise.race([sleep(warmUpSeconds * 1000), failed]);
    const before = bytes;
    const start = performance.now();
    await Promise.race([sleep(seconds * 1000), failed]);
    return { bytes: bytes - before, seconds: secondsSince(start) };
  } finally {
    failed.catch(() => undefined); // destroyed by us
    socket.destroy();
  }
}

/** A connection that sends small things at once. */
export async function connectTo({ address, port }: Endpoint): Promise<Socket> {
  const socket = connect({ host: address, port, noDelay: true });
  await once(socket, 'connect');
  return socket;
}

export async function pingPong({ size, seconds, ...to }: Asked<'pingPong'>): Promise<Times> {
  const socket = await connectTo(to);
  const failed = broken(socket);
  try {
    const played = playPingPong(socket, Buffer.alloc(size, 0x5a), seconds);
    return summarize(await Promise.race([played, failed]));
  } finally {
    failed.catch(() => undefined); // destroyed by us
    socket.destroy();
  }
}

/** Microseconds of each round trip. */
function playPingPong(socket: Socket, ball: Buffer, seconds: number): Promise<number[]> {
  const times: number[] = [];
  const end = microseconds() + seconds * 1e6;
  return new Promise((resolve) => {
    let start = microseconds();
    let back = 0;
    socket.on('data', (bytes) => {
      back += bytes.length;
      if (back < ball.length) return;
      back = 0;
      const now = microseconds();
      times.push(now - start);
      if (now >= end) {
        resolve(times);
        return;
      }
      start = microseconds();
      socket.write(ball);
    });
    socket.write(ball);
  });
}
