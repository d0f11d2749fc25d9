/** How data-out is taken in, and which breaches of its rules end the command (RFC 7143 §4.2.5.2, §11.7). */

import { AdditionalSense, SenseKey } from '../../scsi/sense.ts';
import { encodeSense } from '../../scsi/sense-data.ts';
import type { Settings } from './keys.ts';
import { reservedTag } from './opcodes.ts';
import type { DataOut } from './pdu.ts';
import type { Solicited, TargetTask } from './target-task.ts';

type DataOutHeader = ReturnType<typeof DataOut.over>;

/** Sense data for breaches (RFC 7143 §11.4.7.2). */
const sense = (code: AdditionalSense): Uint8Array => encodeSense({ key: SenseKey.abortedCommand, code });
export const unexpected = sense(AdditionalSense.writeErrorUnexpectedUnsolicitedData);
const wrongAmount = sense(AdditionalSense.writeErrorNotEnoughUnsolicitedData);
export const digestWrong = sense(AdditionalSense.protocolServiceCrcError);
const outOfOrder = sense(AdditionalSense.dataPhaseError);
/** More data-out than we hold. */
export const tooMuch: Uint8Array = encodeSense({
  key: SenseKey.illegalRequest,
  code: AdditionalSense.invalidFieldInCdb,
});

/** No room for it now: BUSY, without sense. */
export const noRoom: Uint8Array = new Uint8Array(0);
/** Another initiator's task management ended it: TASK ABORTED, without sense. */
export const aborted: Uint8Array = new Uint8Array(0);

/** What comes in the command itself; not `final`: unsolicited Data-Out follows. */
export function takeImmediate(task: TargetTask, final: boolean, data: Uint8Array, settings: Settings): void {
  const { ImmediateData, InitialR2T, FirstBurstLength } = settings;
  const most = Math.min(task.dataOutLength, FirstBurstLength);
  const allowed = ImmediateData && task.write ? FirstBurstLength : 0;
  task.asked = task.dataOutLength === 0 ? 0 : data.length;
  if (data.length > allowed) task.broken ??= unexpected;
  else if (data.length > task.dataOutLength) task.broken ??= wrongAmount;
  else if (data.length > 0 && !task.broken) task.take(data, 0);
  if (final || !task.write) return;
  if (InitialR2T) task.broken ??= unexpected;
  task.unsolicited = true;
  task.asked = most;
}

export function takeUnsolicited(task: TargetTask, header: DataOutHeader, data: Uint8Array): void {
  if (task.broken) return;
  if (!task.unsolicited) task.broken = unexpected;
  else if (header.dataSn !== task.dataSn || header.offset !== task.got) task.broken ??= outOfOrder;
  else if (task.got + data.length > task.asked) task.broken ??= wrongAmount;
  else {
    task.dataSn++;
    task.take(data, header.offset);
  }
}

/** What was asked for: in order, exactly that, and F on its last PDU. */
export function takeSolicited(task: TargetTask, header: DataOutHeader, data: Uint8Array): void {
  const burst = task.solicited.find((one) => one.tag === header.transferTag);
  if (!burst || task.unsolicited) task.broken ??= outOfOrder;
  else if (header.dataSn !== burst.dataSn || header.offset !== burst.offset + burst.got)
    task.broken ??= outOfOrder;
  else takeNext(task, burst, header, data);
}

/** The part of a burst that comes next. */
export function takeNext(task: TargetTask, burst: Solicited, header: DataOutHeader, data: Uint8Array): void {
  const end = burst.got + data.length;
  if (end > burst.length || (header.final && end < burst.length)) {
    task.broken ??= wrongAmount;
    return;
  }
  burst.dataSn++;
  burst.got = end;
  if (!task.broken) task.take(data, header.offset);
}

/** F came: the burst is over, whatever came of it. */
export function endBurst(task: TargetTask, transferTag: number): void {
  if (transferTag === reservedTag) {
    if (task.unsolicited && task.got < task.asked && task.asked < task.dataOutLength)
      task.broken ??= wrongAmount; // neither all there is nor a first burst
    endUnsolicited(task);
    return;
  }
  const place = task.solicited.findIndex((one) => one.tag === transferTag);
  if (place >= 0) task.solicited.splice(place, 1);
  else if (task.broken) task.solicited.length = 0;
}

/** What has not come unsolicited is asked for. */
export function endUnsolicited(task: TargetTask): void {
  task.unsolicited = false;
  task.asked = task.got;
}
