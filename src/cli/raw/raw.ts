/** One CDB to one logical unit, and what comes back, in words. */

import { toHex } from '../../bytes/hex.ts';
import { connect, type InitiatorChap, type Outcome, Status } from '../../iscsi.ts';
import { describeSense, describeStatus } from '../../scsi/describe.ts';
import type { Request } from '../../transport/transport.ts';
import { BusClient } from '../bus-client.ts';
import type { BusUrl, IscsiPortalBus } from '../bus-url.ts';
import { ExitCode } from '../exit-codes.ts';
import { CliError, usageError } from '../failure.ts';
import { loginFailure } from '../iscsi-login.ts';
import { openPort, requireBus } from '../open-port.ts';
import type { Output } from '../output.ts';
import { type Decoded, decoded } from './decoded.ts';

export interface RawOptions {
  readonly bus: BusUrl;
  /** SCSI ID of the target; undefined: the bus has but one. */
  readonly target: number | undefined;
  /** On whose behalf, on a bus that a file describes. */
  readonly host?: string | undefined;
  readonly lun: number;
  readonly cdb: Uint8Array;
  /** Bytes of room for data-in. */
  readonly dataIn: number;
  readonly dataOut: Uint8Array | undefined;
  readonly chap: InitiatorChap | undefined;
  readonly json: boolean;
  readonly timeoutMs: number;
}

/** Exit code 0 for GOOD, 1 for any other status. @throws CliError, BusError, TransportError, LoginError */
export async function raw(options: RawOptions, output: Output): Promise<ExitCode> {
  const { cdb, lun, dataIn, dataOut } = options;
  const request = { cdb, lun, dataIn, ...(dataOut ? { dataOut } : {}) };
  const outcome = await ask(options, request);
  const said = decoded(cdb, outcome);
  const lines = options.json ? [jsonOf(outcome, said)] : linesOf(outcome, said);
  for (const line of lines) output.line(line);
  return outcome.status === Status.good ? ExitCode.ok : ExitCode.failure;
}

async function ask(options: RawOptions, request: Request): Promise<Outcome> {
  const { bus, target, timeoutMs } = options;
  switch (bus.kind) {
    case 'iscsi':
      return askPortal(bus, options, request);
    case 'sg':
      return (await import('./sg.ts')).askSg(bus, target, request, timeoutMs);
    default:
      return askBus(options, request);
  }
}

async function askPortal(
  { portal, target }: IscsiPortalBus,
  { chap }: RawOptions,
  request: Request,
): Promise<Outcome> {
  if (target === undefined)
    throw usageError(
      'the URL names no target',
      'iscsi://HOST[:PORT]/TARGET[/LUN]',
      `ipscsi scan --bus iscsi://${portal} lists them`,
    );
  try {
    await using session = await connect({ portal, target, ...(chap ? { chap } : {}) });
    return await session.execute(request);
  } catch (error) {
    throw loginFailure(portal, error);
  }
}

/** Joins the bus for this one command. */
async function askBus({ bus, target, host, timeoutMs }: RawOptions, request: Request): Promise<Outcome> {
  requireBus(bus);
  using client = new BusClient((await openPort(bus, { host })).port);
  const { targets } = client.port;
  await client.until(() => (target === undefined ? targets.size > 0 : targets.has(target)), timeoutMs);
  const ids = [...targets.keys()].sort((a, b) => a - b);
  const id = target ?? (ids.length === 1 ? ids[0] : undefined);
  if (id !== undefined && targets.has(id)) return await client.send(id, request, timeoutMs);
  if (target === undefined && ids.length > 1)
    throw usageError(`${bus.url} has ${ids.length} targets`, `--target with one of ${ids.join(', ')}`);
  throw new CliError(
    'unreachable',
    target === undefined ? `no target on ${bus.url}` : `no target with ID ${target} on ${bus.url}`,
    ids.length > 0 ? `one of ${ids.join(', ')}` : 'a running `ipscsi up`',
  );
}

function jsonOf({ status, sense, dataIn, residual }: Outcome, said: Decoded | undefined): string {
  const bare = { status, sense: toHex(sense), dataIn: toHex(dataIn), residual };
  return JSON.stringify({ ...bare, ...(said && { decoded: said.members }) });
}

function linesOf({ status, sense, dataIn, residual }: Outcome, said: Decoded | undefined): string[] {
  const lines = [`status: ${describeStatus(status)}`];
  if (sense.length > 0) lines.push(`sense: ${describeSense(sense)}`);
  if (residual !== 0) lines.push(`residual: ${residual}`);
  if (said) lines.push(`decoded: ${said.line}`);
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
