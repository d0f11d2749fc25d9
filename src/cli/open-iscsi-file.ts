/** Joins a bus that a file describes, for a moment: as an initiator beside the host whose entry is ours. */

import { scannerSuffix } from '../net/members.ts';
import { AddressBook } from '../net/resolver.ts';
import { IscsiPort } from '../transport/iscsi/port.ts';
import type { IscsiFileBus } from './bus-url.ts';
import { loadBusFile } from './config/load.ts';
import { hostIn } from './config/which-host.ts';
import { usageError } from './failure.ts';
import type { BusPort, PortWish } from './open-port.ts';
import { carrierOf } from './up/iscsi-plan.ts';

/** @throws BusFileError, CliError */
export async function openIscsiFile({ path, url }: IscsiFileBus, { id, host }: PortWish): Promise<BusPort> {
  const file = loadBusFile(path);
  const us = hostIn(file, host);
  if (id !== undefined && id !== us.id)
    throw usageError(
      `on ${url} we are ${us.name}, ID ${us.id}`,
      `--id ${us.id}, or none`,
      '--host chooses another entry',
    );
  const { name, routes, wishes } = carrierOf(file, us);
  const { resolve } = await AddressBook.of(routes.flatMap(({ portals }) => portals));
  const port = new IscsiPort({
    ...{ bus: `iscsi:${file.bus}`, id: us.id, width: file.width, name: `${name}${scannerSuffix}`, resolve },
    ...(wishes && { wishes }),
  });
  for (const { id: peer, target, portals, chap } of routes)
    port.reach(peer, { target, portals, ...(chap && { chap }) });
  return { port, expected: routes.map((route) => route.id) };
}
