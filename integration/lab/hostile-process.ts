/**
 * A host that misbehaves: it joins a bus again and again, and writes anything anywhere into its own region. Arguments:
 * directory, bus, ID, width, seconds, seed. It prints one line of JSON when it has done enough.
 */

import { closeSync, openSync, writeSync } from 'node:fs';
import { type Random, xorshift } from '../../src/transport/random.ts';
import { files } from '../../src/transport/shm/claim.ts';
import { Block, blockAt, blockBytes, headerBytes } from '../../src/transport/shm/layout.ts';
import { openShmPort, type ShmPort } from '../../src/transport/shm/port.ts';
import { Task } from '../../src/transport/task.ts';

const [directory = '', bus = '', id = '', width = '', seconds = '', seed = ''] = process.argv.slice(2);
const random: Random = xorshift(Number(seed));
const below = (limit: number) => Math.floor(random() * limit);
const counts = { lives: 0, writes: 0, commands: 0, crashes: 0 };

/** Numbers that hurt: small, huge, near the sizes of things, or anything. */
function value(port: ShmPort): number {
  switch (below(5)) {
    case 0:
      return below(300) - 4;
    case 1:
      return below(2 ** 32) | 0;
    case 2:
      return (port.region.shape.memory + below(8192) - 4096) | 0;
    case 3:
      return 2 ** 31 - 1 - below(16);
    default:
      return below(port.region.window.size);
  }
}

/** A word of the block for `peer`; every third time one of its indexes. */
function wordOf(port: ShmPort, peer: number): number {
  const { depth } = port.region.shape;
  const block = blockAt(peer, depth) / 4;
  const indexes = [Block.peer, Block.answered, Block.collected];
  return block + (below(3) === 0 ? (indexes[below(3)] ?? 0) : below(blockBytes(depth) / 4));
}

function scribble(port: ShmPort, peers: readonly number[]): void {
  const { words } = port.region;
  const peer = peers[below(peers.length)] ?? 0;
  const at = below(40) === 0 ? below(headerBytes / 4) : wordOf(port, peer);
  words[at] = below(6) === 0 ? (words[at] ?? 0) + below(64) : value(port);
  counts.writes++;
}

/** A command of random bytes; what it points to is scribbled over later. */
function command(port: ShmPort, peer: number): void {
  const size = [6, 10, 12, 16][below(4)] ?? 6;
  const cdb = Uint8Array.from({ length: size }, () => below(256));
  if (below(2) === 0) cdb[0] = [0x2a, 0x28, 0x0a, 0x08, 0x12, 0x3b, 0x3c, 0xa0][below(8)] ?? 0;
  const task = new Task().setCdb(cdb).setDataOut(new Uint8Array(below(3000)));
  task.setDataIn(new Uint8Array(below(3000)));
  task.lun = below(9);
  const nexus = port.targets.get(peer);
  if (nexus?.submit(task)) counts.commands++;
  nexus?.kick();
}

/** Wakes a peer, as often as it likes. */
function ring(peer: number): void {
  const fd = openSync(files.bell(directory, peer), 'w');
  writeSync(fd, Uint8Array.of(1 + below(3)));
  closeSync(fd);
}

/** Polls until both victims are met, or for a while. */
function meet(port: ShmPort): number[] {
  const limit = performance.now() + 200;
  while (port.targets.size < 2 && performance.now() < limit) if (port.poll() === 0) port.wait(1);
  return [...port.targets.keys()];
}

/** A few of its tricks. It behaves at first, so that there is something to spoil. */
function misbehave(port: ShmPort, peers: readonly number[], behaved: boolean): void {
  const peer = peers[below(peers.length)] ?? 0;
  if (below(3) === 0) command(port, peer);
  if (!behaved || below(8) === 0) scribble(port, peers);
  if (below(10) === 0) ring(peer);
  if (below(3) > 0) port.poll();
  if (below(20) === 0) port.wait(1);
}

/** One claim of the ID, until it is thrown off or has done enough. */
function live(port: ShmPort, end: number): void {
  counts.lives++;
  const peers = meet(port);
  if (peers.length === 0) return;
  for (let i = 0; i < 400 && performance.now() < end; i++) misbehave(port, peers, i < 50);
}

const end = performance.now() + 1000 * Number(seconds);
while (performance.now() < end) {
  const port = openShmPort({
    directory,
    bus,
    id: Number(id),
    width: Number(width),
    hostName: 'hostile',
    memory: 65536,
  });
  try {
    live(port, end);
  } catch {
    counts.crashes++; // it stumbles over its own garbage
  }
  port[Symbol.dispose]();
}
console.log(JSON.stringify(counts));
