/** TCP ping-pong of whole messages, as MPI programs measure it: the answer starts when all of the message is there. */

import { summarize } from '../../src/cli/demo/guest-protocol.ts';
import type { BenchApi } from './guest-api.ts';
import { TcpListener, TcpStream } from './sockets.ts';

/** Round trips before the first that counts: TCP's window opens, code gets compiled. */
const warmUp = 20;
/** Even when messages are slow. */
const least = 5;

let listener: TcpListener | undefined;

export const listen: BenchApi['listen'] = async ({ address }) => {
  listener?.[Symbol.dispose]();
  listener = new TcpListener(address);
  return { address, port: listener.port };
};

export const bounceBack: BenchApi['bounceBack'] = async ({ size }) => {
  if (!listener) throw new Error('not listening');
  using stream = listener.accept();
  const message = new Uint8Array(size);
  while (stream.receiveAll(message)) stream.sendAll(message);
};

export const bounce: BenchApi['bounce'] = async ({ address, port, size, seconds }) => {
  using stream = TcpStream.connect(address, port);
  const message = new Uint8Array(size).fill(0x5a);
  const times: number[] = [];
  const end = performance.now() + seconds * 1000;
  for (let round = -warmUp; ; round++) {
    const start = performance.now();
    stream.sendAll(message);
    if (!stream.receiveAll(message)) throw new Error('the connection was closed');
    const now = performance.now();
    if (round >= 0) times.push((now - start) * 1000);
    if (now >= end && times.length >= least) return summarize(times);
  }
};
