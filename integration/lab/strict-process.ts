/**
 * A host that knows RFC 2143 and nothing more: it announces no extensions and asks for none. Arguments: bus, ID,
 * namespace, MTU, addresses. It says "ready", and then "offload" for each frame that reached it unfinished: with a
 * checksum or a segmentation left to do.
 */

import { writeSync } from 'node:fs';
import { usualPatience } from '../../src/net/lookout.ts';
import { Pump } from '../../src/net/pump.ts';
import { TapIo } from '../../src/net/tap-io.ts';
import { makeEventFd } from '../../src/sys/files.ts';
import type { Tap } from '../../src/sys/tap.ts';
import { realClock } from '../../src/time/clock.ts';
import { openLocalHost } from './local-host.ts';

const [bus = '', id = '', netns = '', mtu = '', ...addresses] = process.argv.slice(2);
let io: TapIo | undefined;

/** Writes to the interface, and looks at struct virtio_net_hdr: flags, gso_type. */
function watched(tap: Tap) {
  const real = new TapIo(tap);
  io = real;
  return {
    deliver(header: Uint8Array, ...rest: [number, Uint8Array, number, number]): boolean {
      if (header[0] !== 0 || header[1] !== 0) writeSync(1, 'offload\n');
      return real.deliver(header, ...rest);
    },
  };
}

const plan = {
  bus,
  id: Number(id),
  netns,
  mtu: Number(mtu),
  addresses,
  slabs: 32,
  features: [],
  sink: watched,
};
const { port, link, tap } = openLocalHost(plan);
if (!io) throw new Error('the link has no interface');
writeSync(1, 'ready\n');
new Pump({
  ...{ port, link, tap: { fd: tap.fd, io } },
  inbox: { fd: makeEventFd(), pending: false },
  control: () => true,
  chores: () => Number.POSITIVE_INFINITY,
  ...{ clock: realClock, patience: usualPatience(1) },
}).run();
