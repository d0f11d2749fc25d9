/** What a target sends beside commands' data and status: PDUs in the outbox, with their serial numbers (RFC 7143 §4.2.2.2). */

import type { Clock } from '../../time/clock.ts';
import type { Pdu } from './framer.ts';
import { Kept, type KeptCommand } from './kept.ts';
import type { Settings } from './keys.ts';
import { reservedTag, TargetOpcode } from './opcodes.ts';
import type { Outbox } from './outbox.ts';
import {
  AsyncMessage,
  LoginResponse,
  LogoutResponse,
  ManagementReply,
  NopIn,
  Reject,
  TextResponse,
} from './pdu.ts';
import { advance } from './serial.ts';
import type { LoginReply } from './target-login.ts';
import { encodeText } from './text.ts';
import type { TargetWindow } from './window.ts';

const nothing = new Uint8Array(0);

export class TargetReplies {
  readonly outbox: Outbox;
  statSn: number;
  window: TargetWindow;
  settings: Settings;
  /** At error recovery level 1: what was sent and is not acknowledged. */
  kept: Kept | undefined;
  readonly #views: ReturnType<typeof viewsOf>;
  #clock: Clock | undefined;

  constructor(outbox: Outbox, statSn: number, window: TargetWindow, settings: Settings) {
    this.outbox = outbox;
    this.statSn = statSn;
    this.window = window;
    this.settings = settings;
    this.#views = viewsOf(outbox.header);
  }

  /** From now on what is sent is kept until it is acknowledged. */
  keep(clock: Clock): void {
    this.#clock = clock;
    this.kept = new Kept(this.outbox, () => ({
      statSn: this.statSn,
      expCmdSn: this.window.expected,
      maxCmdSn: this.window.max,
      segment: this.settings.peerSegment,
    }));
  }

  /** Fills in the fields that all answers share. `counts`: it takes a StatSN of its own. */
  number(view: { statSn: number; expCmdSn: number; maxCmdSn: number }, counts: boolean): void {
    view.statSn = this.statSn;
    view.expCmdSn = this.window.expected;
    view.maxCmdSn = this.window.max;
    if (counts) this.statSn = advance(this.statSn);
  }

  /** Sends the numbered PDU in the outbox's header. `command`: its data is ours already. */
  put(data: Uint8Array = nothing, command?: KeptCommand): void {
    const { kept } = this;
    if (!kept) {
      this.outbox.put(data);
      return;
    }
    const ours = command ? data : data.slice();
    kept.response(advance(this.statSn, -1), ours, this.#clock?.now() ?? 0, command);
    this.outbox.put(ours, true);
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
    this.number(view, true);
    this.put(encodeText(reply.pairs));
  }

  management(tag: number, response: number): void {
    const view = this.#views.management;
    view.opcode = TargetOpcode.taskManagementResponse;
    view.final = 1;
    view.response = response;
    view.tag = tag;
    this.number(view, true);
    this.put();
  }

  /** The answer to a ping; the same bytes, as far as they fit. */
  pong(tag: number, data: Uint8Array): void {
    const view = this.#views.nopIn;
    view.opcode = TargetOpcode.nopIn;
    view.final = 1;
    view.tag = tag;
    view.transferTag = reservedTag;
    this.number(view, true);
    this.put(data.subarray(0, this.settings.peerSegment));
  }

  /** A ping of our own. */
  ping(transferTag: number): void {
    const view = this.#views.nopIn;
    view.opcode = TargetOpcode.nopIn;
    view.final = 1;
    view.tag = reservedTag;
    view.transferTag = transferTag;
    this.number(view, false);
    this.outbox.put();
  }

  text(tag: number, transferTag: number, final: boolean, continues: boolean, data: Uint8Array): void {
    const view = this.#views.text;
    view.opcode = TargetOpcode.textResponse;
    view.final = final ? 1 : 0;
    view.continues = continues ? 1 : 0;
    view.tag = tag;
    view.transferTag = transferTag;
    this.number(view, true);
    this.put(data);
  }

  logout(tag: number, response: number): void {
    const view = this.#views.logout;
    view.opcode = TargetOpcode.logoutResponse;
    view.final = 1;
    view.response = response;
    view.tag = tag;
    view.time2Wait = this.settings.DefaultTime2Wait;
    view.time2Retain = this.settings.DefaultTime2Retain;
    this.number(view, true);
    this.put();
  }

  /** `dataSn`: of a SNACK, the next number that would be sent (RFC 7143 §11.17.2). */
  reject(reason: number, pdu: Pdu, dataSn = 0): void {
    const view = this.#views.reject;
    view.opcode = TargetOpcode.reject;
    view.final = 1;
    view.reason = reason;
    view.dataSn = dataSn;
    view.tag = reservedTag;
    this.number(view, true);
    this.put(pdu.header);
  }

  asynchronous(event: number, parameters: readonly [number, number, number]): void {
    const view = this.#views.asynchronous;
    view.opcode = TargetOpcode.asyncMessage;
    view.final = 1;
    view.tag = reservedTag;
    view.event = event;
    [view.parameter1, view.parameter2, view.parameter3] = parameters;
    this.number(view, true);
    this.put();
  }
}

const viewsOf = (header: Uint8Array) => ({
  login: LoginResponse.over(header),
  management: ManagementReply.over(header),
  nopIn: NopIn.over(header),
  text: TextResponse.over(header),
  logout: LogoutResponse.over(header),
  reject: Reject.over(header),
  asynchronous: AsyncMessage.over(header),
});
