/** `ipscsi scan`: who is on the bus. */

import { BusError } from '../../transport/shm/errors.ts';
import type { Port } from '../../transport/transport.ts';
import { BusClient } from '../bus-client.ts';
import type { BusUrl } from '../bus-url.ts';
import { askAll, type HostReport } from '../control/client.ts';
import { ExitCode } from '../exit-codes.ts';
import { openPort, requireBus } from '../open-port.ts';
import type { Output } from '../output.ts';
import { tableLines } from '../table.ts';
import {
  announcementOf,
  extensionsRequest,
  identityOf,
  inquiryRequest,
  lunsOf,
  reportLunsRequest,
} from './device.ts';
import { cellsOf, type Device, jsonOf, rowsOf, scanColumns } from './rows.ts';

export interface ScanSettings {
  readonly bus: BusUrl;
  /** The ID to scan from; undefined: a free one. */
  readonly id: number | undefined;
  readonly json: boolean;
  /** For each command, and for the control sockets. */
  readonly timeoutMs: number;
}

/** Hosts that nobody announced have so long to be met. */
const meetMs = 100;

const nothing = { identity: undefined, hostName: undefined, mac: undefined, trouble: undefined };

async function askUnit(client: BusClient, id: number, lun: number, limitMs: number): Promise<Device> {
  const identity = identityOf(await client.send(id, inquiryRequest(lun), limitMs));
  const announced = announcementOf(await client.send(id, extensionsRequest(lun), limitMs));
  return { ...nothing, id, lun, identity, ...announced };
}

/** All logical units of a target; a target that fails to answer gives one row that says so. */
async function askTarget(client: BusClient, id: number, limitMs: number): Promise<Device[]> {
  try {
    const luns = lunsOf(await client.send(id, reportLunsRequest(), limitMs));
    return await Promise.all(luns.map((lun) => askUnit(client, id, lun, limitMs)));
  } catch (error) {
    const trouble = error instanceof Error ? error.message : String(error);
    return [{ ...nothing, id, lun: undefined, trouble }];
  }
}

/** Asks every target on the bus. `expected`: IDs that are known to be up, and worth waiting for. */
export async function scanPort(port: Port, expected: readonly number[], limitMs: number): Promise<Device[]> {
  const client = new BusClient(port);
  if (expected.length > 0)
    await client.until(() => expected.every((id) => id === port.id || port.targets.has(id)), limitMs);
  else await client.until(() => false, meetMs);
  const devices = await Promise.all([...port.targets.keys()].map((id) => askTarget(client, id, limitMs)));
  return devices.flat();
}

/** With every ID taken there is nobody to scan from: what the hosts say themselves has to do. */
async function openIfRoom({ bus, id }: ScanSettings): Promise<Port | undefined> {
  try {
    return await openPort(bus.url, { id });
  } catch (error) {
    if (error instanceof BusError && error.fault === 'bus-full') return undefined;
    throw error;
  }
}

async function devicesOn(settings: ScanSettings, reports: readonly HostReport[]): Promise<Device[]> {
  using port = await openIfRoom(settings);
  const up = reports.filter(({ state }) => state === 'up').map(({ id }) => id);
  return port ? await scanPort(port, up, settings.timeoutMs) : [];
}

/** Prints a table, or JSON. @throws CliError, BusError */
export async function scan(settings: ScanSettings, output: Output): Promise<ExitCode> {
  const { bus, json, timeoutMs } = settings;
  requireBus(bus);
  const reports = await askAll(bus.directory, timeoutMs);
  const rows = rowsOf(await devicesOn(settings, reports), reports);
  if (json) output.line(JSON.stringify({ bus: bus.url, devices: rows.map(jsonOf) }));
  else if (rows.length === 0) output.line(`nobody is on ${bus.url}`);
  else for (const line of tableLines(scanColumns, rows.map(cellsOf), output.colours)) output.line(line);
  return rows.length > 0 ? ExitCode.ok : ExitCode.unreachable;
}
