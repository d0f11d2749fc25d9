/** PMI-1's wire protocol: lines of key=value words over a descriptor, as MPICH's Hydra speaks it. Pure. */

/** A line from the process manager, as its words. */
export type Words = ReadonlyMap<string, string>;

/** Makes a line. @throws RangeError when a value could be taken for more words */
export function formatLine(cmd: string, words: Readonly<Record<string, string | number>> = {}): string {
  const parts = Object.entries({ cmd, ...words }).map(([key, value]) => {
    if (/[\s=]/.test(key) || /[\s]/.test(String(value)))
      throw new RangeError(`PMI: ${key}=${String(value)} is no word`);
    return `${key}=${value}`;
  });
  return `${parts.join(' ')}\n`;
}

/** Takes a line apart; words without "=" are left out. */
export function parseLine(line: string): Words {
  const words = new Map<string, string>();
  for (const word of line.trim().split(/\s+/)) {
    const at = word.indexOf('=');
    if (at > 0) words.set(word.slice(0, at), word.slice(at + 1));
  }
  return words;
}
