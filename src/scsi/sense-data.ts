/** Sense data: written in fixed format, read in fixed and descriptor format. Not here: the sense descriptors themselves. */

import { bits, struct, u8, u16, u32 } from '../bytes/fields.ts';
import type { AdditionalSense, SenseKey } from './sense.ts';

/** Fixed format sense data (SPC-4 §4.5.3), with the field pointer of ILLEGAL REQUEST in bytes 15 to 17. */
export const FixedSense = struct('fixed format sense data', 18, {
  valid: bits(0, 7),
  responseCode: bits(0, 6, 0),
  filemark: bits(2, 7),
  endOfMedium: bits(2, 6),
  incorrectLength: bits(2, 5),
  key: bits(2, 3, 0),
  information: u32(3),
  additionalLength: u8(7),
  commandSpecific: u32(8),
  code: u16(12),
  fieldReplaceableUnit: u8(14),
  pointerValid: bits(15, 7), // SKSV
  inCdb: bits(15, 6), // C/D
  bitPointerValid: bits(15, 3), // BPV
  bitPointer: bits(15, 2, 0),
  fieldPointer: u16(16),
});

/** Which byte of the CDB, or of the parameter data, is wrong; `bit` is the leftmost bit of the field in error. */
export interface FieldPointer {
  readonly in: 'cdb' | 'data';
  readonly byte: number;
  readonly bit?: number;
}

/** What sense data says. */
export interface Sense {
  readonly key: number;
  /** Additional sense code and qualifier as one number; see AdditionalSense. */
  readonly code: number;
  readonly pointer?: FieldPointer;
  /** What INFORMATION says; its meaning is the command's. */
  readonly information?: number;
  /** About an earlier command. */
  readonly deferred?: boolean;
}

/** Sense that we give ourselves: with names from the tables only. */
export interface Refusal extends Sense {
  readonly key: SenseKey;
  readonly code: AdditionalSense;
}

/** Bytes 0 to 7 are always there; this many follow. */
const additionalLength = FixedSense.size - 8;

/** Sense data in fixed format, 18 bytes. */
export function encodeSense(sense: Sense): Uint8Array {
  const { pointer } = sense;
  return FixedSense.encode({
    responseCode: sense.deferred ? 0x71 : 0x70,
    valid: sense.information === undefined ? 0 : 1,
    information: sense.information ?? 0,
    key: sense.key,
    additionalLength,
    code: sense.code,
    pointerValid: pointer ? 1 : 0,
    inCdb: pointer?.in === 'cdb' ? 1 : 0,
    bitPointerValid: pointer?.bit === undefined ? 0 : 1,
    bitPointer: pointer?.bit ?? 0,
    fieldPointer: pointer?.byte ?? 0,
  });
}

function decodeFixed(bytes: Uint8Array, deferred: boolean): Sense {
  const whole = new Uint8Array(FixedSense.size);
  whole.set(bytes.subarray(0, Math.min(FixedSense.size, 8 + (bytes[7] ?? 0))));
  const { key, code, pointerValid, inCdb, bitPointerValid, bitPointer, fieldPointer } =
    FixedSense.decode(whole);
  const pointer: FieldPointer = {
    in: inCdb ? 'cdb' : 'data',
    byte: fieldPointer,
    ...(bitPointerValid ? { bit: bitPointer } : {}),
  };
  const pointed = pointerValid === 1 && key === 5;
  return { key, code, ...(pointed ? { pointer } : {}), ...(deferred ? { deferred } : {}) };
}

/** Reads either format; what an allocation length cut off reads as zero. Undefined when it is neither, or has no key. */
export function decodeSense(bytes: Uint8Array): Sense | undefined {
  const responseCode = (bytes[0] ?? 0) & 0x7f;
  if (bytes.length < 3) return undefined;
  switch (responseCode) {
    case 0x70:
    case 0x71:
      return decodeFixed(bytes, responseCode === 0x71);
    case 0x72:
    case 0x73: {
      const code = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
      return { key: (bytes[1] ?? 0) & 0xf, code, ...(responseCode === 0x73 ? { deferred: true } : {}) };
    }
    default:
      return undefined;
  }
}
