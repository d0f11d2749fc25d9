import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lab, netlinkIn, noNamespaces } from './lab.ts';
import { SystemError } from './libc.ts';
import type { Netlink } from './netlink.ts';

const skip = noNamespaces;
const refused = (code: string) => (error: unknown) => error instanceof SystemError && error.code === code;

/** Names of a namespace's links. */
const names = (netlink: Netlink) => netlink.links().map(({ name }) => name);

test('a veth pair spans two namespaces', { skip }, () => {
  using lab = new Lab();
  const there = lab.namespace();
  using near = netlinkIn(lab.namespace());
  using far = netlinkIn(there);
  near.createVeth('a', { name: 'b', namespace: there });
  assert.deepEqual(
    [names(near), names(far)],
    [
      ['lo', 'a'],
      ['lo', 'b'],
    ],
  );
  assert.equal(near.link('a').kind, 'veth');
  near.deleteLink('a');
  assert.deepEqual(names(far), ['lo']);
});

test('a link takes MTU, MAC, name and queue length', { skip }, () => {
  using lab = new Lab();
  using netlink = netlinkIn(lab.namespace());
  netlink.createVeth('a', { name: 'b' });
  netlink.setLink('a', { mtu: 65280, mac: '02:53:43:01:02:03', txQueueLength: 77, name: 'scsi0' });
  const { mtu, mac, up } = netlink.link('scsi0');
  assert.deepEqual({ mtu, mac, up }, { mtu: 65280, mac: '02:53:43:01:02:03', up: false });
  netlink.setLink('scsi0', { up: true });
  assert.equal(netlink.link('scsi0').up, true);
  netlink.setLink('scsi0', { mtu: 1500 });
  assert.equal(netlink.link('scsi0').up, true, 'a change of MTU leaves it up');
  netlink.setLink('scsi0', { up: false });
  assert.equal(netlink.link('scsi0').up, false);
});

test('a bridge takes ports and lets them go', { skip }, () => {
  using lab = new Lab();
  using netlink = netlinkIn(lab.namespace());
  netlink.createBridge('br0');
  netlink.createVeth('a', { name: 'b' });
  netlink.setLink('a', { master: 'br0' });
  assert.equal(netlink.link('a').master, netlink.link('br0').index);
  netlink.setLink('a', { master: null });
  assert.equal(netlink.link('a').master, undefined);
});

test('addresses are added, listed and deleted', { skip }, () => {
  using lab = new Lab();
  using netlink = netlinkIn(lab.namespace());
  netlink.createVeth('a', { name: 'b' });
  netlink.addAddress('a', '10.90.0.3/24');
  netlink.addAddress('a', 'fd90::3/64');
  assert.deepEqual(netlink.addresses('a'), ['10.90.0.3/24', 'fd90::3/64']);
  assert.deepEqual(netlink.addresses('b'), []);
  assert.throws(() => netlink.addAddress('a', '10.90.0.3/24'), refused('EEXIST'));
  netlink.deleteAddress('a', '10.90.0.3/24');
  assert.deepEqual(netlink.addresses('a'), ['fd90::3/64']);
});

test('routes are added and deleted', { skip }, () => {
  using lab = new Lab();
  using netlink = netlinkIn(lab.namespace());
  netlink.createVeth('a', { name: 'b' });
  netlink.addAddress('a', '10.90.0.3/24');
  netlink.addAddress('a', 'fd90::3/64');
  for (const name of ['a', 'b']) netlink.setLink(name, { up: true });
  const routes = [
    { to: 'default', via: '10.90.0.1' },
    { to: '10.91.0.0/16', device: 'a' },
    { to: 'fd91::/64', via: 'fd90::1', metric: 7 },
  ];
  for (const route of routes) {
    netlink.addRoute(route);
    assert.throws(() => netlink.addRoute(route), refused('EEXIST'));
    netlink.deleteRoute(route);
    assert.throws(() => netlink.deleteRoute(route), refused('ESRCH'));
  }
});

test('errors say what was asked, and what the kernel says', { skip }, () => {
  using lab = new Lab();
  using netlink = netlinkIn(lab.namespace());
  assert.throws(() => netlink.link('nowhere'), refused('ENODEV'));
  netlink.createBridge('br0');
  assert.throws(() => netlink.createBridge('br0'), refused('EEXIST'));
  assert.throws(() => netlink.setLink('br0', { mtu: 7_000_000 }), /set br0 \{"mtu":7000000\}.*EINVAL/);
  assert.deepEqual(names(netlink), ['lo', 'br0'], 'the socket goes on after an error');
});

test('a long list comes whole', { skip }, () => {
  using lab = new Lab();
  using netlink = netlinkIn(lab.namespace());
  const wanted = Array.from({ length: 60 }, (_, i) => `br${i}`);
  for (const name of wanted) netlink.createBridge(name);
  assert.deepEqual(names(netlink), ['lo', ...wanted]);
});
