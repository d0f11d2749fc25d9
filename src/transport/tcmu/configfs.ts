/**
 * The target core's tree in configfs: directories are objects, files are attributes, links are exports. Steps are plain
 * data, may be done again, and can be done by another thread: a link into a fabric may wait for commands that we answer.
 */

import {
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** Where the kernel has it. */
export const targetRoot = '/sys/kernel/config/target';

export type Step =
  | { readonly do: 'mkdir'; readonly path: string }
  /** `optional`: kernels that lack the attribute, or do not let it be changed now, are forgiven. */
  | { readonly do: 'write'; readonly path: string; readonly text: string; readonly optional?: true }
  | { readonly do: 'link'; readonly path: string; readonly to: string };

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? '';

/** Runs `act`, forgiving errors of these codes; says whether it went well. */
function forgiving(codes: readonly string[], act: () => void): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (codes.includes(codeOf(error))) return false;
    throw error;
  }
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch {
    return undefined; // write-only, or not there: writing will tell
  }
}

/** Does one step; what is so already is left alone. @throws NodeJS.ErrnoException */
export function perform(step: Step): void {
  switch (step.do) {
    case 'mkdir':
      mkdirSync(step.path, { recursive: true });
      break;
    case 'write':
      if (contentOf(step.path) === step.text) return;
      forgiving(step.optional ? ['ENOENT', 'EACCES', 'EINVAL', 'EPERM'] : [], () =>
        writeFileSync(step.path, step.text, { flag: 'w' }),
      );
      break;
    case 'link':
      forgiving(['EEXIST'], () => symlinkSync(step.to, step.path));
      break;
  }
}

const entries = (path: string) => {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
};

/**
 * Takes an object away with all that was made below it, links first. What the kernel itself put there goes with its owner.
 * True: it is gone.
 */
export function dismantle(path: string): boolean {
  for (const entry of entries(path)) {
    if (entry.isSymbolicLink())
      forgiving(['ENOENT', 'EPERM', 'EACCES'], () => unlinkSync(join(path, entry.name)));
  }
  for (const entry of entries(path)) if (entry.isDirectory()) dismantle(join(path, entry.name));
  return forgiving(['ENOENT', 'EPERM', 'EACCES', 'EBUSY', 'ENOTEMPTY'], () => rmdirSync(path));
}

/** The fabric ports (…/target/FABRIC/NAME) through which a backstore is exported. */
export function exportsOf(root: string, backstore: string): readonly string[] {
  const found = new Set<string>();
  for (const fabric of entries(root)) {
    if (fabric.name === 'core' || !fabric.isDirectory()) continue;
    for (const port of entries(join(root, fabric.name))) {
      const path = join(root, fabric.name, port.name);
      if (port.isDirectory() && linksBelow(path).includes(backstore)) found.add(path);
    }
  }
  return [...found];
}

/** Where the links of a port's LUNs (TPG/lun/LUN/LINK) lead. */
function linksBelow(port: string): readonly string[] {
  const links: string[] = [];
  for (const group of entries(port)) {
    if (!group.isDirectory()) continue;
    for (const lun of entries(join(port, group.name, 'lun')))
      for (const link of entries(join(port, group.name, 'lun', lun.name)))
        if (link.isSymbolicLink()) links.push(leadsTo(join(port, group.name, 'lun', lun.name, link.name)));
  }
  return links;
}

function leadsTo(link: string): string {
  try {
    return realpathSync(link);
  } catch {
    return dirname(link);
  }
}
