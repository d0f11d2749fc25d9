/** The package's version. */

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Out of the nearest package.json of ours above this file: compiled code may lie at any depth. */
export function version(): string {
  for (let at = dirname(fileURLToPath(import.meta.url)); at !== dirname(at); at = dirname(at)) {
    try {
      const found = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')) as Record<string, unknown>;
      if (found['name'] === 'ipscsi') return String(found['version']);
    } catch {
      // not here
    }
  }
  return 'unknown';
}

/** "0.1": INQUIRY data has four characters for the product revision level. */
export const revision = (): string => version().split('.').slice(0, 2).join('.');
