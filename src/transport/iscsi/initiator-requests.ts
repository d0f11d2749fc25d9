/** What an initiator sends beside commands and data: all of it immediate, so that none of it waits for the window. */

import type { LoginRequestParts } from './initiator-login.ts';
import type { Numbers } from './initiator-tasks.ts';
import { encodeLun } from './lun.ts';
import { InitiatorOpcode, LogoutReason, reservedTag } from './opcodes.ts';
import type { Outbox } from './outbox.ts';
import { LoginRequest, LogoutRequest, ManagementRequest, NopOut, Snack, TextRequest } from './pdu.ts';
import { encodeText } from './text.ts';

/** Tags of these requests; commands have the lower half. */
const firstTag = 0x80000000;
export const pingTag = 0xfffffffe;

export class InitiatorRequests {
  readonly #outbox: Outbox;
  readonly #numbers: Numbers;
  readonly #isid: Uint8Array;
  #nextTag = firstTag;

  constructor(outbox: Outbox, numbers: Numbers, isid: Uint8Array) {
    this.#outbox = outbox;
    this.#numbers = numbers;
    this.#isid = isid;
  }

  #newTag(): number {
    const tag = this.#nextTag;
    this.#nextTag = tag + 1 >= pingTag ? firstTag : tag + 1;
    return tag;
  }

  #begin(
    view: { opcode: number; immediate: number; cmdSn: number; expStatSn: number },
    opcode: number,
  ): void {
    view.opcode = opcode;
    view.immediate = 1;
    view.cmdSn = this.#numbers.window.next;
    view.expStatSn = this.#numbers.expStatSn;
  }

  login(parts: LoginRequestParts): void {
    const view = LoginRequest.over(this.#outbox.header);
    this.#begin(view, InitiatorOpcode.loginRequest);
    view.transit = parts.transit ? 1 : 0;
    view.currentStage = parts.currentStage;
    view.nextStage = parts.nextStage;
    view.isid = this.#isid;
    view.tag = firstTag;
    this.#outbox.put(encodeText(parts.pairs));
  }

  /** A new text request; gives its tag. */
  text(data: Uint8Array): number {
    const tag = this.#newTag();
    this.#text(data, tag, reservedTag, 0);
    return tag;
  }

  /** Asks for more of a response; all requests of a sequence have one tag (RFC 7143 §11.10.3). `lun`: as it came. */
  moreText(tag: number, transferTag: number, lun: number): void {
    this.#text(new Uint8Array(0), tag, transferTag, lun);
  }

  #text(data: Uint8Array, tag: number, transferTag: number, lun: number): void {
    const view = TextRequest.over(this.#outbox.header);
    this.#begin(view, InitiatorOpcode.textRequest);
    view.final = 1;
    view.lun = lun;
    view.tag = tag;
    view.transferTag = transferTag;
    this.#outbox.put(data);
  }

  /** `lun`: as it came, when this answers the target. */
  nopOut(tag: number, transferTag: number, lun: number): void {
    const view = NopOut.over(this.#outbox.header);
    this.#begin(view, InitiatorOpcode.nopOut);
    view.final = 1;
    view.lun = lun;
    view.tag = tag;
    view.transferTag = transferTag;
    this.#outbox.put();
  }

  logout(): void {
    const view = LogoutRequest.over(this.#outbox.header);
    this.#begin(view, InitiatorOpcode.logoutRequest);
    view.final = 1;
    view.reason = LogoutReason.session;
    view.tag = this.#newTag();
    this.#outbox.put();
  }

  /** RFC 7143 §11.16. `lun`: as it came, in a DataACK. */
  snack(type: number, tag: number, transferTag: number, begin: number, runLength: number, lun = 0): void {
    const view = Snack.over(this.#outbox.header);
    view.opcode = InitiatorOpcode.snack;
    view.final = 1;
    view.type = type;
    view.lun = lun;
    view.tag = tag;
    view.transferTag = transferTag;
    view.expStatSn = this.#numbers.expStatSn;
    view.begin = begin;
    view.runLength = runLength;
    this.#outbox.put();
  }

  /** Gives the tag by which the answer comes. */
  management(what: number, lun: number, referencedTag: number, refCmdSn: number): number {
    const view = ManagementRequest.over(this.#outbox.header);
    this.#begin(view, InitiatorOpcode.taskManagementRequest);
    view.final = 1;
    view.function = what;
    view.lun = encodeLun(lun);
    view.tag = this.#newTag();
    view.referencedTag = referencedTag;
    view.refCmdSn = refCmdSn;
    const { tag } = view;
    this.#outbox.put();
    return tag;
  }
}
