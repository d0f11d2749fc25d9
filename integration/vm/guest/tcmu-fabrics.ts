/** IP by TCMU devices on fabrics whose hardware the kernel can do without: Fibre Channel (FCoE, VN2VN over veth) and SRP (soft-RoCE). */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { carry } from './carry.ts';
import { must } from './commands.ts';
import { complaintsOfTheKernel } from './kernel-log.ts';

const read = (path: string) => readFileSync(path, 'latin1').trim();

/** "0x2000aabbccddeeff" as target drivers write it: "20:00:aa:bb:cc:dd:ee:ff". */
const worldWideName = (path: string) => (read(path).slice(2).match(/../g) ?? []).join(':');

test('Fibre Channel: FCoE between two ends of a veth pair', async () => {
  must('modprobe', '-a', 'tcm_fc', 'fcoe', 'veth');
  must('ip', 'link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1');
  for (const end of ['v0', 'v1']) {
    must('ip', 'link', 'set', end, 'mtu', '2500', 'up');
    writeFileSync('/sys/bus/fcoe/ctlr_create', end);
  }
  const controllers = readdirSync('/sys/bus/fcoe/devices').filter((name) => /^ctlr_/.test(name));
  assert.equal(controllers.length, 2);
  const tell = (attribute: string, text: string) => {
    for (const name of controllers) writeFileSync(`/sys/bus/fcoe/devices/${name}/${attribute}`, text);
  };
  tell('mode', 'vn2vn');
  const [target = '', initiator = ''] = readdirSync('/sys/class/fc_host').map((host) =>
    worldWideName(`/sys/class/fc_host/${host}/port_name`),
  );
  const fabric = ['--fabric', 'fc', '--fabric-name', target, '--peer', `7=${initiator}`];
  await carry(['--bus', 'tcmu:fc', ...fabric], () => tell('enabled', '1'));
  tell('enabled', '0');
});

test('SRP: soft-RoCE on a network card', async () => {
  must('modprobe', '-a', 'rdma_rxe', 'ib_srpt', 'ib_srp');
  must('rdma', 'link', 'add', 'rxe0', 'type', 'rxe', 'netdev', 'eth0');
  const name = read('/sys/class/infiniband/rxe0/ports/1/gids/0').split(':').slice(4).join(':');
  const port = 5555;
  must('mkdir', '-p', '/sys/kernel/config/target/srpt');
  writeFileSync('/sys/kernel/config/target/srpt/discovery_auth/rdma_cm_port', String(port));
  const guid = name.replaceAll(':', '');
  const address = '10.0.2.15';
  const login = `id_ext=${guid},ioc_guid=${guid},dest=${address}:${port}`;
  const fabric = ['--fabric', 'srpt', '--fabric-name', name, '--peer', `7=${address}`];
  await carry(['--bus', 'tcmu:srp', ...fabric], () =>
    writeFileSync('/sys/class/infiniband_srp/srp-rxe0-1/add_target', login),
  );
});

test('the kernel has no complaints', () => assert.deepEqual(complaintsOfTheKernel(), []));
