/** CHAP secrets as people give them, and portals where nobody answers. */

import { readFileSync, statSync } from 'node:fs';
import type { InitiatorChap } from '../iscsi.ts';
import { CliError, usageError } from './failure.ts';

/** A file's first line, if nobody else can read it. */
export function readSecret(path: string): string {
  if ((statSync(path).mode & 0o077) !== 0)
    throw new CliError(
      'permission',
      `others may read ${path}`,
      'a file that is only ours',
      `chmod 600 ${path}`,
    );
  return readFileSync(path, 'utf8').split('\n')[0] ?? '';
}

/** Who we are, from a name and a file. */
export function chapFrom(name: string | undefined, path: string | undefined): InitiatorChap | undefined {
  if (name === undefined && path === undefined) return undefined;
  if (name === undefined || path === undefined)
    throw usageError('CHAP needs a name and a secret', '--chap-name and --chap-secret-file together');
  return { name, secret: readSecret(path) };
}

/** Nobody there is an answer of its own for scripts. */
export function unreachable(portal: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  const nobody = ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'ETIMEDOUT'].includes(
    code ?? '',
  );
  return nobody ? new CliError('unreachable', `nobody answers at ${portal}: ${message}`) : error;
}
