/** Opens a port on a bus by its URL; the transport is loaded when it is needed. */

import { lstatSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Port } from '../transport/transport.ts';
import type { BusUrl } from './bus-url.ts';
import { CliError, usageError } from './failure.ts';

export interface PortWish {
  /** Our SCSI ID; undefined: any that is free, from the top. */
  readonly id?: number | undefined;
  /** IDs on the bus; undefined: what its hosts say. */
  readonly width?: number | undefined;
}

/** The bus is there: somebody made its directory. @throws CliError */
export function requireBus({ kind, url, directory }: BusUrl): void {
  if (kind !== 'shm' || lstatSync(directory, { throwIfNoEntry: false })) return;
  throw new CliError(
    'unreachable',
    `there is no bus ${url}`,
    `its directory, ${directory}`,
    `a host makes it: ipscsi up --bus ${url} --id 0`,
  );
}

/** Joins a bus. @throws CliError, BusError when the bus can't be joined */
export async function openPort(bus: BusUrl, { id, width }: PortWish = {}): Promise<Port> {
  if (bus.kind !== 'shm') throw usageError(`${bus.url} can't be joined yet`, 'a shm: bus');
  const { openShmPort } = await import('../transport/shm/port.ts');
  return openShmPort({ directory: bus.directory, bus: bus.url, id, width, hostName: hostname() });
}
