/** A file over TCP from namespace to namespace, by socat: an emulated machine starts that sooner than Node. */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import type { Lab } from '../../lab/lab.ts';
import type { Place } from '../../lab/processes.ts';
import { patience } from './patience.ts';

const firstPort = 5000;
let files = 0;

const socat = ['timeout', String(patience / 1000), 'socat', '-u'];

/** Gives a file to whoever connects first. */
export const serveFile = (path: string, address: string, port: number): readonly string[] => [
  ...socat,
  `OPEN:${path}`,
  `TCP-LISTEN:${port},bind=${address}`,
];

/** Fetches it, and prints its SHA-256 sum. */
export const fetchSum = (address: string, port: number): readonly string[] => [
  ...['bash', '-o', 'pipefail', '-c'],
  `${socat.join(' ')} TCP:${address}:${port},retry=200,interval=0.1 - | sha256sum`,
];

/** Sends so many random bytes to whoever connects at this address of `from`, which `to` does; they have to arrive as they were. */
export async function sendFile(
  lab: Lab,
  { from, to, address, size }: { from: Place; to: Place; address: string; size: number },
): Promise<void> {
  const number = files++;
  const [path, port] = [`/run/file-${number}`, firstPort + number];
  const content = randomBytes(size);
  writeFileSync(path, content);
  const server = lab.start(from, serveFile(path, address, port));
  const { out, err } = await lab.run(to, ...fetchSum(address, port));
  const { code } = await server.ended;
  const sum = createHash('sha256').update(content).digest('hex');
  assert.deepEqual([out.split(' ')[0], code], [sum, 0], `${err}${server.err}`);
  rmSync(path);
}
