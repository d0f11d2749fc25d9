/**
 * A host that knows RFC 2143 and nothing more: it announces no extensions and asks for none. Arguments: bus, ID,
 * namespace, MTU, addresses. It says "ready", and then "offload" for each frame that reached it unfinished: with a
 * checksum or a segmentation left to do.
 */

import { writeSync } from 'node:fs';
import { formatMac } from '../../src/bytes/addresses.ts';
import { busDirectory } from '../../src/cli/bus-url.ts';
import { busMac } from '../../src/link/ethernet.ts';
import { Link } from '../../src/link/link.ts';
import type { Sink } from '../../src/link/sink.ts';
import { createDevice } from '../../src/net/device.ts';
import { openInterface } from '../../src/net/interface.ts';
import { Pump, usualPatience } from '../../src/net/pump.ts';
import { TapIo } from '../../src/net/tap-io.ts';
import { makeEventFd } from '../../src/sys/files.ts';
import { realClock } from '../../src/time/clock.ts';
import { openShmPort } from '../../src/transport/shm/port.ts';

const [bus = '', id = '', netns = '', mtuText = '', ...addresses] = process.argv.slice(2);
const mtu = Number(mtuText);
const hostName = 'strict';
const slabs = 32;

const port = openShmPort({
  directory: busDirectory(bus),
  bus,
  id: Number(id),
  width: undefined,
  hostName,
  memory: (slabs << 17) + 4096,
  onViolation: (peer, why) => writeSync(2, `peer ${peer} broke the rules: ${why}\n`),
});
const mac = busMac(bus, port.id);
const tap = openInterface({ name: 'scsi0', mtu, mac: formatMac(mac), addresses, netns });
const io = new TapIo(tap);
const sink: Sink = {
  deliver(header, ...rest) {
    // struct virtio_net_hdr: flags, gso_type.
    if (header[0] !== 0 || header[1] !== 0) writeSync(1, 'offload\n');
    return io.deliver(header, ...rest);
  },
};
const link = new Link({
  port,
  mac,
  mtu,
  hostName,
  prefixes: addresses,
  clock: realClock,
  slabs,
  sink,
  features: [],
});
port.target = createDevice(
  link,
  {
    ...{
      bus,
      directory: port.directory,
      id: port.id,
      width: port.width,
      lun: 0,
      interface: tap.name,
      addresses,
    },
    ...{ mtu, netns, guard: 'off', pins: [], busyPoll: false, hostName, version: '0.1' },
  },
  '0.1',
);
writeSync(1, 'ready\n');
new Pump({
  port,
  link,
  tap: { fd: tap.fd, io },
  inbox: { fd: makeEventFd(), pending: false },
  control: () => true,
  chores: () => Number.POSITIVE_INFINITY,
  clock: realClock,
  patience: usualPatience,
}).run();
