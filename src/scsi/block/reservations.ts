/** Who may do what: persistent reservations (SPC-4 §5.13) and RESERVE(6) (SPC-2 §5.5.1). Pure state, without commands. */

import type { Nexus } from '../command.ts';

/** Types of persistent reservations (SPC-4 §6.13.3.4). */
const ReservationType = {
  writeExclusive: 1,
  exclusiveAccess: 3,
  writeExclusiveRegistrantsOnly: 5,
  exclusiveAccessRegistrantsOnly: 6,
  writeExclusiveAllRegistrants: 7,
  exclusiveAccessAllRegistrants: 8,
} as const;

/** What a command does to others' reservations: nothing, reads, writes. */
export type Access = 'free' | 'read' | 'write';

const writeExclusive: ReadonlySet<number> = new Set([1, 5, 7]);
const registrantsOnly: ReadonlySet<number> = new Set([5, 6, 7, 8]);
const allRegistrants: ReadonlySet<number> = new Set([7, 8]);
export const knownTypes: ReadonlySet<number> = new Set(Object.values(ReservationType));

export interface Holding {
  /** The holder's port name; with the all-registrants types any registrant holds it. */
  readonly holder: string;
  readonly type: number;
}

export class Reservations {
  /** Keys by initiator port name: they outlive the nexus. */
  readonly keys = new Map<string, bigint>();
  generation = 0;
  holding: Holding | undefined;
  /** RESERVE(6): of a nexus, and gone with it. */
  reserved: Nexus | undefined;

  isHolder(name: string): boolean {
    const { holding } = this;
    if (!holding) return false;
    return allRegistrants.has(holding.type) ? this.keys.has(name) : holding.holder === name;
  }

  /** A persistent reservation lets this access pass. */
  allows(name: string, access: Access): boolean {
    const { holding } = this;
    if (!holding || access === 'free' || this.isHolder(name)) return true;
    if (registrantsOnly.has(holding.type) && this.keys.has(name)) return true;
    return access === 'read' && writeExclusive.has(holding.type);
  }

  /** True when others are told of a release: all but the plain types (SPC-4 §5.13.11.2.2). */
  get releaseIsNews(): boolean {
    return this.holding !== undefined && registrantsOnly.has(this.holding.type);
  }

  get isAllRegistrants(): boolean {
    return this.holding !== undefined && allRegistrants.has(this.holding.type);
  }

  /** Takes a registration away; the reservation goes with its last holder. True if the reservation went. */
  unregister(name: string): boolean {
    const held = this.isHolder(name);
    this.keys.delete(name);
    if (!held || (this.isAllRegistrants && this.keys.size > 0)) return false;
    this.holding = undefined;
    return true;
  }
}
