/**
 * All ranks tell all others something, through the process manager's key-value space. Rank 0 gathers what each put and
 * puts it together, so that a rank asks for one thing and not for as many as there are ranks.
 *
 * PMI-1 takes neither spaces nor line ends in a value, PMI-2 no semicolons, and Hydra no more than 1023 bytes: a text is
 * escaped and put in pieces.
 */

import { MpiError } from '../mpi/errors.ts';
import type { ProcessManager } from '../mpi/pmi/process-manager.ts';

/** Bytes of one value. */
const mostBytes = 900;

const escapeText = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*~]/g, (one) => `%${one.charCodeAt(0).toString(16)}`);

/** The values that say a text; the first begins with how many there are. */
export function valuesOf(text: string): string[] {
  const escaped = escapeText(text);
  const pieces = escaped.match(new RegExp(`.{1,${mostBytes}}`, 'g')) ?? [''];
  return pieces.map((piece, i) => (i === 0 ? `${pieces.length}:${piece}` : piece));
}

const keyOf = (name: string, piece: number) => (piece === 0 ? name : `${name}.${piece}`);

/** Puts a text of any length. `name`: at most 50 letters. */
function putText(manager: ProcessManager, name: string, text: string): void {
  for (const [piece, value] of valuesOf(text).entries()) manager.put(keyOf(name, piece), value);
}

/** @throws MpiError when nobody has put it */
function getText(manager: ProcessManager, name: string): string {
  const value = (piece: number): string => {
    const found = manager.get(keyOf(name, piece));
    if (found !== undefined) return found;
    throw new MpiError('ERR_OTHER', `the process manager has lost ${keyOf(name, piece)}`);
  };
  const [, count, first] = /^(\d{1,6}):(.*)$/s.exec(value(0)) ?? [];
  if (count === undefined || first === undefined)
    throw new MpiError('ERR_OTHER', `the process manager gives something else for ${name}`);
  let escaped = first;
  for (let piece = 1; piece < Number(count); piece++) escaped += value(piece);
  return decodeURIComponent(escaped);
}

export class Exchange {
  readonly #manager: ProcessManager;
  #round = 0;

  constructor(manager: ProcessManager) {
    this.#manager = manager;
  }

  /** Gives what each rank said, by rank; all ranks must call it. @throws MpiError */
  all(text: string): string[] {
    const manager = this.#manager;
    const name = `ipscsi-${this.#round++}`;
    putText(manager, `${name}-${manager.rank}`, text);
    manager.fence();
    if (manager.rank === 0) {
      const texts = Array.from({ length: manager.size }, (_, rank) => getText(manager, `${name}-${rank}`));
      putText(manager, `${name}-all`, pack(texts));
    }
    manager.fence();
    return unpack(getText(manager, `${name}-all`));
  }
}

/** Equal texts, such as those of ranks that have nothing to say, are said once. */
function pack(texts: readonly string[]): string {
  const different = [...new Set(texts)];
  return JSON.stringify([different, texts.map((text) => different.indexOf(text))]);
}

function unpack(text: string): string[] {
  const [different, which] = JSON.parse(text) as [string[], number[]];
  return which.map((index) => different[index] ?? '');
}
