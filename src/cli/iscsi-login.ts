/** Logging in to an iSCSI target: CHAP secrets as people give them, and what a refusal means. */

import { type InitiatorChap, LoginError } from '../iscsi.ts';
import { LoginStatus } from '../transport/iscsi/opcodes.ts';
import { readSecret } from './config/secrets.ts';
import { CliError, usageError } from './failure.ts';

/** Who we are, from a name and a file. */
export function chapFrom(name: string | undefined, path: string | undefined): InitiatorChap | undefined {
  if (name === undefined && path === undefined) return undefined;
  if (name === undefined || path === undefined)
    throw usageError('CHAP needs a name and a secret', '--chap-name and --chap-secret-file together');
  return { name, secret: readSecret({ kind: 'file', path }) };
}

/** What a target means when it refuses a login, by its status (RFC 7143 §11.13.5), and what to do. */
const refusals: Readonly<Record<number, readonly [what: string, hint: string]>> = {
  [LoginStatus.authenticationFailure]: [
    'it wants another proof of who we are',
    '--chap-name and --chap-secret-file give one; a bus file names its own',
  ],
  [LoginStatus.authorizationFailure]: [
    'we are not on its access list',
    'a bus file lets in its own hosts alone: --bus iscsi:FILE',
  ],
  [LoginStatus.notFound]: ['it has no target of that name', '`ipscsi scan --bus iscsi://HOST` lists them'],
  [LoginStatus.serviceUnavailable]: ['it is not ready to serve', 'try again later'],
  [LoginStatus.outOfResources]: ['it has no room for us', 'try again later'],
};

const nobody = ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'ETIMEDOUT'];

/** Nobody there, and a login that is refused, in words; any other error as it is. */
export function loginFailure(portal: string, error: unknown): unknown {
  if (error instanceof LoginError && error.status !== undefined) {
    const [what, hint] = refusals[error.status] ?? [error.message, 'its log may tell more'];
    return new CliError('permission', `${portal} refuses the login: ${what}`, 'to be let in', hint);
  }
  const { code, message } = error as NodeJS.ErrnoException;
  return nobody.includes(code ?? '')
    ? new CliError('unreachable', `nobody answers at ${portal}: ${message}`)
    : error;
}
