/** A host within this process, polled by whoever owns it: port, interface, link and device server, as in a real one. */

import { formatMac } from '../../src/bytes/addresses.ts';
import { busDirectory } from '../../src/cli/bus-url.ts';
import { busMac } from '../../src/link/ethernet.ts';
import type { FeatureName } from '../../src/link/extensions.ts';
import { Link, linkMemory } from '../../src/link/link.ts';
import type { Sink } from '../../src/link/sink.ts';
import { createDevice } from '../../src/net/device.ts';
import { openInterface } from '../../src/net/interface.ts';
import type { Tap } from '../../src/sys/tap.ts';
import { realClock } from '../../src/time/clock.ts';
import { openShmPort, type ShmPort } from '../../src/transport/shm/port.ts';

export interface LocalPlan {
  readonly bus: string;
  readonly id: number;
  readonly netns: string;
  readonly mtu: number;
  readonly addresses: readonly string[];
  readonly slabs: number;
  readonly features?: readonly FeatureName[];
  /** Where its frames go. */
  sink(tap: Tap): Sink;
}

export interface LocalHost extends Disposable {
  readonly port: ShmPort;
  readonly tap: Tap;
  readonly link: Link;
}

const hostName = 'local';
const version = '0.1';

/** Joins the bus and makes the interface. */
export function openLocalHost(plan: LocalPlan): LocalHost {
  const { bus, id, netns, mtu, addresses, slabs, features } = plan;
  const directory = busDirectory(bus);
  const onViolation = (peer: number, why: string) => console.error(`peer ${peer} broke the rules: ${why}`);
  const memory = linkMemory(slabs);
  const port = openShmPort({ directory, bus, id, width: undefined, hostName, memory, onViolation });
  const mac = busMac(bus, id);
  const tap = openInterface({ name: 'scsi0', mtu, mac: formatMac(mac), addresses, netns });
  const link = new Link({
    ...{ port, mac, mtu, hostName, prefixes: addresses, clock: realClock, slabs, sink: plan.sink(tap) },
    ...(features && { features }),
  });
  const host = { bus, directory, id, width: port.width, lun: 0, interface: tap.name, addresses, mtu, netns };
  const carrier = { kind: 'shm' } as const;
  const options = {
    ...host,
    carrier,
    guard: 'off',
    pins: [],
    pull: 0,
    busyPoll: false,
    hostName,
    version,
  } as const;
  port.target = createDevice(link, options, version);
  const dispose = () => {
    tap.close();
    port[Symbol.dispose]();
  };
  return { port, tap, link, [Symbol.dispose]: dispose };
}
