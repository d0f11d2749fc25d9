/** What a receive tells (MPI-4.0 §3.2.5). */

import { ANY_SOURCE, ANY_TAG, UNDEFINED } from './constants.ts';

export class Status {
  source: number = ANY_SOURCE;
  tag: number = ANY_TAG;
  /** Bytes that the message has. */
  bytes = 0;
  cancelled = false;

  /** Elements of a class of typed arrays (MPI_Get_count); UNDEFINED when the bytes are no whole number of them. */
  count(of: { readonly BYTES_PER_ELEMENT: number }): number {
    const count = this.bytes / of.BYTES_PER_ELEMENT;
    return Number.isInteger(count) ? count : UNDEFINED;
  }
}
