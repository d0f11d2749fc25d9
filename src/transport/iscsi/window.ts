/** The command window (RFC 7143 §4.2.2.1): which CmdSN a target takes next, and how far an initiator may go. */

import { advance, ahead } from './serial.ts';

/** The target's side. What came before its turn is remembered elsewhere (arrivals.ts). */
export class TargetWindow {
  /** The next CmdSN. */
  expected: number;
  /** The last one allowed; it never goes back. */
  #max: number;

  constructor(first: number, depth: number) {
    this.expected = first;
    this.#max = advance(first, depth - 1);
  }

  get max(): number {
    return this.#max;
  }

  /** True if this is the next command; it is then taken. */
  take(cmdSn: number): boolean {
    if (cmdSn !== this.expected || ahead(cmdSn, this.#max) > 0) return false;
    this.expected = advance(this.expected);
    return true;
  }

  /** The command just taken was rejected: its CmdSN counts as not received (RFC 7143 §7.3). */
  putBack(): void {
    this.expected = advance(this.expected, -1);
  }

  /** True for a command that may come, but not yet. */
  isEarly(cmdSn: number): boolean {
    return ahead(cmdSn, this.expected) > 0 && ahead(cmdSn, this.#max) <= 0;
  }

  /** `free` more commands are welcome. */
  open(free: number): void {
    const max = advance(this.expected, free - 1);
    if (ahead(max, this.#max) > 0) this.#max = max;
  }
}

/** The initiator's side. */
export class InitiatorWindow {
  /** The CmdSN of the next command. */
  next: number;
  #expected: number;
  #max: number;

  constructor(first: number) {
    this.next = first;
    this.#expected = first;
    this.#max = first;
  }

  /** True while another command may be sent. */
  get isOpen(): boolean {
    return ahead(this.next, this.#max) <= 0;
  }

  /** The oldest CmdSN that the target has not acknowledged; `next` when there is none. */
  get unacknowledged(): number {
    return this.#expected;
  }

  /** Takes the next CmdSN. */
  take(): number {
    const taken = this.next;
    this.next = advance(this.next);
    return taken;
  }

  /** What a PDU of the target says; nonsense and old news are ignored. */
  update(expected: number, max: number): void {
    if (ahead(max, advance(expected, -1)) < 0) return;
    if (ahead(expected, this.#expected) > 0) this.#expected = expected;
    if (ahead(max, this.#max) > 0) this.#max = max;
  }
}
