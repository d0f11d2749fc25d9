/** The command window (RFC 7143 §4.2.2.1): which CmdSN a target takes next, and how far an initiator may go. */

import { advance, ahead } from './serial.ts';

/** The target's side. Commands of one connection arrive in order, so there are no gaps to remember. */
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

  /** True if this is the next command; it is then taken. All others are silently ignored. */
  take(cmdSn: number): boolean {
    if (cmdSn !== this.expected || ahead(cmdSn, this.#max) > 0) return false;
    this.expected = advance(this.expected);
    return true;
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
