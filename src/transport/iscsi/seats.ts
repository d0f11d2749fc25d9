/**
 * Which SCSI ID an initiator that logs in has. A host that we also reach has the ID by which we reach it; others are told
 * apart by `idOf`, or get any free ID, from the highest one downwards.
 *
 * An ID that is known beforehand belongs to one host, which has one port on a bus: when the same name logs in again, by
 * whatever ISID, the host has started anew, and the older session ends first. Another name has to wait until the ID is
 * free. Where IDs are given out freely, every session has its own.
 */

import type { TargetConnection } from './target-connection.ts';

export interface SeatsOptions {
  readonly id: number;
  readonly width: number;
  /** The ID of an initiator by its name and address; undefined: it is not let in. */
  readonly idOf: ((initiator: string, address: string) => number | undefined) | undefined;
  /** IDs and names of the targets that we look for. */
  readonly routes: () => Iterable<readonly [id: number, name: string]>;
  /** Sessions, by "name,i,0xISID". */
  readonly sessions: ReadonlyMap<string, TargetConnection>;
}

export class Seats {
  readonly #options: SeatsOptions;

  constructor(options: SeatsOptions) {
    this.#options = options;
  }

  /** An initiator may log in. */
  allows(name: string, address: string): boolean {
    const id = this.#known(name, address);
    if (id === undefined) return this.#options.idOf === undefined && this.#free() !== undefined;
    return this.#possible(id) && (this.#occupant(id)?.name ?? name) === name;
  }

  /** The ID of an initiator that has logged in; ends an older session of its that has the ID. */
  take(name: string, address: string): number | undefined {
    const id = this.#known(name, address);
    if (id === undefined) return this.#options.idOf ? undefined : this.#free();
    const occupant = this.#occupant(id);
    if (!this.#possible(id) || (occupant && occupant.name !== name)) return undefined;
    occupant?.connection.lost();
    return id;
  }

  #known(name: string, address: string): number | undefined {
    if (this.#options.idOf) return this.#options.idOf(name, address);
    for (const [id, target] of this.#options.routes()) if (target.toLowerCase() === name) return id;
    return undefined;
  }

  #possible(id: number): boolean {
    return Number.isInteger(id) && id >= 0 && id < this.#options.width && id !== this.#options.id;
  }

  #occupant(id: number): { readonly name: string; readonly connection: TargetConnection } | undefined {
    for (const [key, connection] of this.#options.sessions)
      if (connection.session?.nexus.initiator === id)
        return { name: key.slice(0, key.lastIndexOf(',i,')), connection };
    return undefined;
  }

  #free(): number | undefined {
    const taken = new Set([this.#options.id]);
    for (const [id] of this.#options.routes()) taken.add(id);
    for (const { session } of this.#options.sessions.values())
      if (session) taken.add(session.nexus.initiator);
    for (let id = this.#options.width - 1; id >= 0; id--) if (!taken.has(id)) return id;
    return undefined;
  }
}
