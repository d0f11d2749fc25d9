/** For tests only: a directory tree out of a table, such as a sysfs to look at. */

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Paths and contents; "-> TARGET" makes a symbolic link, undefined an empty directory. */
export type Tree = Readonly<Record<string, string | Uint8Array | undefined>>;

export interface PlantedTree extends Disposable {
  readonly root: string;
}

export function plant(tree: Tree): PlantedTree {
  const root = mkdtempSync(join(tmpdir(), 'ipscsi-tree-'));
  for (const [name, content] of Object.entries(tree)) {
    const path = join(root, name);
    mkdirSync(content === undefined ? path : dirname(path), { recursive: true });
    if (typeof content === 'string' && content.startsWith('-> ')) symlinkSync(content.slice(3), path);
    else if (content !== undefined) writeFileSync(path, content);
  }
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
}
