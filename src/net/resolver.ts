/** Names of portals' hosts as numeric addresses, looked up beforehand and again in the background: never by a thread that blocks. */

import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { parsePortal } from '../transport/iscsi/addresses.ts';

/** The addresses of all hosts that these portals name. A name without an address stays unknown. */
export async function resolver(portals: readonly string[]): Promise<(host: string) => string | undefined> {
  const names = new Set(portals.map((portal) => parsePortal(portal).host).filter((host) => isIP(host) === 0));
  const known = new Map<string, string>();
  await Promise.all(
    Array.from(names, async (name) => {
      const found = await lookup(name).catch(() => undefined);
      if (found) known.set(name, found.address);
    }),
  );
  return (host) => (isIP(host) === 0 ? known.get(host) : host);
}
