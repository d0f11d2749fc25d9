/** A host's port in shared memory. */

import { BusError } from '../transport/shm/errors.ts';
import { openShmPort } from '../transport/shm/port.ts';
import { fromBusError } from './bus-error.ts';
import type { HostOptions } from './host.ts';
import type { OpenPort, OpenPortHooks } from './open-port.ts';

/** @throws HostError */
export function openShm(options: HostOptions, memory: number, { violation }: OpenPortHooks): OpenPort {
  const { directory, bus, id, width, hostName } = options;
  let violations = 0;
  const onViolation = (peer: number, why: string) => {
    violations++;
    violation(peer, why);
  };
  try {
    const port = openShmPort({ directory, bus, id, width, hostName, memory, onViolation });
    return {
      port,
      settling: () => false,
      meeting: () => port.meeting,
      counters: () => ({ violations }),
      [Symbol.dispose]: () => port[Symbol.dispose](),
    };
  } catch (error) {
    throw error instanceof BusError ? fromBusError(error, options) : error;
  }
}
