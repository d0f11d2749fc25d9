/** What a target sends: PDUs written into the outbox, with their serial numbers (RFC 7143 §4.2.2.2). */

import { Status } from '../../scsi/status.ts';
import type { Pdu } from './framer.ts';
import type { Settings } from './keys.ts';
import { encodeLun } from './lun.ts';
import { reservedTag, ServiceResponse, TargetOpcode } from './opcodes.ts';
import type { Outbox } from './outbox.ts';
import {
  AsyncMessage,
  DataIn,
  LoginResponse,
  LogoutResponse,
  ManagementReply,
  NopIn,
  ReadyToTransfer,
  Reject,
  ScsiResponse,
  TextResponse,
} from './pdu.ts';
import { advance } from './serial.ts';
import type { LoginReply } from './target-login.ts';
import type { TargetTask } from './target-task.ts';
import { encodeText } from './text.ts';
import type { TargetWindow } from './window.ts';

const nothing = new Uint8Array(0);

/** Statuses that may travel in a Data-In PDU; all others are errors (RFC 7143 §11.7.3). */
const collapsible: ReadonlySet<number> = new Set([Status.good, Status.conditionMet]);
const maxResidual = 0xffffffff;

export class TargetReplies {
  readonly outbox: Outbox;
  statSn: number;
  window: TargetWindow;
  settings: Settings;
  readonly #views: ReturnType<typeof viewsOf>;

  constructor(outbox: Outbox, statSn: number, window: TargetWindow, settings: Settings) {
    this.outbox = outbox;
    this.statSn = statSn;
    this.window = window;
    this.settings = settings;
    this.#views = viewsOf(outbox.header);
  }

  /** The fields that all answers share. `counts`: it takes a StatSN of its own. */
  #number(view: { statSn: number; expCmdSn: number; maxCmdSn: number }, counts: boolean): void {
    view.statSn = this.statSn;
    view.expCmdSn = this.window.expected;
    view.maxCmdSn = this.window.max;
    if (counts) this.statSn = advance(this.statSn);
  }

  login(request: { isid: Uint8Array; tag: number }, tsih: number, reply: LoginReply): void {
    const view = this.#views.login;
    view.opcode = TargetOpcode.loginResponse;
    view.transit = reply.transit ? 1 : 0;
    view.currentStage = reply.currentStage;
    view.nextStage = reply.nextStage;
    view.isid = request.isid;
    view.tsih = tsih;
    view.tag = request.tag;
    view.status = reply.status;
    this.#number(view, true);
    this.outbox.put(encodeText(reply.pairs));
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
    const collapse = moved > 0 && sense.length === 0 && !task.write && collapsible.has(status);
    if (moved > 0) this.#data(task, dataIn, offset, moved, collapse ? status : undefined, offered);
    if (!collapse)
      this.#response(task, ServiceResponse.complete, status, sense, offered, this.#dataPdus(moved));
  }

  /** A response without a status: something went wrong with the command itself. */
  response(task: TargetTask, response: number): void {
    this.#response(task, response, 0, nothing, task.dataInLength, 0);
  }

  #dataPdus(moved: number): number {
    const { peerSegment, MaxBurstLength } = this.settings;
    const most = Math.min(peerSegment, MaxBurstLength);
    const whole = Math.floor(moved / MaxBurstLength);
    const rest = moved - whole * MaxBurstLength;
    return whole * Math.ceil(MaxBurstLength / most) + Math.ceil(rest / most);
  }

  /** SCSI Data-In (RFC 7143 §11.7): segments no longer than the peer takes, F at the end of each burst. */
  #data(
    task: TargetTask,
    bytes: Uint8Array,
    from: number,
    length: number,
    status: Status | undefined,
    offered: number,
  ): void {
    const { peerSegment, MaxBurstLength } = this.settings;
    const view = this.#views.dataIn;
    let burst = MaxBurstLength;
    let dataSn = 0;
    for (let done = 0; done < length; ) {
      const size = Math.min(peerSegment, burst, length - done);
      const last = done + size === length;
      burst -= size;
      view.opcode = TargetOpcode.dataIn;
      view.final = last || burst === 0 ? 1 : 0;
      view.tag = task.tag;
      view.transferTag = reservedTag;
      view.dataSn = dataSn++;
      view.offset = done;
      view.expCmdSn = this.window.expected;
      view.maxCmdSn = this.window.max;
      if (last && status !== undefined) {
        view.hasStatus = 1;
        view.status = status;
        this.#residual(view, task.dataInLength - offered);
        this.#number(view, true);
      }
      this.outbox.put(bytes.subarray(from + done, from + done + size));
      done += size;
      if (burst === 0) burst = MaxBurstLength;
    }
  }

  #residual(view: { underflow: number; overflow: number; residual: number }, left: number): void {
    if (left > 0) view.underflow = 1;
    else if (left < 0) view.overflow = 1;
    view.residual = Math.min(Math.abs(left), maxResidual);
  }

  #response(
    task: TargetTask,
    response: number,
    status: number,
    sense: Uint8Array,
    offered: number,
    dataPdus: number,
  ): void {
    const view = this.#views.response;
    view.opcode = TargetOpcode.scsiResponse;
    view.final = 1;
    view.response = response;
    view.status = status;
    view.tag = task.tag;
    view.expDataSn = response === ServiceResponse.complete ? dataPdus + task.r2tSn : 0;
    this.#number(view, true);
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
    this.outbox.put(sense.length === 0 ? nothing : withLength(sense));
  }

  readyToTransfer(
    task: TargetTask,
    transferTag: number,
    r2tSn: number,
    offset: number,
    length: number,
  ): void {
    const view = this.#views.readyToTransfer;
    view.opcode = TargetOpcode.readyToTransfer;
    view.final = 1;
    view.lun = encodeLun(task.lun);
    view.tag = task.tag;
    view.transferTag = transferTag;
    view.r2tSn = r2tSn;
    view.offset = offset;
    view.desiredLength = length;
    this.#number(view, false);
    this.outbox.put();
  }

  management(tag: number, response: number): void {
    const view = this.#views.management;
    view.opcode = TargetOpcode.taskManagementResponse;
    view.final = 1;
    view.response = response;
    view.tag = tag;
    this.#number(view, true);
    this.outbox.put();
  }

  /** The answer to a ping; the same bytes, as far as they fit. */
  pong(tag: number, data: Uint8Array): void {
    const view = this.#views.nopIn;
    view.opcode = TargetOpcode.nopIn;
    view.final = 1;
    view.tag = tag;
    view.transferTag = reservedTag;
    this.#number(view, true);
    this.outbox.put(data.subarray(0, this.settings.peerSegment));
  }

  /** A ping of our own. */
  ping(transferTag: number): void {
    const view = this.#views.nopIn;
    view.opcode = TargetOpcode.nopIn;
    view.final = 1;
    view.tag = reservedTag;
    view.transferTag = transferTag;
    this.#number(view, false);
    this.outbox.put();
  }

  text(tag: number, transferTag: number, final: boolean, continues: boolean, data: Uint8Array): void {
    const view = this.#views.text;
    view.opcode = TargetOpcode.textResponse;
    view.final = final ? 1 : 0;
    view.continues = continues ? 1 : 0;
    view.tag = tag;
    view.transferTag = transferTag;
    this.#number(view, true);
    this.outbox.put(data);
  }

  logout(tag: number, response: number): void {
    const view = this.#views.logout;
    view.opcode = TargetOpcode.logoutResponse;
    view.final = 1;
    view.response = response;
    view.tag = tag;
    view.time2Wait = this.settings.DefaultTime2Wait;
    view.time2Retain = this.settings.DefaultTime2Retain;
    this.#number(view, true);
    this.outbox.put();
  }

  reject(reason: number, pdu: Pdu): void {
    const view = this.#views.reject;
    view.opcode = TargetOpcode.reject;
    view.final = 1;
    view.reason = reason;
    view.tag = reservedTag;
    this.#number(view, true);
    this.outbox.put(pdu.header);
  }

  asynchronous(event: number, parameters: readonly [number, number, number]): void {
    const view = this.#views.asynchronous;
    view.opcode = TargetOpcode.asyncMessage;
    view.final = 1;
    view.tag = reservedTag;
    view.event = event;
    [view.parameter1, view.parameter2, view.parameter3] = parameters;
    this.#number(view, true);
    this.outbox.put();
  }
}

const viewsOf = (header: Uint8Array) => ({
  login: LoginResponse.over(header),
  response: ScsiResponse.over(header),
  dataIn: DataIn.over(header),
  readyToTransfer: ReadyToTransfer.over(header),
  management: ManagementReply.over(header),
  nopIn: NopIn.over(header),
  text: TextResponse.over(header),
  logout: LogoutResponse.over(header),
  reject: Reject.over(header),
  asynchronous: AsyncMessage.over(header),
});

/** Sense data as a data segment: its length first (RFC 7143 §11.4.7). */
function withLength(sense: Uint8Array): Uint8Array {
  const data = new Uint8Array(2 + sense.length);
  data[0] = sense.length >>> 8;
  data[1] = sense.length;
  data.set(sense, 2);
  return data;
}
