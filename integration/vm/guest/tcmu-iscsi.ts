/** TCMU devices on LIO's iSCSI fabric, with the kernel's own initiator (open-iscsi) logging in over the guest's loopback. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Process } from '../../lab/processes.ts';
import { until } from '../../lab/until.ts';
import { carry } from './carry.ts';
import { attempt, must } from './commands.ts';
import { complaintsOfTheKernel, watchForHungTasks } from './kernel-log.ts';
import { patience } from './patience.ts';
import { receive, send } from './sg-tools.ts';
import { serve } from './tcmu-process.ts';

const portal = '127.0.0.1:3260';
const target = 'iqn.2026-01.org.example:tcmu';
const initiator = 'iqn.2026-01.org.example:guest';
const fabric = { kind: 'iscsi', portals: [portal], name: target } as const;

let daemon: Process;

before(async () => {
  watchForHungTasks(60);
  mkdirSync('/run/lock/iscsi', { recursive: true });
  mkdirSync('/etc/iscsi', { recursive: true });
  writeFileSync('/etc/iscsi/initiatorname.iscsi', `InitiatorName=${initiator}\n`);
  daemon = new Process(['setsid', 'iscsid', '-f']); // when it ends, it ends its process group
  await until('iscsid answers', () => attempt('iscsiadm', '-m', 'session').status === 21, patience); // no sessions
});
after(async () => {
  await daemon.stop();
});

const admin = (...words: readonly string[]) => ['-m', 'node', '-T', target, '-p', portal, ...words];
const set = (name: string, value: string) =>
  must('iscsiadm', ...admin('-o', 'update', '-n', name, '-v', value));
/** The sg nodes of LUNs of ours. */
const nodes = () => must('lsscsi', '-g').match(/(?<=IPSCSI.*)\/dev\/sg\d+/g) ?? [];

/** Logs in, and waits for the one device that there is. */
async function login(): Promise<string> {
  must('iscsiadm', ...admin('--login'));
  await until('the device appears', () => nodes().length > 0, patience);
  const [node = '', ...others] = nodes();
  assert.deepEqual(others, []);
  return node;
}

test('the kernel’s initiator finds the target, logs in, and sends and gets messages', async () => {
  const { host } = await serve({ fabric });
  await using _host = host;
  assert.match(must('iscsiadm', '-m', 'discovery', '-t', 'sendtargets', '-p', portal), /org\.example:tcmu/);
  const node = await login();
  assert.match(must('sg_inq', node), /PDT=9/);
  for (const size of [60, 65_280, 300_000]) {
    const message = randomBytes(size);
    assert.equal((await send(node, message)).code, 0);
    assert.equal(Buffer.compare((await receive(node, size)).data, message), 0, `${size} bytes`);
  }
  must('iscsiadm', ...admin('--logout'));
  await host.stop();
  assert.match(host.out, /gone/);
  assert.deepEqual(readdirSync('/sys/kernel/config/target/iscsi').includes(target), false);
});

test('IP over LIO’s iSCSI fabric, and over our own iSCSI target, by the kernel’s initiator', async () => {
  const lio = ['--bus', 'tcmu:lab', '--fabric', 'iscsi', '--portal', portal, '--fabric-name', target];
  const leave = (name: string, where: string) =>
    must('iscsiadm', '-m', 'node', '-T', name, '-p', where, '--logout');
  await carry(lio, () => must('iscsiadm', ...admin('--login')), { disconnect: () => leave(target, portal) });
  const [own, ownPortal] = ['iqn.2026-01.org.example:own', '127.0.0.1:3261'];
  const ours = ['--bus', `iscsi://${ownPortal}/${own}`, '--listen', '--id', '1'];
  const find = () => {
    must('iscsiadm', '-m', 'discovery', '-t', 'sendtargets', '-p', ownPortal);
    must('iscsiadm', '-m', 'node', '-T', own, '-p', ownPortal, '--login');
  };
  await carry(ours, find, { disconnect: () => leave(own, ownPortal) });
});

test('with an access list and CHAP: each initiator gets its own device, and only with its secret', async () => {
  const other = { id: 0, initiator: 'iqn.2026-01.org.example:other' };
  const chap = { user: 'guest', secret: 'a secret of some length' };
  const { host } = await serve({ fabric, peers: [other, { id: 5, initiator, chap }] });
  await using _host = host;
  set('node.session.auth.authmethod', 'CHAP');
  set('node.session.auth.username', chap.user);
  set('node.session.auth.password', 'another secret, wrong');
  set('node.session.initial_login_retry_max', '1');
  assert.notEqual(attempt('iscsiadm', ...admin('--login')).status, 0);
  set('node.session.auth.password', chap.secret);
  const node = await login();
  assert.match(must('sg_luns', node), /lun list length = 8/i);
  await send(node, Uint8Array.of(1, 2, 3));
  assert.deepEqual([...(await receive(node, 3)).data], [1, 2, 3]);
  const before = host.out;
  await host.stop();
  assert.match(host.out.slice(before.length), /gone/, 'with an initiator logged in');
  attempt('iscsiadm', ...admin('--logout'));
});

test('vhost: a port for a virtual machine is made, and taken away', async () => {
  const { host } = await serve({ fabric: { kind: 'vhost' } });
  await using _host = host;
  const [port = ''] = readdirSync('/sys/kernel/config/target/vhost').filter((name) => /^naa/.test(name));
  const lun = `/sys/kernel/config/target/vhost/${port}/tpgt_1/lun/lun_0`;
  assert.ok(readdirSync(lun).includes('ipscsi'));
  await host.stop();
  assert.match(host.out, /gone/);
});

test('the kernel has no complaints', () => assert.deepEqual(complaintsOfTheKernel(), []));
