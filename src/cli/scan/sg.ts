/** `ipscsi scan --bus sg:`: every SCSI device of this machine, and which of them are hosts of our kind. */

import { extensionsPage } from '../../link/extensions.ts';
import { DeviceType } from '../../scsi/opcodes.ts';
import { sendOnceSg } from '../../transport/sg/send-once.ts';
import type { Outcome, Request } from '../../transport/transport.ts';
import { ExitCode } from '../exit-codes.ts';
import { CliError } from '../failure.ts';
import type { Output } from '../output.ts';
import { type Column, tableLines } from '../table.ts';
import { announcementOf, extensionsRequest, typeName } from './device.ts';
import { type SgDevice, sgDevices } from './sg-devices.ts';

export interface SgScanSettings {
  /** Devices to look at, "/dev/sg3"; none: all. */
  readonly devices: readonly string[];
  readonly json: boolean;
  /** For each command. */
  readonly timeoutMs: number;
  /** Where sysfs is; a test's own. */
  readonly root?: string;
  readonly send?: (path: string, request: Request, timeoutMs: number) => Promise<Outcome>;
}

/** What is known of a device. */
interface SgRow extends SgDevice {
  /** What it is to us: a host of our kind, perhaps a strict RFC 2143 host, or nothing. */
  readonly speaks: 'ipscsi' | 'rfc2143?' | 'no' | undefined;
  readonly hostName: string | undefined;
  readonly mac: string | undefined;
  /** Why we could not ask. */
  readonly trouble: string | undefined;
}

const silent = { hostName: undefined, mac: undefined, trouble: undefined };

/** Asks only devices that may be hosts: to a disk, a vendor's page may be anything. */
async function ask(device: SgDevice, { send = sendOnceSg, timeoutMs }: SgScanSettings): Promise<SgRow> {
  const { type, pages, node, state } = device;
  if (type !== DeviceType.communications && type !== DeviceType.processor)
    return { ...device, ...silent, speaks: 'no' };
  const plain = type === DeviceType.communications ? 'rfc2143?' : 'no';
  if (pages && !pages.includes(extensionsPage)) return { ...device, ...silent, speaks: plain };
  if (state !== 'running') return { ...device, ...silent, speaks: undefined, trouble: state };
  try {
    const announced = announcementOf(await send(node, extensionsRequest(0), timeoutMs));
    return announced
      ? { ...device, ...silent, ...announced, speaks: 'ipscsi' }
      : { ...device, ...silent, speaks: plain };
  } catch (error) {
    const trouble = error instanceof Error ? error.message : String(error);
    return { ...device, ...silent, speaks: undefined, trouble };
  }
}

const noDriver = () =>
  new CliError(
    'unsupported',
    'this kernel shows no generic SCSI devices',
    'the driver sg',
    'load it: modprobe sg; `ipscsi doctor` says more',
  );

function chosen(all: readonly SgDevice[], names: readonly string[]): readonly SgDevice[] {
  for (const name of names) {
    if (all.some(({ node }) => node === name)) continue;
    const known = all.map(({ node }) => node).join(', ') || 'none';
    throw new CliError(
      'unreachable',
      `there is no SCSI device ${name}`,
      `one of those that are there: ${known}`,
    );
  }
  return names.length === 0 ? all : all.filter(({ node }) => names.includes(node));
}

const columns: readonly Column[] = [
  { title: 'SG' },
  { title: 'H:C:T:L' },
  { title: 'TYPE' },
  { title: 'VENDOR' },
  { title: 'PRODUCT' },
  { title: 'REV' },
  { title: 'DRIVER' },
  { title: 'NODE' },
  { title: 'SPEAKS' },
  { title: 'HOST' },
  { title: 'MAC' },
];

function cellsOf(row: SgRow): readonly string[] {
  const speaks = row.trouble === undefined ? (row.speaks ?? '-') : `? (${row.trouble})`;
  const cells = [row.node, row.address, typeName(row.type), row.vendor, row.product, row.revision];
  return [...cells, row.driver, row.otherNode, speaks, row.hostName, row.mac].map((cell) => cell || '-');
}

const jsonOf = ({ pages: _pages, ...row }: SgRow) => ({ ...row, typeName: typeName(row.type) });

/** Prints a table, or JSON. @throws CliError */
export async function scanSg(settings: SgScanSettings, output: Output): Promise<ExitCode> {
  const all = sgDevices(settings.root);
  if (!all) throw noDriver();
  const rows = await Promise.all(chosen(all, settings.devices).map((device) => ask(device, settings)));
  if (settings.json)
    output.line(JSON.stringify({ bus: `sg:${settings.devices.join(',')}`, devices: rows.map(jsonOf) }));
  else if (rows.length === 0) output.line('this machine has no SCSI device');
  else for (const line of tableLines(columns, rows.map(cellsOf), output.colours)) output.line(line);
  return rows.length > 0 ? ExitCode.ok : ExitCode.unreachable;
}
