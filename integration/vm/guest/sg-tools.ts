/** Messages to and from a device, by sg_raw. */

import { readFileSync, writeFileSync } from 'node:fs';
import { type Ran, run } from '../../lab/processes.ts';

const bytes = (...numbers: readonly number[]) => numbers.map((n) => n.toString(16).padStart(2, '0'));
const word = (n: number) => [(n >>> 24) & 0xff, (n >>> 16) & 0xff, (n >>> 8) & 0xff, n & 0xff] as const;

/** SEND MESSAGE(12) and GET MESSAGE(12), SCSI-2 §18.2: a length of four bytes. */
export const sendCdb = (length: number): readonly string[] =>
  bytes(0xaa, 0, 0, 0, 0, 0, ...word(length), 0, 0);
export const getCdb = (length: number): readonly string[] =>
  bytes(0xa8, 0, 0, 0, 0, 0, ...word(length), 0, 0);
/** SEND and RECEIVE, SCSI-2 §12.2: three bytes. */
export const sendSixCdb = (length: number): readonly string[] => bytes(0x0a, 0, ...word(length).slice(1), 0);
export const receiveCdb = (length: number): readonly string[] => bytes(0x08, 0, ...word(length).slice(1), 0);

let files = 0;
const scratch = () => `/run/sg-${files++}`;

/** Sends a message; how sg_raw ended. */
export function send(node: string, message: Uint8Array, cdb = sendCdb(message.length)): Promise<Ran> {
  const file = scratch();
  writeFileSync(file, message);
  const data = message.length > 0 ? ['-s', String(message.length), '-i', file] : [];
  return run(['sg_raw', ...data, node, ...cdb]);
}

/** Asks for a message, with room for so many bytes: what came of it, and the bytes. `seconds`: the kernel's time limit. */
export async function receive(
  node: string,
  room: number,
  { cdb = getCdb(room), seconds = 60 }: { cdb?: readonly string[]; seconds?: number } = {},
): Promise<Ran & { data: Uint8Array }> {
  const file = scratch();
  writeFileSync(file, '');
  const ran = await run(['sg_raw', '-t', String(seconds), '-r', String(room), '-o', file, node, ...cdb]);
  return { ...ran, data: readFileSync(file) };
}
