/**
 * Names of portals' hosts as numeric addresses. They are looked up by a thread with an event loop, before the host starts
 * and again and again while it runs: a host that moves is found at its new address.
 */

import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { every } from '../time/timer.ts';
import { parsePortal } from '../transport/iscsi/addresses.ts';
import type { Carrier } from './carrier.ts';

export type Addresses = readonly (readonly [name: string, address: string])[];

const againMs = 30_000;

/** Hosts of portals that are given by names. */
const namesIn = (portals: readonly string[]): readonly string[] => [
  ...new Set(portals.map((portal) => parsePortal(portal).host).filter((host) => isIP(host) === 0)),
];

/** What the system's resolver says now, all addresses of a name; one without any is left out. */
async function lookUp(names: readonly string[]): Promise<Addresses> {
  const found = await Promise.all(
    names.map(async (name) => {
      const answers = await lookup(name, { all: true }).catch(() => []);
      return answers.map(({ address }) => [name, address] as const);
    }),
  );
  return found.flat();
}

/** Addresses by name, as they were when last looked up. */
export class AddressBook {
  readonly #known = new Map<string, readonly string[]>();

  static async of(portals: readonly string[]): Promise<AddressBook> {
    const book = new AddressBook();
    book.update(await lookUp(namesIn(portals)));
    return book;
  }

  update(addresses: Addresses): void {
    for (const name of new Set(addresses.map(([each]) => each)))
      this.#known.set(
        name,
        addresses.flatMap(([owner, address]) => (owner === name ? [address] : [])),
      );
  }

  /** A numeric address is its own. */
  readonly resolve = (host: string): readonly string[] =>
    isIP(host) === 0 ? (this.#known.get(host) ?? []) : [host];
}

/** Looks up what a carrier's routes name, every half minute until disposed of. */
export function watchNames(carrier: Carrier, tell: (addresses: Addresses) => void): Disposable {
  const names = carrier.kind === 'iscsi' ? namesIn(carrier.routes.flatMap(({ portals }) => portals)) : [];
  if (names.length === 0) return { [Symbol.dispose]: () => undefined };
  return every(againMs, () => void lookUp(names).then(tell));
}
