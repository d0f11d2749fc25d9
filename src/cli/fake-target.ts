/** For tests only: a process that is a target on a bus, without an interface. Arguments: directory, ID, LUN, name. */

import { setImmediate } from 'node:timers/promises';
import { encodeExtensions, extensionsPage, Feature } from '../link/extensions.ts';
import { DeviceServer } from '../scsi/device-server.ts';
import { communicationsUnit } from '../scsi/logical-unit.ts';
import { openShmPort } from '../transport/shm/port.ts';

const [directory = '', id = '0', lun = '0', hostName = 'fake'] = process.argv.slice(2);
const page = encodeExtensions({
  features: Feature.messages,
  mac: Uint8Array.of(2, 0x53, 0x43, 0, 0, Number(id)),
  mtu: 1500,
  maxMessage: 65_536,
  hostName,
});
const unit = communicationsUnit({
  identity: { vendor: 'IPSCSI', product: 'IP over SCSI', revision: '0.1', serial: `test/${id}` },
  service: {
    send: (command) => command.abandon(),
    get: (command) => command.abandon(),
    cancelled: () => undefined,
  },
  vendorPages: new Map([[extensionsPage, () => page]]),
});

using port = openShmPort({ directory, bus: `shm:${directory}`, id: Number(id), width: undefined, hostName });
port.target = new DeviceServer(new Map([[Number(lun), unit]]));
let told = false;
for (const signal of ['SIGTERM', 'disconnect'] as const)
  process.on(signal, () => {
    told = true;
  });
process.send?.('ready');
while (!told) {
  if (port.poll() === 0) port.wait(20);
  await setImmediate();
}
process.disconnect?.();
