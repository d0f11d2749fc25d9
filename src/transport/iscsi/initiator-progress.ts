/** What an initiator above error recovery level 0 remembers of each command. */

import { Gaps } from './gaps.ts';
import { reservedTag } from './opcodes.ts';

/** How far a command has come. */
export class Progress {
  /** DataSN and R2TSN: one sequence. */
  readonly numbers = new Gaps(0);
  /** Data-In PDUs that came. */
  dataPdus = 0;
  sentAt = 0;
  tries = 0;
  /** The StatSN of its status, which waits for missing data and must not be acknowledged before. */
  statSn: number | undefined;
  /** The A bit's tag and LUN, to be answered when nothing is missing any more (RFC 7143 §11.16.2). */
  ackTag = reservedTag;
  ackLun = 0;
  /** Data is missing that the target does not have any more. */
  lost = false;

  reset(): void {
    this.numbers.reset(0);
    this.dataPdus = 0;
    this.tries = 0;
    this.statSn = undefined;
    this.ackTag = reservedTag;
    this.lost = false;
  }
}
