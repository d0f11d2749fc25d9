/** A target of ours to be measured: a RAM disk of 64 MiB at LUN 1, either digest if it is wished for. Says its address on stdout. */

import { createTarget, DeviceServer, ramDisk } from '../../src/iscsi.ts';

const identity = { vendor: 'IPSCSI', product: 'benchmark', revision: '0.1', serial: '1' };
const [, , name = ''] = process.argv;
const target = await createTarget({
  name,
  portals: ['127.0.0.1:0'],
  device: new DeviceServer(new Map([[1, ramDisk({ identity, blocks: 64 * 2048 })]])),
});
console.log(target.address);
