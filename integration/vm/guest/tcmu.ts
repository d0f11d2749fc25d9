/** TCMU devices on the loopback fabric, seen by Linux's own tools. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { dismantle, targetRoot } from '../../../src/transport/tcmu/configfs.ts';
import { sweepTcmu } from '../../../src/transport/tcmu/open.ts';
import { Process } from '../../lab/processes.ts';
import { until } from '../../lab/until.ts';
import { must } from './commands.ts';
import { complaintsOfTheKernel, watchForHungTasks } from './kernel-log.ts';
import { patience } from './patience.ts';
import { getCdb, receive, receiveCdb, send, sendCdb, sendSixCdb } from './sg-tools.ts';
import { serve, start } from './tcmu-process.ts';

watchForHungTasks(60);
const isZero = (byte: number) => byte === 0;

const devicesOfOurs = () => must('lsscsi').match(/IPSCSI/g)?.length ?? 0;

test('one server, two peers: each finds a communications device of its own', async (t) => {
  const { host, nodes } = await serve({ peers: [{ id: 0 }, { id: 4 }] });
  await using _host = host;
  const [node = '', other = ''] = nodes;

  await t.test('lsscsi, sg_inq and sg_vpd see it', () => {
    assert.equal(must('lsscsi', '-g').match(/comms\s+IPSCSI\s+VM test\s+0\.1\s+-\s+\/dev\/sg\d/g)?.length, 2);
    assert.match(must('sg_inq', node), /PDT=9/);
    assert.match(must('sg_vpd', '--page=0', node), /Device identification/);
    assert.match(must('sg_vpd', '--page=0x80', other), /lab-1/);
    assert.match(must('sg_vpd', '--page=0x83', node), /IPSCSI/);
    assert.match(must('sg_luns', node), /lun list length = 8/i);
    must('sg_turs', node);
  });

  await t.test('messages of all sizes come back as they were', async () => {
    for (const size of [1, 60, 1500, 4096, 65_280, 262_144, 1_000_000]) {
      const message = randomBytes(size);
      assert.equal((await send(node, message)).code, 0, `sends ${size} bytes`);
      const { code, err, data } = await receive(other, size);
      assert.deepEqual([code, Buffer.compare(data, message)], [0, 0], `${size} bytes: ${err}`);
    }
  });

  await t.test('a short message shows its length, an empty one reads as zeros', async () => {
    await send(node, randomBytes(100));
    assert.equal((await receive(node, 4096)).data.length, 100);
    await send(node, new Uint8Array(0));
    const { code, data } = await receive(node, 4096);
    assert.deepEqual([code, data.length, data.every(isZero)], [0, 64, true]);
  });

  await t.test('a device reset ends what is held', async () => {
    const held = receive(node, 4096);
    await until('it is held', () => /waits 1$/m.test(host.out), patience);
    must('sg_reset', '-d', node);
    assert.ok((await held).data.every(isZero), 'nothing old is shown');
    await host.says(/cancelled/, patience);
    // Two unit attentions, LIO's and the device server's; the initiator's kernel may hide one.
    assert.match((await send(node, Uint8Array.of(7))).err, /unit attention/i);
    if ((await send(node, Uint8Array.of(7))).code !== 0) await send(node, Uint8Array.of(7));
    assert.deepEqual([...(await receive(node, 1)).data], [7]);
  });

  await t.test('a command that its initiator gives up on is aborted, and the device lives', async () => {
    const before = host.out.match(/cancelled/g)?.length ?? 0;
    assert.notEqual((await receive(node, 4096, { seconds: 1 })).code, 0);
    await until(
      'the target hears of it',
      () => (host.out.match(/cancelled/g)?.length ?? 0) > before,
      patience,
    );
    must('sg_turs', node);
  });

  await t.test('a command held for too long is given back', async () => {
    const { code, err } = await receive(node, 4096);
    assert.notEqual(code, 0);
    assert.match(err, /task aborted/i);
  });

  await t.test('nobody else can serve the same ID', async () => {
    await using second = start({ peers: [{ id: 0 }, { id: 4 }] });
    await second.ended;
    assert.match(second.err, /served by another process/);
  });

  await t.test('SIGTERM under load: it goes at once, and nothing stays', async () => {
    await using _load = load(node);
    await using _more = load(other);
    await until('there is load', () => /sent/.test(_load.out), patience);
    const end = await host.stop();
    assert.deepEqual([end.code, devicesOfOurs()], [0, 0]);
    assert.match(host.out, /gone/);
    await Promise.all([_load.ended, _more.ended]);
    assert.deepEqual(
      readdirSync(join(targetRoot, 'core')).filter((name) => /^user/.test(name)),
      [],
    );
  });
});

/** Sends and asks for messages as fast as it can, until that fails. */
function load(node: string): Process {
  const data = `head -c 3000 /dev/urandom | sg_raw -t 30 -s 3000 ${node} ${sendCdb(3000).join(' ')}`;
  const get = `sg_raw -t 30 -r 3000 -o /dev/null ${node} ${getCdb(3000).join(' ')}`;
  return new Process(['bash', '-c', `while ${data} && ${get}; do echo sent; done >&1 2>/dev/null`]);
}

test('a processor device, by SEND and RECEIVE', async () => {
  const { host, nodes } = await serve({ id: 2 }, 'processor');
  await using _host = host;
  const [node = ''] = nodes;
  assert.match(must('sg_inq', node), /PDT=3/);
  const message = randomBytes(65_280);
  assert.equal((await send(node, message, sendSixCdb(message.length))).code, 0);
  const { data } = await receive(node, message.length, { cdb: receiveCdb(message.length) });
  assert.equal(Buffer.compare(data, message), 0);
  await host.stop();
});

test('a server killed under load: its initiators hear of it in time, and the next one takes over', async () => {
  const first = await serve();
  const [node = ''] = first.nodes;
  const loads = [load(node), load(node)];
  const held = receive(node, 4096);
  await until('there is load', () => loads.every(({ out }) => /sent/.test(out)), patience);
  await first.host.stop('SIGKILL');
  const killedAt = process.uptime();
  await Promise.all([held, ...loads.map(({ ended }) => ended)]);
  const waited = process.uptime() - killedAt;
  assert.ok(1000 * waited < patience, `they waited for ${waited} s`);
  assert.equal(devicesOfOurs(), 1, 'the device outlives its server');

  const second = await serve();
  await using _second = second.host;
  assert.deepEqual(second.nodes, [node], 'at the same place');
  const message = randomBytes(5000);
  assert.equal((await send(node, message)).code, 0);
  assert.equal(Buffer.compare((await receive(node, message.length)).data, message), 0);

  await second.host.stop('SIGKILL');
  assert.deepEqual(sweepTcmu(), ['ipscsi.lab.1.0']);
  assert.equal(devicesOfOurs(), 0);
});

test('a server killed while its device is being scanned leaves nothing that hangs', async () => {
  const first = start();
  await until('the adapter is there', () => portsOfLoopback().length > 0, patience);
  await first.stop('SIGKILL');
  const second = await serve();
  await using _second = second.host;
  must('sg_turs', second.nodes[0] ?? '');
});

test('a device that somebody removes is let go, and its server ends as usual', async () => {
  const { host } = await serve();
  await using _host = host;
  for (const name of portsOfLoopback()) dismantle(join(targetRoot, 'loopback', name));
  dismantle(join(targetRoot, 'core/user_2143/ipscsi.lab.1.0'));
  await host.says(/failed: the device of ipscsi\.lab\.1\.0 was removed/, patience);
  assert.equal((await host.stop()).code, 0);
  assert.match(host.out, /gone/);
});

const portsOfLoopback = () =>
  existsSync(join(targetRoot, 'loopback'))
    ? readdirSync(join(targetRoot, 'loopback')).filter((name) => /^naa/.test(name))
    : [];

test('the kernel has no complaints', () => assert.deepEqual(complaintsOfTheKernel(), []));
