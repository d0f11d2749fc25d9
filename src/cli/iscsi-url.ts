/** CHAP secrets as people give them, and portals where nobody answers. */

import type { InitiatorChap } from '../iscsi.ts';
import { readSecret } from './config/secrets.ts';
import { CliError, usageError } from './failure.ts';

/** Who we are, from a name and a file. */
export function chapFrom(name: string | undefined, path: string | undefined): InitiatorChap | undefined {
  if (name === undefined && path === undefined) return undefined;
  if (name === undefined || path === undefined)
    throw usageError('CHAP needs a name and a secret', '--chap-name and --chap-secret-file together');
  return { name, secret: readSecret({ kind: 'file', path }) };
}

/** Nobody there is an answer of its own for scripts. */
export function unreachable(portal: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  const nobody = ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'ETIMEDOUT'].includes(
    code ?? '',
  );
  return nobody ? new CliError('unreachable', `nobody answers at ${portal}: ${message}`) : error;
}
