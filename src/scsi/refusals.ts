/** The refusals that we give, each with its sense (SPC-4 §4.5.6). */

import type { CommandForm } from './command-set.ts';
import { AdditionalSense, SenseKey } from './sense.ts';
import type { Refusal } from './sense-data.ts';

const illegal = (code: AdditionalSense): Refusal => ({ key: SenseKey.illegalRequest, code });

export const unknownOpcode = illegal(AdditionalSense.invalidCommandOperationCode);
export const unknownLun = illegal(AdditionalSense.logicalUnitNotSupported);
export const outOfSequence = illegal(AdditionalSense.commandSequenceError);
/** For a task attribute that we do not have (SAM-5 §8.9). */
export const badAttribute = illegal(AdditionalSense.invalidMessageError);
export const overlapped: Refusal = {
  key: SenseKey.abortedCommand,
  code: AdditionalSense.overlappedCommandsAttempted,
};

/** INVALID FIELD IN CDB, pointing at a byte, or at the leftmost bit of a field. */
export function invalidField(byte: number, bit?: number): Refusal {
  return {
    ...illegal(AdditionalSense.invalidFieldInCdb),
    pointer: { in: 'cdb', byte, ...(bit === undefined ? {} : { bit }) },
  };
}

export const unitAttention = (code: AdditionalSense): Refusal => ({ key: SenseKey.unitAttention, code });

/** The first reserved bit that is set, or a CDB too short for its opcode; undefined when all is well. */
export function malformed(form: CommandForm, cdb: Uint8Array, cdbLength: number): Refusal | undefined {
  const { usage } = form;
  if (cdbLength < usage.length) return invalidField(cdbLength);
  for (let i = 1; i < usage.length; i++) {
    const ignored = i !== 1 ? 0 : form.serviceAction === undefined ? 0xe0 : 0xff;
    const wrong = Number(cdb[i]) & ~Number(usage[i]) & ~ignored;
    if (wrong !== 0) return invalidField(i, 31 - Math.clz32(wrong));
  }
  return undefined;
}
