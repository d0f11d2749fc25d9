/** Opens a port on a bus by its URL, for a moment; the transport is loaded when it is needed. */

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
  /** On whose behalf, on a bus that a file describes; undefined: the host that has this machine's name. */
  readonly host?: string | undefined;
}

/** The bus is there: somebody made its directory. Only for shm is the directory the bus. @throws CliError */
export function requireBus({ kind, url, directory }: BusUrl): void {
  if (kind !== 'shm' || lstatSync(directory, { throwIfNoEntry: false })) return;
  throw new CliError(
    'unreachable',
    `there is no bus ${url}`,
    `its directory, ${directory}`,
    `a host makes it: ipscsi up --bus ${url} --id 0`,
  );
}

/** A port on a bus, which the caller disposes of, and who should be found there. */
export interface BusPort {
  readonly port: Port;
  /** IDs of targets that are known to belong to the bus. */
  readonly expected: readonly number[];
}

/** Joins a bus. @throws CliError, BusError when the bus can't be joined */
export async function openPort(bus: BusUrl, wish: PortWish = {}): Promise<BusPort> {
  switch (bus.kind) {
    case 'shm': {
      const { directory, url } = bus;
      const { id, width } = wish;
      const { openShmPort } = await import('../transport/shm/port.ts');
      return { port: openShmPort({ directory, bus: url, id, width, hostName: hostname() }), expected: [] };
    }
    case 'iscsi-file':
      return (await import('./open-iscsi-file.ts')).openIscsiFile(bus, wish);
    case 'iscsi':
    case 'sg':
    case 'tcmu':
      throw usageError(`${bus.url} can't be joined by this command`, 'shm:NAME or iscsi:FILE');
  }
}
