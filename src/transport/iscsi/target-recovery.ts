/**
 * Data-out that was lost or damaged, at error recovery level 1: the rest of its burst is asked for by another R2T (RFC 7143
 * §7.1.4.1, §7.8, §7.9, §11.8). What comes twice is dropped.
 */

import { digestWrong, endBurst, endUnsolicited, takeNext, takeUnsolicited, unexpected } from './gathering.ts';
import { reservedTag } from './opcodes.ts';
import type { DataOut } from './pdu.ts';
import { ahead } from './serial.ts';
import type { Solicited, TargetTask } from './target-task.ts';

type DataOutHeader = ReturnType<typeof DataOut.over>;

/** Silence, in milliseconds, after which data-out counts as lost (sequence reception timeout). */
export const sequenceTimeout = 5_000;
/** Times that data-out of one command is asked for anew. */
const maxRecoveries = 16;

/** Sends R2Ts. */
export interface Solicitor {
  /** The first R2T for these bytes; `burst` is on the task's list afterwards. */
  solicit(task: TargetTask, offset: number, length: number): void;
  /** The same R2T once more. */
  repeat(task: TargetTask, burst: Solicited): void;
}

/** Takes a Data-Out in. */
export function takeRecovering(
  task: TargetTask,
  header: DataOutHeader,
  data: Uint8Array,
  intact: boolean,
  by: Solicitor,
): void {
  if (header.transferTag === reservedTag) unsolicited(task, header, data, intact);
  else solicited(task, header, data, intact, by);
}

function unsolicited(task: TargetTask, header: DataOutHeader, data: Uint8Array, intact: boolean): void {
  if (!task.unsolicited) {
    // A command that is sent again is followed by all of its data again.
    if (task.recoveries === 0 && task.dataSn === 0) task.broken ??= unexpected;
    return;
  }
  const isNext = header.dataSn === task.dataSn && header.offset === task.got;
  if (isNext && intact) {
    takeUnsolicited(task, header, data);
    if (header.final) endBurst(task, reservedTag);
  } else if (header.final && ahead(header.dataSn, task.dataSn) >= 0) giveUpUnsolicited(task);
}

function giveUpUnsolicited(task: TargetTask): void {
  task.recoveries++;
  endUnsolicited(task);
}

function solicited(
  task: TargetTask,
  header: DataOutHeader,
  data: Uint8Array,
  intact: boolean,
  by: Solicitor,
): void {
  const burst = task.solicited.find((one) => one.tag === header.transferTag);
  if (!burst) return; // an answer to an R2T that was replaced
  const isNext = header.dataSn === burst.dataSn && header.offset === burst.offset + burst.got;
  if (isNext && intact && !burst.gap) takeNext(task, burst, header, data);
  else if (ahead(header.dataSn, burst.dataSn) >= 0) burst.gap = true;
  if (!header.final) return;
  if (!burst.gap) remove(task, burst);
  else renew(task, burst, by);
}

function remove(task: TargetTask, burst: Solicited): void {
  task.solicited.splice(task.solicited.indexOf(burst), 1);
}

/** A recovery R2T: the next R2TSN, for what is missing of the burst. */
function renew(task: TargetTask, burst: Solicited, by: Solicitor): void {
  remove(task, burst);
  if (task.broken || task.doomed || burst.got === burst.length) return;
  if (++task.recoveries > maxRecoveries) task.broken = digestWrong;
  else by.solicit(task, burst.offset + burst.got, burst.length - burst.got);
}

/** Nothing came for long: what was announced or asked for is lost. An R2T may have been lost itself, so it comes again first. */
export function recoverSilent(task: TargetTask, by: Solicitor): void {
  if (task.unsolicited) giveUpUnsolicited(task);
  for (const burst of [...task.solicited]) {
    if (burst.got > 0 || burst.repeated || burst.gap) renew(task, burst, by);
    else {
      burst.repeated = true;
      by.repeat(task, burst);
    }
  }
}
