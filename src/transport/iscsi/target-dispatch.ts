/** Full feature phase at a target's connection: whose turn a request is, and who answers it (RFC 7143 §4.2.2, §11). */

import { Arrivals } from './arrivals.ts';
import type { Discovery } from './discovery-text.ts';
import type { Pdu } from './framer.ts';
import { decodeLun } from './lun.ts';
import {
  InitiatorOpcode,
  LogoutReason,
  LogoutResponseCode,
  ManagementFunction,
  RejectReason,
  reservedTag,
} from './opcodes.ts';
import { DataOut, Header, LogoutRequest, ManagementRequest, NopOut, Snack, TextRequest } from './pdu.ts';
import type { TargetNode } from './target-node.ts';
import type { TargetReplies } from './target-replies.ts';
import type { TargetSession } from './target-session.ts';
import { answerSnack } from './target-snack.ts';

export interface DispatchParts {
  readonly node: TargetNode;
  readonly replies: TargetReplies;
  readonly discovery: Discovery;
  /** Undefined: a discovery session. */
  readonly session: TargetSession | undefined;
  /** The connection's CID. */
  readonly connection: number;
  /** Ends the connection. */
  readonly end: () => void;
}

export class TargetDispatch {
  readonly session: TargetSession | undefined;
  readonly #parts: DispatchParts;
  readonly #arrivals: Arrivals;

  constructor(parts: DispatchParts) {
    this.#parts = parts;
    this.session = parts.session;
    this.#arrivals = parts.session?.arrivals ?? new Arrivals();
  }

  pdu(pdu: Pdu): void {
    const { opcode, immediate, tag } = Header.over(pdu.header);
    const { session } = this;
    const { kept } = this.#parts.replies;
    if (kept && pdu.intact) kept.acknowledge(DataOut.over(pdu.header).expStatSn); // in all PDUs at the same place
    if (opcode === InitiatorOpcode.dataOut) {
      session?.dataOut(pdu);
      return;
    }
    if (!pdu.intact) this.#reject(RejectReason.dataDigest, pdu);
    else if (opcode === InitiatorOpcode.snack) this.#snack(pdu);
    else if (opcode === InitiatorOpcode.loginRequest) this.#reject(RejectReason.protocol, pdu);
    else if (immediate) this.#immediate(opcode, tag, pdu);
    else this.#numbered(opcode, tag, pdu);
  }

  #immediate(opcode: number, tag: number, pdu: Pdu): void {
    const reason = this.#request(opcode, tag, pdu);
    if (reason !== undefined) this.#reject(reason, pdu);
    if (this.#arrivals.size > 0) this.#catchUp(); // it may have plugged a gap
  }

  /** A request that has its place in the command window (RFC 7143 §4.2.2.1). */
  #numbered(opcode: number, tag: number, pdu: Pdu): void {
    const { window } = this.#parts.replies;
    const { cmdSn } = NopOut.over(pdu.header);
    if (window.take(cmdSn)) {
      this.#taken(opcode, tag, pdu);
      if (this.#arrivals.size > 0) this.#catchUp();
      this.session?.management.advance();
    } else if (window.isEarly(cmdSn)) this.#arrivals.keep(cmdSn, pdu);
  }

  #taken(opcode: number, tag: number, pdu: Pdu): void {
    const { node, replies } = this.#parts;
    const itself = opcode === InitiatorOpcode.scsiCommand ? 1 : 0; // it is about to take a place
    replies.window.open(node.depth - (this.session?.tasks.size ?? 0) - itself);
    const reason = this.#request(opcode, tag, pdu);
    if (reason === undefined) return;
    replies.window.putBack(); // what is rejected was not received (RFC 7143 §7.3)
    this.#reject(reason, pdu);
  }

  /** Those that came early and whose turn it is now. */
  #catchUp(): void {
    const { window } = this.#parts.replies;
    for (let next = window.expected; this.#arrivals.has(next) && window.take(next); next = window.expected) {
      const early = this.#arrivals.take(next);
      if (!early) continue;
      const { opcode, tag } = Header.over(early.pdu.header);
      this.#taken(opcode, tag, early.pdu);
      for (const data of early.data) this.session?.dataOut(data);
    }
  }

  /** Gives why it is rejected, if it is. */
  #request(opcode: number, tag: number, pdu: Pdu): number | undefined {
    const { replies, discovery } = this.#parts;
    const { session } = this;
    if (opcode === InitiatorOpcode.nopOut) {
      if (tag !== reservedTag) replies.pong(tag, pdu.data);
    } else if (tag === reservedTag) return RejectReason.invalidField;
    else if (session && opcode === InitiatorOpcode.scsiCommand) return session.command(pdu);
    else if (session && opcode === InitiatorOpcode.taskManagementRequest)
      return session.management.receive(ManagementRequest.over(pdu.header), decodeLun(pdu.header));
    else if (opcode === InitiatorOpcode.textRequest)
      return discovery.receive(TextRequest.over(pdu.header), pdu.data, session !== undefined);
    else if (opcode === InitiatorOpcode.logoutRequest) this.#logout(pdu);
    else return RejectReason.unsupported;
    return undefined;
  }

  #snack(pdu: Pdu): void {
    const { replies } = this.#parts;
    const refusal =
      replies.kept && this.session
        ? answerSnack(Snack.over(pdu.header), replies.kept, this.session)
        : { reason: RejectReason.protocol, dataSn: 0 };
    if (refusal) this.#reject(refusal.reason, pdu, refusal.dataSn);
  }

  /** After the answer to task management (RFC 7143 §11.5.1, RFC 7144 §6.3): some functions end connections. */
  managed(what: number, response: number): void {
    const isCold = what === ManagementFunction.targetColdReset;
    if (response !== 0 || !(isCold || what === ManagementFunction.nexusReset)) return;
    const { node, end } = this.#parts;
    if (isCold)
      for (const other of [...node.sessions.values()]) if (other.session !== this.session) other.shutDown();
    end();
  }

  #logout(pdu: Pdu): void {
    const { replies, end } = this.#parts;
    const { reason, connection, tag } = LogoutRequest.over(pdu.header);
    if (reason === LogoutReason.recovery) replies.logout(tag, LogoutResponseCode.recoveryUnsupported);
    else if (reason === LogoutReason.connection && connection !== this.#parts.connection)
      replies.logout(tag, LogoutResponseCode.noSuchConnection);
    else {
      replies.logout(tag, LogoutResponseCode.closed);
      end();
    }
  }

  #reject(reason: number, pdu: Pdu, dataSn = 0): void {
    const { node, replies } = this.#parts;
    node.counters.rejects++;
    replies.reject(reason, pdu, dataSn);
  }
}
