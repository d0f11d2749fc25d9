/** A guest whose only device beside its root is a virtio-scsi disk controller gets a network through it. */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { Lab, noLab } from '../lab/lab.ts';
import { reach } from '../lab/sockets.ts';
import { serveFile } from './guest/files.ts';
import { patience } from './guest/patience.ts';
import { runInVm, vmMissing } from './vm.ts';

const target = 'iqn.2026-01.org.ipscsi:guest';
const port = 5000;
const guestProgram = new URL('./guest/no-network-card.js', import.meta.url).pathname;

/** A TCP port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test('a guest without a network card talks to this machine through virtio-scsi', {
  skip: noLab || vmMissing(),
}, async () => {
  await using lab = await Lab.open();
  const place = lab.place();
  // QEMU logs in from this machine's own namespace: loopback is all it needs.
  const url = `iscsi://127.0.0.1:${await freePort()}/${target}`;
  const up = ['--bus', url, '--listen', '--id', '1', '--netns', place.path];
  const host = lab.upHere(...up, '--address', '10.90.0.1/24');
  await host.says(/"event":"ready"/);
  const file = randomBytes(1 << 20);
  const path = join(lab.files, 'file');
  writeFileSync(path, file);
  lab.start(place, serveFile(path, '10.90.0.1', port));
  const sum = createHash('sha256').update(file).digest('hex');
  const drive = `if=none,id=unit,format=raw,file=${url}/0`;
  const answering = reach(place, '10.90.0.2', patience);
  const ran = await runInVm([process.execPath, guestProgram, String(port), sum], {
    modules: ['sg', 'tun', 'virtio_scsi'],
    qemu: [
      '-device',
      'virtio-scsi-pci,id=bus',
      '-drive',
      drive,
      '-device',
      'scsi-generic,bus=bus.0,drive=unit',
    ],
  });
  assert.equal(ran.code, 0, `${ran.out}\n${ran.err}\n${host.out}${host.err}`);
  await answering;
});
