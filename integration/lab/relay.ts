/**
 * A bad cable, as a process: a TCP relay that now and then turns a bit round in what passes. Arguments: address and port to
 * listen at, address and port behind it, bytes between two damages. SIGUSR1 lets damage begin; it says how much at its end.
 */

import { connect, createServer, type Socket } from 'node:net';

const [from = '', fromPort = '0', to = '', toPort = '0', every = '0'] = process.argv.slice(2);
let bad = false;
let damaged = 0;

/** What passed since the last damage, all connections together: each damage is somewhere else in its PDU. */
let passed = 0;

function damage(chunk: Buffer): Buffer {
  passed += chunk.length;
  if (!bad || passed < Number(every)) return chunk;
  passed = 0;
  damaged++;
  const at = (damaged * 7919) % chunk.length;
  chunk[at] = (chunk[at] as number) ^ (1 << (damaged % 8));
  return chunk;
}

function pass(one: Socket, other: Socket): void {
  one.on('data', (chunk: Buffer) => {
    if (other.write(damage(chunk))) return;
    one.pause();
    other.once('drain', () => one.resume());
  });
  one.on('error', () => one.destroy());
  one.on('close', () => other.destroy());
}

const server = createServer((near) => {
  const far = connect({ host: to, port: Number(toPort), noDelay: true });
  near.setNoDelay(true);
  pass(near, far);
  pass(far, near);
});
server.listen({ host: from, port: Number(fromPort) }, () => console.log('listening'));
process.on('SIGUSR1', () => {
  bad = true;
  console.log('bad');
});
process.on('SIGTERM', () => {
  console.log(`damaged ${damaged}`);
  process.exit(0);
});
