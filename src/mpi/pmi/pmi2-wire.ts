/**
 * PMI-2's wire protocol, as MPICH's Hydra and Slurm's mpi/pmi2 plugin speak it: six characters that count the bytes
 * of the message, then `cmd=NAME;key=value;…`. Values never hold a semicolon: neither server can quote one. Pure.
 */

import type { Words } from './pmi1-wire.ts';

/** Bytes of the length in front of each message. */
export const lengthBytes = 6;
/** What six digits can say. */
const greatestLength = 999_999;

/** Makes a message. @throws RangeError when a value could be taken for more words, or all is too long */
export function formatMessage(cmd: string, words: Readonly<Record<string, string | number>> = {}): string {
  const parts = Object.entries({ cmd, ...words }).map(([key, value]) => {
    if (/[;=]/.test(key) || String(value).includes(';'))
      throw new RangeError(`PMI: ${key}=${String(value)} is no word`);
    return `${key}=${value};`;
  });
  const body = parts.join('');
  const length = Buffer.byteLength(body);
  if (length > greatestLength) throw new RangeError(`PMI: a message of ${length} bytes`);
  return `${String(length).padStart(lengthBytes)}${body}`;
}

/** Reads a length: Hydra puts it at the right of its six characters, Slurm at the left. @throws RangeError */
export function parseLength(text: string): number {
  if (/^ *\d+ *$/.test(text) && text.length === lengthBytes) return Number(text);
  throw new RangeError(`PMI: ${JSON.stringify(text)} is no length`);
}

/** Takes a message apart, without its length; words without "=" are left out. */
export function parseMessage(body: string): Words {
  const words = new Map<string, string>();
  for (const word of body.split(';')) {
    const at = word.indexOf('=');
    if (at > 0) words.set(word.slice(0, at), word.slice(at + 1));
  }
  return words;
}
