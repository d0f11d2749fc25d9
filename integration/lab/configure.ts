/** What is configured in a namespace: interfaces, addresses, routes, net.… parameters. */

import { writeFileSync } from 'node:fs';
import { withNamespace } from '../../src/sys/namespaces.ts';
import { Netlink } from '../../src/sys/netlink.ts';
import type { Place } from './processes.ts';

/** Looks at, or changes, a namespace's configuration. */
export function configure<T>({ namespace }: Place, work: (netlink: Netlink) => T): T {
  return withNamespace(namespace, () => {
    using netlink = new Netlink();
    return work(netlink);
  });
}

/** Sets a namespace's net.… parameters (sysctl), given by their paths below /proc/sys/net. */
export function setParameters({ namespace }: Place, parameters: Readonly<Record<string, string>>): void {
  withNamespace(namespace, () => {
    for (const [path, value] of Object.entries(parameters)) writeFileSync(`/proc/sys/net/${path}`, value);
  });
}
