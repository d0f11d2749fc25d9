/** One CDB to one logical unit, and what comes back, in words. */

import { toHex } from '../../bytes/hex.ts';
import { connect, type InitiatorChap, type Outcome, Status } from '../../iscsi.ts';
import { describeSense, describeStatus } from '../../scsi/describe.ts';
import { ExitCode } from '../exit-codes.ts';
import { type IscsiUrl, unreachable } from '../iscsi-url.ts';
import type { Output } from '../output.ts';

export interface RawOptions {
  readonly url: IscsiUrl;
  readonly cdb: Uint8Array;
  readonly dataIn: number;
  readonly dataOut: Uint8Array | undefined;
  readonly chap: InitiatorChap | undefined;
  readonly json: boolean;
}

/** Exit code 0 for GOOD, 1 for any other status. */
export async function raw(options: RawOptions, output: Output): Promise<ExitCode> {
  const outcome = await ask(options);
  const lines = options.json ? [jsonOf(outcome)] : linesOf(outcome);
  for (const line of lines) output.line(line);
  return outcome.status === Status.good ? ExitCode.ok : ExitCode.failure;
}

async function ask({ url, cdb, dataIn, dataOut, chap }: RawOptions): Promise<Outcome> {
  const { portal, target, lun } = url;
  try {
    await using session = await connect({ portal, target, ...(chap ? { chap } : {}) });
    return await session.execute({ cdb, lun, dataIn, ...(dataOut ? { dataOut } : {}) });
  } catch (error) {
    throw unreachable(portal, error);
  }
}

function jsonOf({ status, sense, dataIn, residual }: Outcome): string {
  return JSON.stringify({ status, sense: toHex(sense), dataIn: toHex(dataIn), residual });
}

function linesOf({ status, sense, dataIn, residual }: Outcome): string[] {
  const lines = [`status: ${describeStatus(status)}`];
  if (sense.length > 0) lines.push(`sense: ${describeSense(sense)}`);
  if (residual !== 0) lines.push(`residual: ${residual}`);
  for (let at = 0; at < dataIn.length; at += 16) lines.push(dump(at, dataIn.subarray(at, at + 16)));
  return lines;
}

/** "00000010  69 70 73 …  ips…". */
function dump(at: number, bytes: Uint8Array): string {
  const text = Array.from(bytes, (byte) =>
    byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.',
  ).join('');
  return `${at.toString(16).padStart(8, '0')}  ${toHex(bytes, ' ').padEnd(47)}  ${text}`;
}
