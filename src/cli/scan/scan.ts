/** `ipscsi scan`: who is on the bus. */

import { BusError } from '../../transport/shm/errors.ts';
import { BusClient } from '../bus-client.ts';
import type { BusUrl } from '../bus-url.ts';
import { askAll } from '../control/client.ts';
import { ExitCode } from '../exit-codes.ts';
import { describeHolder, type Holder, holdersOn } from '../holders.ts';
import { type BusPort, openPort, requireBus } from '../open-port.ts';
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
  /** On whose behalf, on a bus that a file describes. */
  readonly host?: string | undefined;
  readonly json: boolean;
  /** For each command, and for the control sockets. */
  readonly timeoutMs: number;
}

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

/** A host whose process lives, but that does not even meet us. */
const absent = (holder: Holder): Device => ({
  ...nothing,
  id: holder.id,
  lun: undefined,
  hostName: holder.hostName,
  trouble: `no answer, ${describeHolder(holder)}`,
});

/** A host elsewhere that should be there. */
const silent = (id: number): Device => ({ ...nothing, id, lun: undefined, trouble: 'no answer' });

/** Asks every target on the bus, once those that hold an ID have met us. */
async function askBus({ port, expected }: BusPort, directory: string, limitMs: number): Promise<Device[]> {
  const client = new BusClient(port);
  const holders = holdersOn(directory).filter(({ id }) => id !== port.id);
  const met = ({ id }: { readonly id: number }) => port.targets.has(id);
  const others = expected.filter((id) => !holders.some((holder) => holder.id === id)).map((id) => ({ id }));
  await client.until(
    () => holders.every((holder) => holder.stopped || met(holder)) && others.every(met),
    limitMs,
  );
  const devices = await Promise.all([...port.targets.keys()].map((id) => askTarget(client, id, limitMs)));
  return [
    ...devices.flat(),
    ...holders.filter((holder) => !met(holder)).map(absent),
    ...others.filter((other) => !met(other)).map(({ id }) => silent(id)),
  ];
}

/** With every ID taken there is nobody to scan from: what the hosts say themselves has to do. */
async function openIfRoom({ bus, id, host }: ScanSettings): Promise<BusPort | undefined> {
  try {
    return await openPort(bus, { id, host });
  } catch (error) {
    if (error instanceof BusError && error.fault === 'bus-full') return undefined;
    throw error;
  }
}

/** What is there, and on behalf of which of the bus's hosts we have looked, if of one. */
async function devicesOn(
  settings: ScanSettings,
): Promise<{ readonly devices: Device[]; readonly own: number | undefined }> {
  const joined = await openIfRoom(settings);
  using port = joined?.port;
  const devices = joined ? await askBus(joined, settings.bus.directory, settings.timeoutMs) : [];
  return { devices, own: settings.bus.kind === 'shm' ? undefined : port?.id };
}

/** Prints a table, or JSON. @throws CliError, BusError */
export async function scan(settings: ScanSettings, output: Output): Promise<ExitCode> {
  const { bus, json, timeoutMs } = settings;
  requireBus(bus);
  const reports = await askAll(bus.directory, timeoutMs);
  const { devices, own } = await devicesOn(settings);
  const rows = rowsOf(devices, reports, own);
  if (json) output.line(JSON.stringify({ bus: bus.url, devices: rows.map(jsonOf) }));
  else if (rows.length === 0) output.line(`nobody is on ${bus.url}`);
  else for (const line of tableLines(scanColumns, rows.map(cellsOf), output.colours)) output.line(line);
  return rows.length > 0 ? ExitCode.ok : ExitCode.unreachable;
}
