/** More than one bus, and more than a bus: routing through a host on two of them (RFC 2143 §5), bridging to veth. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configure, setParameters } from './lab/configure.ts';
import { Lab, noLab } from './lab/lab.ts';
import type { Place } from './lab/processes.ts';
import { pingAll, reach } from './lab/sockets.ts';

const file = 8 << 20;

/** Fetches a file from one place to another and compares its sum. */
async function transfer(lab: Lab, from: Place, address: string, to: Place): Promise<void> {
  const server = await lab.guest(from);
  const client = await lab.guest(to);
  const { url, sha256 } = await server.call('serveFile', { address, size: file });
  const fetched = await client.call('fetch', { url });
  assert.deepEqual([fetched.bytes, fetched.sha256], [file, sha256]);
}

describe('topologies', { skip: noLab }, () => {
  for (const mtu of [65280, 1500])
    it(`a host on two buses routes between them, MTU 65280 and ${mtu}`, async () => {
      await using lab = await Lab.open();
      const second = `${lab.bus}-second`;
      const place = lab.place();
      const [near, , far] = await lab.hosts([
        { id: 1, addresses: ['10.91.0.1/24', 'fd91::1/64'] },
        { id: 7, addresses: ['10.91.0.7/24', 'fd91::7/64'], place },
        { id: 1, addresses: ['10.92.0.1/24', 'fd92::1/64'], bus: second, mtu },
        { id: 7, addresses: ['10.92.0.7/24', 'fd92::7/64'], bus: second, mtu, place, name: 'scsi1' },
      ]);
      assert.ok(near && far);
      setParameters(place, { 'ipv4/ip_forward': '1', 'ipv6/conf/all/forwarding': '1' });
      configure(near.place, (netlink) => {
        netlink.addRoute({ to: '10.92.0.0/24', via: '10.91.0.7' });
        netlink.addRoute({ to: 'fd92::/64', via: 'fd91::7', device: 'scsi0' });
      });
      configure(far.place, (netlink) => {
        netlink.addRoute({ to: '10.91.0.0/24', via: '10.92.0.7' });
        netlink.addRoute({ to: 'fd91::/64', via: 'fd92::7', device: 'scsi0' });
      });
      await reach(near.place, far.ipv4);
      await reach(near.place, far.ipv6);
      await transfer(lab, near.place, near.ipv4, far.place);
      await transfer(lab, near.place, near.ipv6, far.place);
      await transfer(lab, far.place, far.ipv4, near.place);
    });

  it('a machine behind a bridge and a host on the bus reach each other', async () => {
    await using lab = await Lab.open();
    const machine = lab.place();
    const [host, bridge] = await lab.hosts([
      { id: 1, mtu: 1500, guard: 'enforce' },
      { id: 2, mtu: 1500, addresses: [] },
    ]);
    assert.ok(host && bridge);
    configure(bridge.place, (netlink) => {
      netlink.createBridge('br0');
      netlink.createVeth('veth0', { name: 'eth0', namespace: machine.namespace });
      for (const name of ['scsi0', 'veth0']) netlink.setLink(name, { master: 'br0', up: true });
      netlink.setLink('br0', { up: true });
    });
    configure(machine, (netlink) => {
      netlink.addAddress('eth0', '10.90.0.200/24');
      netlink.addAddress('eth0', 'fd90::200/64');
      netlink.setLink('eth0', { up: true });
    });
    await reach(machine, host.ipv4);
    await reach(machine, host.ipv6);
    assert.deepEqual(pingAll(host.place, ['10.90.0.200']), []);
    assert.deepEqual(pingAll(host.place, ['fd90::200']), []);
    const { mac } = configure(machine, (netlink) => netlink.link('eth0'));
    const known = configure(host.place, (netlink) => netlink.neighbours());
    assert.equal(known.find(({ address }) => address === '10.90.0.200')?.mac, mac);
    await transfer(lab, host.place, host.ipv4, machine);
    await transfer(lab, machine, 'fd90::200', host.place);
    for (const reason of ['guardAddress', 'guardMac'])
      assert.equal(await host.counted(bridge.id, `drops.${reason}`), 0, reason);
  });
});
