/** How long the kernel waits for an answer before it starts its error handling, which stops the whole adapter. */

import { CommunicationsOpcode, Opcode, ProcessorOpcode } from '../../scsi/opcodes.ts';

export interface SgTimeouts {
  /** For commands that a target answers at once, in ms. */
  readonly usualMs: number;
  /** For commands that a target may keep until it has something to say, in ms. */
  readonly heldMs: number;
}

export const defaultTimeouts: SgTimeouts = { usualMs: 30_000, heldMs: 24 * 3_600_000 };

/** GET MESSAGE in its lengths, RECEIVE, READ BUFFER: how the link fetches what waits for it. */
const held: ReadonlySet<number> = new Set([
  CommunicationsOpcode.getMessage6,
  CommunicationsOpcode.getMessage10,
  CommunicationsOpcode.getMessage12,
  ProcessorOpcode.receive,
  Opcode.readBuffer,
]);

export const timeoutOf = (cdb: Uint8Array, { usualMs, heldMs }: SgTimeouts): number =>
  held.has(cdb[0] ?? 0) ? heldMs : usualMs;
