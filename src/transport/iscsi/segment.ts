/** The longest data segment that the other side takes, and how data is cut by it (RFC 7143 §13.12, §11.7.7). */

import { segmentLimits } from './keys.ts';
import { parseNumber } from './text.ts';

/** A value of MaxRecvDataSegmentLength; undefined: it is none. */
export function segmentOf(value: string): number | undefined {
  const length = parseNumber(value);
  const { low, high } = segmentLimits;
  return length !== undefined && length >= low && length <= high ? length : undefined;
}

/** Data-In and Data-Out without F should fill whole words of four bytes. */
export const wholeWords = (segment: number): number => segment & ~3;
