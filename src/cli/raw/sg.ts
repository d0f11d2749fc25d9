/** One command to an sg device, without joining anything: it may be a disk. */

import { SgError, type SgFault } from '../../transport/sg/errors.ts';
import { sendOnceSg } from '../../transport/sg/send-once.ts';
import type { Outcome, Request } from '../../transport/transport.ts';
import type { SgBus } from '../bus-url.ts';
import type { ExitCode } from '../exit-codes.ts';
import { CliError, usageError } from '../failure.ts';

const codes: Readonly<Record<SgFault, Exclude<keyof typeof ExitCode, 'ok'>>> = {
  absent: 'unreachable',
  offline: 'unreachable',
  permission: 'permission',
  'not-sg': 'usage',
  system: 'failure',
};

/** @throws CliError, TransportError */
export async function askSg(
  { url, devices }: SgBus,
  target: number | undefined,
  request: Request,
  timeoutMs: number,
): Promise<Outcome> {
  const [path] = devices;
  if (path === undefined || devices.length > 1)
    throw usageError(
      `${url} names ${devices.length || 'no'} devices`,
      'sg:/dev/sgN',
      'ipscsi scan --bus sg: lists them',
    );
  if (target !== undefined || request.lun)
    throw usageError(`${path} is one logical unit of one target`, 'neither --target nor --lun');
  try {
    return await sendOnceSg(path, request, timeoutMs);
  } catch (error) {
    if (!(error instanceof SgError)) throw error;
    throw new CliError(codes[error.fault], error.message, undefined, error.hint);
  }
}
