/** Numbers of the MPI standard that programs see (MPI-4.0 annex A). */

/** Receive from whoever sends (§3.2.4). */
export const ANY_SOURCE = -2;
/** Receive whatever tag (§3.2.4). */
export const ANY_TAG = -1;
/** A peer that is not there: sending to it and receiving from it do nothing (§3.10). */
export const PROC_NULL = -1;
/** No colour, no rank, no count (§6.4.2). */
export const UNDEFINED = -32766;
/** Greatest tag (§3.2.3, attribute TAG_UB). */
export const TAG_UB = 0x7fffffff;
/** In place of a send buffer: it is the receive buffer (§5.2.1). */
export const IN_PLACE: unique symbol = Symbol('MPI_IN_PLACE');
export type InPlace = typeof IN_PLACE;
