/**
 * What the three bytes of an answer's status mean (linux/include/scsi/scsi_status.h): whether the target answered, and
 * if not, why not. Pure. The table is in docs/linux-scsi.md, too.
 */

import type { TransportFault } from '../task.ts';

/** DID_*: what the adapter's driver, or the kernel, says of a command. */
export const HostStatus = {
  ok: 0x00,
  noConnect: 0x01,
  busBusy: 0x02,
  timeOut: 0x03,
  badTarget: 0x04,
  abort: 0x05,
  parity: 0x06,
  error: 0x07,
  reset: 0x08,
  badInterrupt: 0x09,
  passThrough: 0x0a,
  softError: 0x0b,
  immediateRetry: 0x0c,
  requeue: 0x0d,
  transportDisrupted: 0x0e,
  transportFailFast: 0x0f,
  targetFailure: 0x10,
  nexusFailure: 0x11,
  allocationFailure: 0x12,
  mediumError: 0x13,
  transportMarginal: 0x14,
} as const;

/** 'answered': the status byte counts; 'gone': nobody is there any more. */
export type Verdict = 'answered' | 'gone' | TransportFault;

const verdicts: Readonly<Record<(typeof HostStatus)[keyof typeof HostStatus], Verdict>> = {
  [HostStatus.ok]: 'answered',
  [HostStatus.noConnect]: 'gone',
  [HostStatus.busBusy]: 'aborted',
  [HostStatus.timeOut]: 'aborted',
  [HostStatus.badTarget]: 'gone',
  [HostStatus.abort]: 'aborted',
  [HostStatus.parity]: 'protocol',
  [HostStatus.error]: 'protocol',
  [HostStatus.reset]: 'aborted',
  [HostStatus.badInterrupt]: 'protocol',
  [HostStatus.passThrough]: 'answered',
  [HostStatus.softError]: 'aborted',
  [HostStatus.immediateRetry]: 'aborted',
  [HostStatus.requeue]: 'aborted',
  [HostStatus.transportDisrupted]: 'aborted',
  [HostStatus.transportFailFast]: 'gone',
  // The kernel's notes about a status that came, in kernels that still pass them on.
  [HostStatus.targetFailure]: 'answered',
  [HostStatus.nexusFailure]: 'answered',
  [HostStatus.allocationFailure]: 'answered',
  [HostStatus.mediumError]: 'answered',
  [HostStatus.transportMarginal]: 'aborted',
};

/** DRIVER_*, lower four bits; kernels since 5.14 say only 0 and 8, sense. */
const DriverStatus = { error: 0x04, invalid: 0x05, timeout: 0x06, hard: 0x07 } as const;

const driverVerdicts: Readonly<Record<number, Verdict>> = {
  [DriverStatus.error]: 'protocol',
  [DriverStatus.invalid]: 'protocol',
  [DriverStatus.timeout]: 'aborted',
  [DriverStatus.hard]: 'protocol',
};

/** Judges an answer. A number that is not in the table is an adapter's own, and no answer. */
export function verdictOf(hostStatus: number, driverStatus: number): Verdict {
  const verdict = (verdicts as Readonly<Record<number, Verdict>>)[hostStatus] ?? 'protocol';
  if (verdict !== 'answered') return verdict;
  return driverVerdicts[driverStatus & 0xf] ?? 'answered';
}
