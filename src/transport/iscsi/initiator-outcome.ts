/** How a command ended, in a task's own terms. */

import { AdditionalSense, SenseKey } from '../../scsi/sense.ts';
import { encodeSense } from '../../scsi/sense-data.ts';
import { Status } from '../../scsi/status.ts';
import type { Task } from '../task.ts';

/** Residual Count with its flags (RFC 7143 §11.4.5.1): underflow positive, overflow negative. */
export const residual = (under: number, over: number, count: number): number =>
  under ? count : over ? -count : 0;

const crcError = encodeSense({ key: SenseKey.abortedCommand, code: AdditionalSense.protocolServiceCrcError });

/** Data was lost for good: the status that came is discarded (RFC 7143 §7.8, a.2). */
export function damaged(task: Task): void {
  task.status = Status.checkCondition;
  task.sense.set(crcError);
  task.senseLength = crcError.length;
}
