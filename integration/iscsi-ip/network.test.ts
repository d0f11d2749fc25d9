/** IP over SCSI over iSCSI: machines that are joined by nothing but iSCSI's own TCP. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Host } from '../lab/host.ts';
import { Lab, noLab, program } from '../lab/lab.ts';
import { missing } from '../lab/processes.ts';
import { pingAll, reach } from '../lab/sockets.ts';
import { serveSsh } from '../lab/ssh.ts';
import { until } from '../lab/until.ts';

const file = 8 << 20;

/** A file from one host to another, its sum compared. */
async function transfer(lab: Lab, from: Host, to: Host, family: 'ipv4' | 'ipv6' = 'ipv4'): Promise<void> {
  const server = await lab.guest(from.place);
  const client = await lab.guest(to.place);
  const { url, sha256 } = await server.call('serveFile', { address: from[family], size: file });
  const fetched = await client.call('fetch', { url });
  assert.deepEqual([fetched.bytes, fetched.sha256], [file, sha256]);
}

async function allReachAll(hosts: readonly Host[]): Promise<void> {
  for (const from of hosts)
    for (const to of hosts) {
      if (from === to) continue;
      await reach(from.place, to.ipv4);
      await reach(from.place, to.ipv6);
    }
}

describe('IP over iSCSI', { skip: noLab, timeout: 300_000 }, () => {
  for (const wish of [{}, { digests: 'on', chap: true }, { digests: 'header', mtu: 576 }] as const)
    it(`three hosts reach each other, and files arrive whole: ${JSON.stringify(wish)}`, async () => {
      await using lab = await Lab.open({ hosts: 3, ...wish });
      const hosts = await lab.hosts([{ id: 1 }, { id: 2 }, { id: 3 }]);
      const [a, b, c] = hosts;
      assert.ok(a && b && c);
      await allReachAll(hosts);
      await transfer(lab, a, c);
      await transfer(lab, b, a, 'ipv6');
    });

  it('scan, status, ping and raw see the bus of a file', async () => {
    await using lab = await Lab.open({ hosts: 3, chap: true });
    const [a, b] = await lab.hosts([{ id: 1 }, { id: 2 }]);
    assert.ok(a && b);
    await reach(a.place, b.ipv4);
    const from = async (...command: readonly string[]) => {
      const { code, out, err } = await lab.run(
        a.place,
        ...[process.execPath, program, ...command, '--host', 'lab1', '--json'],
      );
      assert.equal(err, '');
      return { code, said: JSON.parse(out) };
    };
    const scan = await from('scan', '--bus', lab.bus, '--timeout', '3');
    assert.equal(scan.code, 0);
    assert.deepEqual(
      scan.said.devices.map((device: Record<string, unknown>) => [
        device['id'],
        device['typeName'],
        device['hostName'],
        device['trouble'],
      ]),
      [
        [1, undefined, 'lab1', undefined],
        [2, 'comms', 'lab2', undefined],
        [3, undefined, undefined, 'no answer'],
      ],
    );
    const ping = await from('ping', '--bus', lab.bus, '2', '-c', '3', '-i', '0');
    assert.deepEqual([ping.code, ping.said.id, ping.said.received], [0, 1, 3]);
    const inquiry = ['12', '00', '00', '00', '24', '00', '--in', '36', '--target', '2'];
    const raw = await from('raw', lab.bus, ...inquiry, '--timeout', '20');
    assert.deepEqual([raw.code, raw.said.dataIn.slice(0, 2)], [0, '09']);
    assert.equal((await a.status()).counters['logins'], 1, 'looking about disturbs nobody');
  });

  it('a host that nobody can log in to fetches what is for it', async () => {
    await using lab = await Lab.open({ hosts: 3, initiatorsOnly: [3], chap: true });
    const hosts = await lab.hosts([{ id: 1 }, { id: 2 }, { id: 3 }]);
    const [a, b, c] = hosts;
    assert.ok(a && b && c);
    for (const other of [a, b]) {
      await reach(c.place, other.ipv4);
      await reach(other.place, c.ipv4);
      await reach(other.place, c.ipv6);
    }
    await reach(a.place, b.ipv4);
    await transfer(lab, a, c);
    await transfer(lab, c, b);
    const { counters } = await c.peer(1);
    assert.ok(Number(counters['pulls']) > 0, JSON.stringify(counters));
    assert.ok((await a.counted(3, 'pullsServed')) > 0);
  });

  it('sixteen IDs, as many as a wide bus has: every host reaches every other', async () => {
    await using lab = await Lab.open({ hosts: 16 });
    const numbers = Array.from({ length: 16 }, (_, i) => i);
    const hosts = await lab.hosts(
      numbers.map((id) => ({ id, addresses: [`10.90.0.${100 + id}/24`, `fd90::${100 + id}/64`] })),
    );
    for (const host of hosts)
      await until(
        `host ${host.id} knows all others`,
        async () => {
          const { peers } = await host.status();
          return peers.length === hosts.length - 1 && peers.every(({ extensions }) => extensions.length > 0);
        },
        30_000,
      );
    for (const from of hosts) {
      const others = hosts.filter((host) => host !== from).map((host) => host.ipv4);
      await until(
        `host ${from.id} reaches all others`,
        () => pingAll(from.place, others).length === 0,
        30_000,
      );
    }
  });

  it('one host listens without a file, the other names it by URL', async () => {
    await using lab = await Lab.open({ hosts: 2 });
    const [one, two] = [lab.placeOf(1), lab.placeOf(2)];
    const url = 'iscsi://192.168.77.101:3260/iqn.2026-01.org.example:beta';
    const target = lab.up(one, '--bus', url, '--listen', '--id', '1', '--address', '10.90.0.1/24');
    await target.says(/"event":"ready"/);
    const initiator = lab.up(two, '--bus', url, '--id', '0', '--address', '10.90.0.2/24');
    await initiator.says(/"event":"ready"/);
    await reach(two, '10.90.0.1');
    assert.deepEqual(pingAll(one, ['10.90.0.2']), []);
  });

  it('iperf3 and ssh work over it', { skip: missing('iperf3', 'ssh', 'sshd', 'ssh-keygen') }, async () => {
    await using lab = await Lab.open({ hosts: 2 });
    const [a, b] = await lab.hosts([{ id: 1 }, { id: 2 }]);
    assert.ok(a && b);
    await reach(a.place, b.ipv4);
    const server = lab.start(b.place, ['iperf3', '--server', '--one-off', '--forceflush']);
    await server.says(/listening/);
    const iperf = await lab.run(a.place, 'iperf3', '--client', b.ipv4, '--time', '1', '--json');
    assert.ok(JSON.parse(iperf.out).end.sum_received.bits_per_second > 1e6, iperf.err);
    const { key, known } = await serveSsh(lab, b);
    const options = ['-F', '/dev/null', '-i', key, '-p', '2222', '-o', `UserKnownHostsFile=${known}`];
    const ssh = await lab.run(
      a.place,
      'ssh',
      ...options,
      '-o',
      'BatchMode=yes',
      b.ipv4,
      'echo',
      'over',
      'SCSI',
    );
    assert.equal(ssh.out, 'over SCSI\n', ssh.err);
  });
});
