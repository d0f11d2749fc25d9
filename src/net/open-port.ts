/** Opens a host's port on whatever carries its bus. A carrier's modules are loaded when it is chosen. */

import type { Logger } from '../observe/logger.ts';
import type { Port } from '../transport/transport.ts';
import type { HostOptions } from './host.ts';
import type { Addresses } from './resolver.ts';

/** A port, and what else there is to be asked of its carrier. */
export interface OpenPort extends Disposable {
  readonly port: Port;
  /** Others can't reach us yet, though they will: to be waited for as long as it takes. @throws HostError when it can't be */
  settling(): boolean;
  /** Hosts that should be there have not been met yet; they are worth a moment's wait. */
  meeting(): boolean;
  /** Bytes of data that one command carries at most, where that is known beforehand and the same for all peers. */
  readonly most?: number;
  /** Hosts have these addresses now, by name. */
  moved?(addresses: Addresses): void;
  /** What the carrier counts, by name. */
  counters(): Readonly<Record<string, number>>;
}

export interface OpenPortHooks {
  readonly logger: Logger;
  /** A peer broke the carrier's rules and was cut off. */
  readonly violation: (id: number, why: string) => void;
}

/** `memory`: bytes that the link will ask for. @throws HostError */
export async function openHostPort(
  options: HostOptions,
  memory: number,
  hooks: OpenPortHooks,
): Promise<OpenPort> {
  const { carrier } = options;
  switch (carrier.kind) {
    case 'shm':
      return (await import('./open-shm.ts')).openShm(options, memory, hooks);
    case 'iscsi':
      return (await import('./open-iscsi.ts')).openIscsi(options, carrier, hooks);
    case 'sg':
      return (await import('./open-sg.ts')).openSg(options, carrier, hooks);
    case 'tcmu':
      return (await import('./open-tcmu.ts')).openTcmu(options, carrier);
  }
}
