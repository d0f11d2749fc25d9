/** A host's port behind Linux' own SCSI target. */

import { openTcmuPort } from '../transport/tcmu/open.ts';
import { TcmuError, type TcmuFault } from '../transport/tcmu/options.ts';
import type { TcmuPort } from '../transport/tcmu/port.ts';
import type { TcmuCarrier } from './carrier.ts';
import { HostError, type HostErrorCode } from './errors.ts';
import type { HostOptions } from './host.ts';
import type { OpenPort } from './open-port.ts';
import { takeSeat } from './seat.ts';

const codes: Readonly<Record<TcmuFault, HostErrorCode>> = {
  'no-module': 'no-bus',
  permission: 'permission',
  'id-taken': 'id-taken',
  'bad-option': 'no-bus',
  kernel: 'system',
};
const hints: Readonly<Partial<Record<TcmuFault, string>>> = {
  'no-module': '`ipscsi doctor` says what is missing, and how to get it',
  permission: 'run as root',
};

const hostError = (error: TcmuError) =>
  new HostError(codes[error.fault], error.message, {
    hint: hints[error.fault] ?? '`ipscsi doctor` may tell more',
    cause: error,
  });

/** @throws HostError */
function open(options: HostOptions, { name: bus, fabric, peers }: TcmuCarrier): TcmuPort {
  const { id, width, lun } = options;
  try {
    return openTcmuPort({ bus, id, width, fabric, peers, lun });
  } catch (error) {
    throw error instanceof TcmuError ? hostError(error) : error;
  }
}

/** @throws HostError */
export function openTcmu(options: HostOptions, carrier: TcmuCarrier): OpenPort {
  const seat = takeSeat(options);
  try {
    const port = open(options, carrier);
    return {
      port,
      settling() {
        if (port.fabric !== 'failed') return port.fabric === 'pending';
        throw hostError(new TcmuError('kernel', `${carrier.fabric.kind}: ${port.failure}`));
      },
      meeting: () => false,
      counters: () => ({ ...port.counters }),
      [Symbol.dispose]() {
        port[Symbol.dispose]();
        seat[Symbol.dispose]();
      },
    };
  } catch (error) {
    seat[Symbol.dispose]();
    throw error;
  }
}
