/** What a target sends for a command: R2T, data-in, status with sense and residuals (RFC 7143 §11.4, §11.7, §11.8). */

import { Status } from '../../scsi/status.ts';
import type { KeptCommand } from './kept.ts';
import { encodeLun } from './lun.ts';
import { reservedTag, ServiceResponse, TargetOpcode } from './opcodes.ts';
import { DataIn, ReadyToTransfer, ScsiResponse } from './pdu.ts';
import { wholeWords } from './segment.ts';
import type { TargetReplies } from './target-replies.ts';
import type { Solicited, TargetTask } from './target-task.ts';

const nothing = new Uint8Array(0);

/** Statuses that may travel in a Data-In PDU; all others are errors (RFC 7143 §11.7.3). */
const collapsible: ReadonlySet<number> = new Set([Status.good, Status.conditionMet]);
const maxResidual = 0xffffffff;

export class TargetAnswers {
  readonly #replies: TargetReplies;
  readonly #response: ReturnType<typeof ScsiResponse.over>;
  readonly #dataIn: ReturnType<typeof DataIn.over>;
  readonly #readyToTransfer: ReturnType<typeof ReadyToTransfer.over>;

  constructor(replies: TargetReplies) {
    this.#replies = replies;
    const { header } = replies.outbox;
    this.#response = ScsiResponse.over(header);
    this.#dataIn = DataIn.over(header);
    this.#readyToTransfer = ReadyToTransfer.over(header);
  }

  /** The end of a command: its data-in, status, sense and residuals. */
  answer(
    task: TargetTask,
    status: Status,
    sense: Uint8Array,
    dataIn: Uint8Array,
    offset: number,
    offered: number,
  ): void {
    const moved = Math.min(offered, task.dataInLength);
    const collapse =
      moved > 0 && sense.length === 0 && !task.write && collapsible.has(status) && task.snackTag === 0;
    const kept = moved > 0 ? this.#replies.kept?.begin(task.tag, task.r2tSn, moved) : undefined;
    if (moved > 0) this.#data(task, dataIn, offset, moved, collapse ? status : undefined, offered, kept);
    if (!collapse)
      this.#respond(task, ServiceResponse.complete, status, sense, offered, this.#dataPdus(moved), kept);
  }

  /** A response without a status: something went wrong with the command itself. */
  response(task: TargetTask, response: number): void {
    this.#respond(task, response, 0, nothing, task.dataInLength, 0);
  }

  #dataPdus(moved: number): number {
    const { peerSegment, MaxBurstLength } = this.#replies.settings;
    const most = Math.min(wholeWords(peerSegment), MaxBurstLength);
    const whole = Math.floor(moved / MaxBurstLength);
    const rest = moved - whole * MaxBurstLength;
    return whole * Math.ceil(MaxBurstLength / most) + Math.ceil(rest / most);
  }

  /**
   * SCSI Data-In (RFC 7143 §11.7): segments no longer than the peer takes, F at the end of each burst. What is `kept` is
   * copied, burst by burst, and all bursts but the last ask to be acknowledged.
   */
  #data(
    task: TargetTask,
    bytes: Uint8Array,
    from: number,
    length: number,
    status: Status | undefined,
    offered: number,
    kept: KeptCommand | undefined,
  ): void {
    const { peerSegment, MaxBurstLength } = this.#replies.settings;
    const { outbox, window } = this.#replies;
    const most = wholeWords(peerSegment);
    const view = this.#dataIn;
    let source = bytes;
    let base = from;
    let burst = MaxBurstLength;
    let dataSn = task.r2tSn; // one sequence with R2Ts, in commands that move data both ways
    for (let done = 0; done < length; ) {
      if (kept && burst === MaxBurstLength) {
        source = bytes.slice(from + done, from + Math.min(done + burst, length));
        base = -done;
      }
      const size = Math.min(most, burst, length - done);
      const last = done + size === length;
      burst -= size;
      view.opcode = TargetOpcode.dataIn;
      view.final = last || burst === 0 ? 1 : 0;
      view.tag = task.tag;
      view.transferTag = reservedTag;
      view.dataSn = dataSn++;
      view.offset = done;
      view.expCmdSn = window.expected;
      view.maxCmdSn = window.max;
      if (last && status !== undefined) {
        view.hasStatus = 1;
        view.status = status;
        this.#residual(view, task.dataInLength - offered);
        this.#replies.number(view, true);
      }
      const data = source.subarray(base + done, base + done + size);
      if (kept) this.#sendKept(task, data, kept, last, burst === 0);
      else outbox.put(data);
      done += size;
      if (burst === 0) burst = MaxBurstLength;
    }
  }

  #sendKept(task: TargetTask, data: Uint8Array, kept: KeptCommand, last: boolean, endsBurst: boolean): void {
    const view = this.#dataIn;
    if (endsBurst && !last) {
      view.acknowledge = 1;
      view.transferTag = kept.transferTag;
      view.lun = encodeLun(task.lun);
    }
    this.#replies.kept?.dataIn(kept, data);
    if (view.hasStatus) this.#replies.put(data, kept);
    else this.#replies.outbox.put(data, true);
  }

  #residual(view: { underflow: number; overflow: number; residual: number }, left: number): void {
    if (left > 0) view.underflow = 1;
    else if (left < 0) view.overflow = 1;
    view.residual = Math.min(Math.abs(left), maxResidual);
  }

  #respond(
    task: TargetTask,
    response: number,
    status: number,
    sense: Uint8Array,
    offered: number,
    dataPdus: number,
    kept?: KeptCommand,
  ): void {
    const view = this.#response;
    view.opcode = TargetOpcode.scsiResponse;
    view.final = 1;
    view.response = response;
    view.status = status;
    view.tag = task.tag;
    view.snackTag = task.snackTag;
    view.expDataSn = response === ServiceResponse.complete ? dataPdus : 0;
    this.#replies.number(view, true);
    const inLeft = task.dataInLength - offered;
    const outLeft = task.dataOutLength - task.dataOutWanted;
    if (task.read && task.write) {
      this.#residual(view, outLeft);
      if (inLeft > 0) view.readUnderflow = 1;
      else if (inLeft < 0) view.readOverflow = 1;
      view.readResidual = Math.abs(inLeft);
    } else {
      const onlyIn = task.dataInLength > 0 || (task.dataOutLength === 0 && task.dataOutWanted === 0);
      this.#residual(view, onlyIn ? inLeft : outLeft);
    }
    const data = sense.length === 0 ? nothing : withLength(sense);
    this.#replies.put(data, kept);
  }

  readyToTransfer(task: TargetTask, burst: Solicited): void {
    const view = this.#readyToTransfer;
    view.opcode = TargetOpcode.readyToTransfer;
    view.final = 1;
    view.lun = encodeLun(task.lun);
    view.tag = task.tag;
    view.transferTag = burst.tag;
    view.r2tSn = burst.r2tSn;
    view.offset = burst.offset;
    view.desiredLength = burst.length;
    this.#replies.number(view, false);
    this.#replies.outbox.put();
  }
}

/** Sense data as a data segment: its length first (RFC 7143 §11.4.7). */
function withLength(sense: Uint8Array): Uint8Array {
  const data = new Uint8Array(2 + sense.length);
  data[0] = sense.length >>> 8;
  data[1] = sense.length;
  data.set(sense, 2);
  return data;
}
