/** A TCMU device on the loopback fabric, seen by Linux's own tools. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Process } from '../../lab/processes.ts';
import { must } from './commands.ts';
import { complaintsOfTheKernel } from './kernel-log.ts';

const server = new URL('./tcmu-server.js', import.meta.url).pathname;
const options = {
  bus: 'lab',
  id: 1,
  width: 8,
  fabric: { kind: 'loopback' },
  peers: [{ id: 0 }],
  timeLimit: 5,
};
const serve = (more: object = {}, kind = 'communications') =>
  new Process([
    process.execPath,
    '--enable-source-maps',
    server,
    JSON.stringify({ ...options, ...more }),
    kind,
  ]);

test('lsscsi and sg_inq see a communications device', async () => {
  await using host = serve();
  const [, node = ''] = await host.says(/up (\S+)/);
  assert.match(must('lsscsi', '-g'), /comms\s+IPSCSI\s+VM test\s+0\.1\s+-\s+\/dev\/sg\d/);
  assert.match(must('sg_inq', node), /PDT=9/);
  await host.stop();
  assert.match(host.out, /gone/);
  assert.doesNotMatch(must('lsscsi'), /IPSCSI/);
});

test('the kernel has no complaints', () => assert.deepEqual(complaintsOfTheKernel(), []));
