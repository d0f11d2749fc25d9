/** A host's port on a bus of iSCSI sessions. */

import { sparing } from '../observe/sparing.ts';
import { SystemError } from '../sys/libc.ts';
import { realClock } from '../time/clock.ts';
import { IscsiPort } from '../transport/iscsi/port.ts';
import type { TargetChap } from '../transport/iscsi/target-node.ts';
import type { IscsiCarrier } from './carrier.ts';
import { HostError } from './errors.ts';
import type { HostOptions } from './host.ts';
import { idsOf, memberOf } from './members.ts';
import type { OpenPort, OpenPortHooks } from './open-port.ts';
import { AddressBook } from './resolver.ts';
import { takeSeat } from './seat.ts';

/** @throws HostError */
export async function openIscsi(
  options: HostOptions,
  carrier: IscsiCarrier,
  { logger }: OpenPortHooks,
): Promise<OpenPort> {
  const { id, width } = options;
  // MAC addresses are made of the bus's name and IDs: a name of our own where IDs are our own.
  const bus = carrier.agreed ? options.bus : carrier.name;
  const { name, listen, routes, members, wishes, timeouts, depth } = carrier;
  const book = await AddressBook.of([...listen, ...routes.flatMap(({ portals }) => portals)]);
  const seat = takeSeat(options);
  const chap = chapOf(carrier);
  const port = new IscsiPort({
    ...{ bus, id, width, name, logger, resolve: book.resolve },
    ...(wishes && { wishes }),
    ...(timeouts && { timeouts }),
    ...(depth !== undefined && { depth }),
    ...(members && { idOf: idsOf(members, id, width) }),
    served: { logger: sparing(logger, realClock.now), ...(chap && { chap }) },
  });
  try {
    for (const portal of listen) listenAt(port, portal);
    for (const { id: peer, target, portals, chap: proof } of routes)
      port.reach(peer, { target, portals, ...(proof && { chap: proof }) });
  } catch (error) {
    port[Symbol.dispose]();
    seat[Symbol.dispose]();
    throw error;
  }
  return {
    port,
    settling: () => false,
    meeting: () => port.targets.size < routes.length,
    counters: () => countersOf(port),
    moved: (addresses) => book.update(addresses),
    [Symbol.dispose]() {
      port[Symbol.dispose]();
      seat[Symbol.dispose]();
    },
  };
}

const counterNames = [
  'connects',
  'reconnects',
  'failedConnects',
  'logins',
  'failedLogins',
  'refused',
  'droppedConnections',
  'crowded',
  'digestErrors',
] as const;

const countersOf = ({ counters }: IscsiPort) =>
  Object.fromEntries(counterNames.map((name) => [name, counters[name]]));

/** Who may prove what to us; undefined: nobody has to. */
function chapOf({ members, users = [], own }: IscsiCarrier): TargetChap | undefined {
  const proofs = members?.flatMap((member) => member.chap ?? []) ?? users;
  if (proofs.length === 0) return undefined;
  return {
    users: new Map(proofs.map(({ name, secret }) => [name, secret])),
    ...(own && { own }),
    ...(members && {
      binds: (user: string, initiator: string) => memberOf(members, initiator)?.chap?.name === user,
    }),
  };
}

const meanings: Readonly<Record<string, readonly [expected: string, hint: string]>> = {
  EADDRINUSE: ['a portal that nobody listens at', 'end the other process, or choose another port'],
  EADDRNOTAVAIL: ['an address of this machine', '`ip address` shows them; 0.0.0.0 and [::] mean all'],
  EACCES: ['a port that we may listen at', 'ports below 1024 are for root'],
};

/** @throws HostError */
function listenAt(port: IscsiPort, portal: string): void {
  try {
    port.listen(portal);
  } catch (error) {
    const code = error instanceof SystemError ? error.code : (error as Error).message;
    const [expected, hint] = meanings[code] ?? ['a portal that we can listen at', '`ip address` shows ours'];
    throw new HostError('no-bus', `cannot listen at ${portal}: ${code}`, { expected, hint, cause: error });
  }
}
