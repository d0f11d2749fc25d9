/** Reads a recorded connection with our own framer and layouts. */

import type { Fields, Struct } from '../../../src/bytes/fields.ts';
import { Framer, type Pdu } from '../../../src/transport/iscsi/framer.ts';
import { InitiatorOpcode, LoginStatus, Stage, TargetOpcode } from '../../../src/transport/iscsi/opcodes.ts';
import * as pdus from '../../../src/transport/iscsi/pdu.ts';
import type { Recording, Side } from './tap.ts';

/** A PDU as we read it. */
export interface RecordedPdu {
  readonly side: Side;
  readonly opcode: number;
  readonly layout: Struct<Fields>;
  readonly values: Readonly<Record<string, unknown>>;
  readonly data: Uint8Array;
  /** Which digests it carries. */
  readonly headerDigest: boolean;
  readonly dataDigest: boolean;
}

export interface RecordedSession {
  /** Of both sides, in the order in which the relay saw them end. */
  readonly pdus: readonly RecordedPdu[];
  readonly complaints: readonly string[];
}

const layouts: Readonly<Record<number, Struct<Fields>>> = {
  [InitiatorOpcode.nopOut]: pdus.NopOut,
  [InitiatorOpcode.scsiCommand]: pdus.ScsiCommand,
  [InitiatorOpcode.taskManagementRequest]: pdus.ManagementRequest,
  [InitiatorOpcode.loginRequest]: pdus.LoginRequest,
  [InitiatorOpcode.textRequest]: pdus.TextRequest,
  [InitiatorOpcode.dataOut]: pdus.DataOut,
  [InitiatorOpcode.logoutRequest]: pdus.LogoutRequest,
  [InitiatorOpcode.snack]: pdus.Snack,
  [TargetOpcode.nopIn]: pdus.NopIn,
  [TargetOpcode.scsiResponse]: pdus.ScsiResponse,
  [TargetOpcode.taskManagementResponse]: pdus.ManagementReply,
  [TargetOpcode.loginResponse]: pdus.LoginResponse,
  [TargetOpcode.textResponse]: pdus.TextResponse,
  [TargetOpcode.dataIn]: pdus.DataIn,
  [TargetOpcode.logoutResponse]: pdus.LogoutResponse,
  [TargetOpcode.readyToTransfer]: pdus.ReadyToTransfer,
  [TargetOpcode.asyncMessage]: pdus.AsyncMessage,
  [TargetOpcode.reject]: pdus.Reject,
};

class Reader {
  readonly pdus: RecordedPdu[] = [];
  readonly complaints: string[] = [];
  readonly #framers: readonly [Framer, Framer];
  /** Bytes of a PDU that has not ended. */
  readonly #pending: [number, number] = [0, 0];
  /** What the target agreed to; in force from full feature phase on. */
  readonly #agreed = { headerDigest: false, dataDigest: false };

  constructor() {
    this.#framers = [this.#framer(0), this.#framer(1)];
  }

  #framer(side: Side): Framer {
    return new Framer(0xffffff, (pdu) => this.#pdu(side, pdu));
  }

  push(side: Side, bytes: Uint8Array): void {
    const framer = this.#framers[side];
    if (framer.stopped) return;
    this.#pending[side] += bytes.length;
    try {
      framer.push(bytes);
    } catch (error) {
      framer.stopped = true;
      this.complaints.push(`${side === 0 ? 'initiator' : 'target'}: ${(error as Error).message}`);
    }
  }

  #pdu(side: Side, pdu: Pdu): void {
    const { headerDigest, dataDigest: digests } = this.#framers[side];
    const dataDigest = digests && pdu.data.length > 0;
    const padded = (pdu.data.length + 3) & ~3;
    this.#pending[side] -=
      pdus.headerSize + pdu.ahs.length + padded + 4 * (Number(headerDigest) + Number(dataDigest));
    const { opcode } = pdus.Header.over(pdu.header);
    const layout = layouts[opcode];
    if (!layout) this.complaints.push(`opcode 0x${opcode.toString(16)}`);
    if (!pdu.intact) this.complaints.push(`${layout?.title}: a data digest is wrong`);
    if (!layout) return;
    const values = layout.decode(pdu.header);
    this.pdus.push({ side, opcode, layout, values, data: pdu.data.slice(), headerDigest, dataDigest });
    if (opcode === TargetOpcode.loginResponse) this.#loginResponse(pdu);
  }

  #loginResponse({ header, data }: Pdu): void {
    const text = new TextDecoder().decode(data);
    if (/HeaderDigest=CRC32C/.test(text)) this.#agreed.headerDigest = true;
    if (/DataDigest=CRC32C/.test(text)) this.#agreed.dataDigest = true;
    const { transit, nextStage, status } = pdus.LoginResponse.over(header);
    if (transit === 1 && nextStage === Stage.fullFeature && status === LoginStatus.success)
      for (const framer of this.#framers) Object.assign(framer, this.#agreed);
  }

  end(): void {
    for (const side of [0, 1] as const)
      if (this.#pending[side] > 0 && !this.#framers[side].stopped)
        this.complaints.push(`${this.#pending[side]} bytes at the end are no whole PDU`);
  }
}

/** Every byte of a recording must be part of a whole PDU that we know, with right digests. */
export function readRecording({ chunks }: Recording): RecordedSession {
  const reader = new Reader();
  for (const { side, bytes } of chunks) reader.push(side, bytes);
  reader.end();
  return reader;
}
