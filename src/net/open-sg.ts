/** A host's port through Linux' SCSI generic devices. */

import { SgPort } from '../transport/sg/port.ts';
import type { SgCarrier } from './carrier.ts';
import { HostError } from './errors.ts';
import type { HostOptions } from './host.ts';
import type { OpenPort, OpenPortHooks } from './open-port.ts';
import { takeSeat } from './seat.ts';

/** @throws HostError 'id-taken' */
export function openSg(options: HostOptions, { devices }: SgCarrier, { logger }: OpenPortHooks): OpenPort {
  const { id, width, hostName } = options;
  const seat = takeSeat(options);
  // IDs are ours alone here, and so is the name that MAC addresses are made of.
  const bus = `sg:${hostName}:${devices.map(({ path }) => path).join()}`;
  const trouble = (peer: number, why: Error) => {
    const path = devices.find((device) => device.id === peer)?.path;
    logger.log('warn', 'device can not be used', { id: peer, path, why: why.message });
  };
  const port = new SgPort({ bus, id, width, devices, trouble });
  const [first] = port.troubles.values();
  if (first && port.troubles.size === devices.length) {
    port[Symbol.dispose]();
    seat[Symbol.dispose]();
    const code = first.fault === 'permission' ? 'permission' : 'no-bus';
    throw new HostError(code, first.message, { hint: first.hint, cause: first });
  }
  return {
    port,
    most: mostOf(port),
    settling: () => false,
    meeting: () => port.targets.size + port.troubles.size < devices.length,
    counters: () => ({}),
    [Symbol.dispose]() {
      port[Symbol.dispose]();
      seat[Symbol.dispose]();
    },
  };
}

/** Adapters take a megabyte, or 48 KiB (SRP): the least of all our devices. */
function mostOf(port: SgPort): number {
  const limits = Array.from(port.targets.values(), ({ limits }) =>
    Math.min(limits.maxDataOut, limits.maxDataIn),
  );
  return Math.min(...limits);
}
