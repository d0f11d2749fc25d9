/** An initiator: writes to a disk and reads back, with digests; the disk is a RAM disk of our own, on loopback. */

import assert from 'node:assert/strict';
import { connect, createTarget, DeviceServer, decodeSense, ramDisk, Status } from '../src/iscsi.ts';

const identity = { vendor: 'IPSCSI', product: 'RAM disk', revision: '1.0', serial: 'example' };
await using target = await createTarget({
  name: 'iqn.2026-01.org.example:disk',
  portals: ['127.0.0.1:0'],
  device: new DeviceServer(new Map([[0, ramDisk({ identity, blocks: 8192 })]]), {
    powerOnUnitAttention: false,
  }),
});

const digests = { HeaderDigest: ['CRC32C'], DataDigest: ['CRC32C'] };
await using session = await connect({ portal: target.address, target: target.name, wishes: digests });
assert.equal(session.settings.DataDigest, 'CRC32C');

const capacity = await session.execute({ cdb: Uint8Array.of(0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0), dataIn: 8 });
const view = new DataView(capacity.dataIn.buffer);
const [blocks, blockLength] = [view.getUint32(0) + 1, view.getUint32(4)];
console.log(`disk: ${blocks} blocks of ${blockLength} bytes`);

const data = new Uint8Array(2048 * blockLength).map((_, i) => i * 7); // 1 MiB: immediate data, then what the target asks for
const write = await session.execute({ cdb: Uint8Array.of(0x2a, 0, 0, 0, 0, 16, 0, 8, 0, 0), dataOut: data });
const read = await session.execute({
  cdb: Uint8Array.of(0x28, 0, 0, 0, 0, 16, 0, 8, 0, 0),
  dataIn: data.length,
});
assert.deepEqual([write.status, read.status, read.residual], [Status.good, Status.good, 0]);
assert.ok(Buffer.compare(read.dataIn, data) === 0);

const beyond = await session.execute({ cdb: Uint8Array.of(0x28, 0, 0xff, 0, 0, 0, 0, 0, 1, 0), dataIn: 512 });
assert.equal(beyond.status, Status.checkCondition); // a refusal is an answer, not an error
assert.deepEqual(decodeSense(beyond.sense), { key: 5, code: 0x2100 });
console.log(`${data.length} bytes written and read; beyond the end: ILLEGAL REQUEST`);
