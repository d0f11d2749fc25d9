/**
 * A target process for foreign initiators: RAM disks at LUN 1 and, with physical blocks of 4096 bytes, at LUN 2, removable at LUN 3; a
 * processor device at LUN 0 and at LUN 4 a communications device, as IP over SCSI has it. Says its address on stdout.
 */

import { messageBufferId } from '../../src/link/command-set.ts';
import { extensionsPage } from '../../src/link/extensions.ts';
import { ramDisk } from '../../src/scsi/block/unit.ts';
import { DeviceServer } from '../../src/scsi/device-server.ts';
import { communicationsUnit, processorUnit } from '../../src/scsi/logical-unit.ts';
import { createTarget } from '../../src/transport/iscsi/target.ts';
import { measured } from './measured.ts';

const identity = { vendor: 'IPSCSI', product: 'RAM disk', revision: '0.1', serial: 'lab-1' };
/** 64 MiB. */
const blocks = 64 * 2048;
const noMessages = { send: () => undefined, get: () => undefined, cancelled: () => undefined };
const communications = communicationsUnit({
  identity: { ...identity, product: 'IP over SCSI', serial: 'lab-4' },
  service: noMessages,
  messageBufferId,
  vendorPages: new Map([[extensionsPage, () => new Uint8Array(4)]]),
});
const server = new DeviceServer(
  new Map([
    [0, processorUnit({ identity: { ...identity, product: 'messages' }, service: noMessages })],
    [1, ramDisk({ identity, blocks })],
    [2, ramDisk({ identity: { ...identity, serial: 'lab-2' }, blocks, physicalExponent: 3 })],
    [3, ramDisk({ identity: { ...identity, serial: 'lab-3' }, blocks, removable: true })],
    [4, communications],
  ]),
  { powerOnUnitAttention: false },
);
const [portal = '127.0.0.1:0', headerDigest = 'any', user, secret] = process.argv.slice(2);
const target = await createTarget({
  name: 'iqn.2026-01.org.example:disk',
  portals: [portal],
  device: measured(server, 4),
  ...(headerDigest === 'any' ? {} : { wishes: { HeaderDigest: [headerDigest] } }),
  ...(user && secret ? { chap: { users: { [user]: secret } } } : {}),
});
console.log(target.address);
