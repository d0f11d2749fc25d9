/**
 * What a target has sent and may be asked for again, at error recovery level 1: numbered responses until ExpStatSN
 * acknowledges them, and data-in until its command's status or a DataACK does (RFC 7143 §7.1.3, §11.16). Bounded: what does
 * not fit is not kept, and a SNACK for it is rejected.
 */

import { RejectReason, reservedTag, TargetOpcode } from './opcodes.ts';
import type { Outbox } from './outbox.ts';
import { DataIn, headerSize, Reject, ScsiResponse } from './pdu.ts';
import { wholeWords } from './segment.ts';
import { advance, ahead } from './serial.ts';

/** Bytes of data-in kept per session, and responses. */
const maxBytes = 64 * 1024 * 1024;
const maxResponses = 4096;

/** A PDU as it was sent. */
interface KeptPdu {
  readonly header: Uint8Array;
  readonly data: Uint8Array;
}

/** A command whose data-in was sent. */
export interface KeptCommand {
  readonly tag: number;
  /** DataSN of the first Data-In: what R2Ts took comes before it. */
  readonly first: number;
  /** In the A bit's PDUs. */
  readonly transferTag: number;
  /** Undefined: no longer there. */
  readonly pdus: (KeptPdu | undefined)[];
  /** Data-In PDUs that were acknowledged. */
  acknowledged: number;
  /** Its data was not kept. */
  readonly dropped: boolean;
  bytes: number;
}

interface Response {
  pdu: KeptPdu;
  readonly command: KeptCommand | undefined;
  readonly since: number;
}

const withoutStatus = { hasStatus: 0, status: 0, overflow: 0, underflow: 0, residual: 0, statSn: 0 };

/** The current numbers of the session, for PDUs that are sent again. */
export interface Now {
  readonly statSn: number;
  readonly expCmdSn: number;
  readonly maxCmdSn: number;
  /** The longest data segment that the initiator takes. */
  readonly segment: number;
}

export class Kept {
  readonly #outbox: Outbox;
  readonly #now: () => Now;
  /** By StatSN, oldest first. */
  readonly #responses = new Map<number, Response>();
  /** By initiator task tag. */
  readonly #commands = new Map<number, KeptCommand>();
  readonly #most: number;
  #bytes = 0;
  #nextTransferTag = 0;

  /** `most`: bytes of data kept. */
  constructor(outbox: Outbox, now: () => Now, most: number = maxBytes) {
    this.#most = most;
    this.#outbox = outbox;
    this.#now = now;
  }

  /** Bytes that wait to be sent. */
  get waiting(): number {
    return this.#outbox.size;
  }

  /** When the oldest response was sent that is not acknowledged. */
  get oldest(): number | undefined {
    for (const { since } of this.#responses.values()) return since;
    return undefined;
  }

  /** A command is about to send `bytes` of data-in. */
  begin(tag: number, first: number, bytes: number): KeptCommand {
    this.#nextTransferTag = advance(this.#nextTransferTag);
    if (this.#nextTransferTag === reservedTag) this.#nextTransferTag = 1;
    const dropped = this.#bytes + bytes > this.#most;
    const transferTag = this.#nextTransferTag;
    const command = {
      tag,
      first,
      transferTag,
      pdus: [],
      acknowledged: 0,
      dropped,
      bytes: dropped ? 0 : bytes,
    };
    this.#bytes += command.bytes;
    this.#commands.set(tag, command);
    return command;
  }

  /** The Data-In PDU in the outbox's header is about to be sent; `data` is ours. */
  dataIn(command: KeptCommand, data: Uint8Array): void {
    command.pdus.push(command.dropped ? undefined : { header: this.#outbox.header.slice(), data });
  }

  /** The numbered response in the outbox's header is about to be sent, at the time `now`; `data` is ours. */
  response(statSn: number, data: Uint8Array, now: number, command?: KeptCommand): void {
    if (!command) this.#bytes += data.length;
    for (const oldest of this.#responses.keys()) {
      if (this.#responses.size < maxResponses && this.#bytes <= this.#most) break;
      this.#forget(oldest);
    }
    this.#responses.set(statSn, { pdu: { header: this.#outbox.header.slice(), data }, command, since: now });
  }

  /** ExpStatSN came: what is before it is forgotten. */
  acknowledge(expStatSn: number): void {
    if (ahead(expStatSn, this.#now().statSn) > 0) return;
    for (const statSn of this.#responses.keys()) {
      if (ahead(statSn, expStatSn) >= 0) return;
      this.#forget(statSn);
    }
  }

  #forget(statSn: number): void {
    const response = this.#responses.get(statSn);
    if (!response) return;
    const { pdu, command } = response;
    this.#responses.delete(statSn);
    this.#bytes -= command ? command.bytes : pdu.data.length;
    if (!command) return;
    if (this.#commands.get(command.tag) === command) this.#commands.delete(command.tag);
  }

  /** The command whose data-in can be asked for. */
  find(tag: number): KeptCommand | undefined {
    return this.#commands.get(tag);
  }

  /** DataACK (RFC 7143 §11.16.2): gives why it is rejected, if it is. */
  acknowledgeData(transferTag: number, next: number): number | undefined {
    for (const command of this.#commands.values()) {
      if (command.transferTag !== transferTag) continue;
      const count = next - command.first;
      if (count < 0 || count > command.pdus.length) return RejectReason.invalidDataAck;
      for (let i = command.acknowledged; i < count; i++) this.#release(command, i);
      command.acknowledged = Math.max(command.acknowledged, count);
      return undefined;
    }
    return RejectReason.invalidDataAck;
  }

  #release(command: KeptCommand, index: number): void {
    const freed = command.pdus[index]?.data.length ?? 0;
    command.pdus[index] = undefined;
    command.bytes -= freed;
    this.#bytes -= freed;
  }

  /** Data SNACK: `count` PDUs from `begin` on, 0: all (RFC 7143 §11.16). Gives why it is rejected, if it is. */
  resendData(command: KeptCommand, begin: number, count: number): number | undefined {
    const { pdus, first, acknowledged } = command;
    const from = begin === 0 && count === 0 ? acknowledged : begin - first;
    const end = count === 0 ? pdus.length : from + count;
    if (from < acknowledged || from >= pdus.length || end > pdus.length) return RejectReason.protocol;
    const wanted = pdus.slice(from, end);
    if (command.dropped || wanted.some((pdu) => this.#isTooLong(pdu))) return RejectReason.snack;
    for (const pdu of wanted) if (pdu) this.#resend(pdu);
    return undefined;
  }

  /** Status SNACK. Gives why it is rejected, if it is. */
  resendResponses(begin: number, count: number): number | undefined {
    const { statSn } = this.#now();
    const all = begin === 0 && count === 0;
    const wanted = [...this.#responses.keys()].filter(
      (one) => all || (ahead(one, begin) >= 0 && (count === 0 || ahead(one, begin) < count)),
    );
    if (!all && (ahead(begin, statSn) >= 0 || ahead(advance(begin, count), statSn) > 0))
      return RejectReason.protocol;
    if (count > 0 && wanted.length < count) return RejectReason.protocol;
    const pdus = wanted.map((one) => this.#responses.get(one)?.pdu);
    if (pdus.some((pdu) => this.#isTooLong(pdu))) return RejectReason.snack;
    for (const pdu of pdus) if (pdu) this.#resend(pdu);
    return undefined;
  }

  /** The initiator takes less than when it was sent: it has to ask for all by R-Data (RFC 7143 §11.16.3). */
  #isTooLong(pdu: KeptPdu | undefined): boolean {
    return pdu !== undefined && pdu.data.length > this.#now().segment;
  }

  /**
   * R-Data SNACK (RFC 7143 §11.16.3): all data that was not acknowledged, cut anew if the initiator takes less now, without
   * status; and then a response with the tag.
   */
  resendAll(command: KeptCommand, snackTag: number): number | undefined {
    if (command.dropped) return RejectReason.snack;
    const found = [...this.#responses.values()].find((one) => one.command === command);
    if (!found) return RejectReason.protocol;
    const { pdus, acknowledged, first } = command;
    const status = DataIn.over(found.pdu.header);
    if (status.opcode === TargetOpcode.dataIn)
      found.pdu = { header: asResponse(status), data: new Uint8Array(0) };
    const last = pdus.at(-1);
    if (last) Object.assign(DataIn.over(last.header), withoutStatus);
    const { segment } = this.#now();
    const again = pdus.splice(acknowledged).flatMap((pdu) => (pdu ? cut(pdu, wholeWords(segment)) : []));
    for (const pdu of again) {
      DataIn.over(pdu.header).dataSn = advance(first, pdus.push(pdu) - 1);
      this.#resend(pdu);
    }
    const response = ScsiResponse.over(found.pdu.header);
    response.snackTag = snackTag;
    response.expDataSn = pdus.length;
    this.#resend(found.pdu);
    return undefined;
  }

  #resend(pdu: KeptPdu): void {
    const { header } = this.#outbox;
    header.set(pdu.header);
    const view = Reject.over(header); // the serial numbers are at the same place in all
    const { expCmdSn, maxCmdSn } = this.#now();
    view.expCmdSn = expCmdSn;
    view.maxCmdSn = maxCmdSn;
    this.#outbox.put(pdu.data, true);
  }
}

/** A Data-In PDU in pieces no longer than `most`. */
function cut(pdu: KeptPdu, most: number): KeptPdu[] {
  if (pdu.data.length <= most) return [pdu];
  const { offset, final, acknowledge } = DataIn.over(pdu.header);
  const pieces: KeptPdu[] = [];
  for (let at = 0; at < pdu.data.length; at += most) {
    const last = at + most >= pdu.data.length;
    const header = pdu.header.slice();
    const ends = { final: last ? final : 0, acknowledge: last ? acknowledge : 0 };
    Object.assign(DataIn.over(header), { ...ends, offset: offset + at });
    pieces.push({ header, data: pdu.data.subarray(at, at + most) });
  }
  return pieces;
}

/** The status that came with a Data-In PDU as a response of its own. */
function asResponse({
  tag,
  statSn,
  status,
  overflow,
  underflow,
  residual,
}: ReturnType<typeof DataIn.over>): Uint8Array {
  const values = { opcode: TargetOpcode.scsiResponse, final: 1, tag, statSn, status };
  return ScsiResponse.encode({ ...values, overflow, underflow, residual }, new Uint8Array(headerSize));
}
