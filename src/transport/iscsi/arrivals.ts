/**
 * Commands that came before their turn, as one before them was lost or rejected: they wait until the gap is filled, and so
 * does their unsolicited data (RFC 7143 §4.2.2.1). In an undisturbed session there are none.
 */

import type { Pdu } from './framer.ts';
import { InitiatorOpcode } from './opcodes.ts';
import { Header } from './pdu.ts';

/** A command, and the data-out that came after it. */
export interface Early {
  readonly pdu: Pdu;
  readonly data: Pdu[];
}

/** Bytes kept; more is dropped as if it had been lost, and comes again. */
const maxBytes = 64 * 1024 * 1024;

const bytesOf = (pdu: Pdu): number => pdu.header.length + pdu.ahs.length + pdu.data.length;
/** A copy: what it lies in may be a large buffer. */
const copyOf = (pdu: Pdu): Pdu => ({
  header: pdu.header.slice(),
  ahs: pdu.ahs.slice(),
  data: pdu.data.slice(),
  intact: pdu.intact,
});

export class Arrivals {
  /** By CmdSN; undefined: there is none, but it counts as received. */
  readonly #early = new Map<number, Early | undefined>();
  #bytes = 0;

  get size(): number {
    return this.#early.size;
  }

  /** Keeps a command until its turn. Duplicates are ignored. */
  keep(cmdSn: number, pdu: Pdu): void {
    if (this.#early.has(cmdSn) || !this.#hasRoom(pdu)) return;
    this.#early.set(cmdSn, { pdu: copyOf(pdu), data: [] });
  }

  /** Keeps the unsolicited data of such a command; that of others is not kept. */
  keepData(pdu: Pdu): void {
    const { tag } = Header.over(pdu.header);
    for (const early of this.#early.values()) {
      if (!early || !isCommand(early.pdu, tag)) continue;
      if (this.#hasRoom(pdu)) early.data.push(copyOf(pdu));
      return;
    }
  }

  #hasRoom(pdu: Pdu): boolean {
    const more = bytesOf(pdu);
    if (this.#bytes + more > maxBytes) return false;
    this.#bytes += more;
    return true;
  }

  /** A command that will never come, as it was aborted, counts as received (RFC 7143 §7.11). */
  plug(cmdSn: number): void {
    this.#forget(this.#early.get(cmdSn));
    this.#early.set(cmdSn, undefined);
  }

  has(cmdSn: number): boolean {
    return this.#early.has(cmdSn);
  }

  /** The command whose turn it is; undefined if that was plugged. */
  take(cmdSn: number): Early | undefined {
    const early = this.#early.get(cmdSn);
    this.#early.delete(cmdSn);
    this.#forget(early);
    return early;
  }

  #forget(early: Early | undefined): void {
    if (!early) return;
    this.#bytes -= bytesOf(early.pdu);
    for (const pdu of early.data) this.#bytes -= bytesOf(pdu);
  }
}

function isCommand(pdu: Pdu, tag: number): boolean {
  const header = Header.over(pdu.header);
  return header.opcode === InitiatorOpcode.scsiCommand && header.tag === tag;
}
