/** SNACK at the target (RFC 7143 §11.16), at error recovery level 1: what was sent is sent again, or the request is rejected. */

import type { Kept } from './kept.ts';
import { RejectReason, reservedTag, SnackType } from './opcodes.ts';
import type { Snack } from './pdu.ts';
import type { TargetSession } from './target-session.ts';
import type { TargetTask } from './target-task.ts';

/** Bytes waiting to be sent above which nothing is sent again. */
const maxWaiting = 128 * 1024 * 1024;

type SnackHeader = ReturnType<typeof Snack.over>;

/** Why a SNACK is rejected, and the next DataSN or R2TSN, if there is one (RFC 7143 §11.17.2). */
export interface SnackRefusal {
  readonly reason: number;
  readonly dataSn: number;
}

/** Answers a SNACK; gives why it is rejected, if it is. */
export function answerSnack(
  snack: SnackHeader,
  kept: Kept,
  session: TargetSession,
): SnackRefusal | undefined {
  const reason = answer(snack, kept, session);
  if (reason === undefined) return undefined;
  const command = kept.find(snack.tag);
  const next = command ? command.first + command.pdus.length : (session.tasks.get(snack.tag)?.r2tSn ?? 0);
  return { reason, dataSn: snack.type === SnackType.data && reason === RejectReason.protocol ? next : 0 };
}

function answer(snack: SnackHeader, kept: Kept, session: TargetSession): number | undefined {
  const { type, tag, transferTag, begin, runLength } = snack;
  const isNamed = type === SnackType.data || type === SnackType.resegmented;
  if (isNamed !== (tag !== reservedTag)) return RejectReason.invalidField;
  if (kept.waiting > maxWaiting) return RejectReason.snack;
  switch (type) {
    case SnackType.data:
      return transferTag === reservedTag ? resend(snack, kept, session) : RejectReason.invalidField;
    case SnackType.status:
      return transferTag === reservedTag ? kept.resendResponses(begin, runLength) : RejectReason.invalidField;
    case SnackType.dataAck:
      return runLength === 0 ? kept.acknowledgeData(transferTag, begin) : RejectReason.invalidField;
    case SnackType.resegmented:
      return resegment(snack, kept, session);
    default:
      return RejectReason.invalidField;
  }
}

function resend(snack: SnackHeader, kept: Kept, session: TargetSession): number | undefined {
  const { tag, begin, runLength } = snack;
  const task = session.tasks.get(tag);
  if (task) return repeatRequests(task, begin, runLength, session);
  const command = kept.find(tag);
  return command ? kept.resendData(command, begin, runLength) : RejectReason.protocol;
}

/** R2Ts that were not answered in full; all others are acknowledged by the data that came. */
function repeatRequests(
  task: TargetTask,
  begin: number,
  count: number,
  session: TargetSession,
): number | undefined {
  const end = count === 0 ? task.r2tSn : begin + count;
  if (begin >= task.r2tSn || end > task.r2tSn) return RejectReason.protocol;
  const wanted = task.solicited.filter(({ r2tSn }) => r2tSn >= begin && r2tSn < end);
  if (count > 0 && wanted.length < count) return RejectReason.protocol;
  for (const burst of wanted) session.repeat(task, burst);
  return undefined;
}

/** R-Data SNACK: the tag goes into the response, which may be yet to come (RFC 7143 §11.16.3). */
function resegment(snack: SnackHeader, kept: Kept, session: TargetSession): number | undefined {
  const { tag, transferTag, begin, runLength } = snack;
  if (begin !== 0 || runLength !== 0 || transferTag === 0 || transferTag === reservedTag)
    return RejectReason.invalidField;
  const task = session.tasks.get(tag);
  if (task) {
    task.snackTag = transferTag;
    return undefined;
  }
  const command = kept.find(tag);
  return command ? kept.resendAll(command, transferTag) : RejectReason.protocol;
}
