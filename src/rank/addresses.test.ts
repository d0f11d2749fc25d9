import assert from 'node:assert/strict';
import { it } from 'node:test';
import { usableAddresses } from './addresses.ts';

const one = (family: 'IPv4' | 'IPv6', cidr: string, more: { internal?: boolean; scopeid?: number } = {}) =>
  ({
    family,
    cidr,
    address: cidr.split('/')[0] ?? '',
    netmask: '',
    mac: '',
    internal: false,
    ...(family === 'IPv6' && { scopeid: 0 }),
    ...more,
  }) as never;

const machine = {
  lo: [one('IPv4', '127.0.0.1/8', { internal: true }), one('IPv6', '::1/128', { internal: true })],
  eth0: [one('IPv4', '10.0.0.1/24'), one('IPv6', 'fd00::1/64'), one('IPv6', 'fe80::1/64', { scopeid: 2 })],
  eth1: [one('IPv6', 'fd01::1/64'), one('IPv6', 'fe80::1/64', { scopeid: 3 })],
};
const addresses = (wanted?: string) => usableAddresses(machine, wanted).map(({ address }) => address);

it('offers an address of each network, and says which lead nowhere else', () => {
  assert.deepEqual(usableAddresses(machine, undefined), [
    { address: '127.0.0.1', network: '127.0.0.0/8', loopback: true },
    { address: '10.0.0.1', network: '10.0.0.0/24', loopback: false },
    { address: 'fd01::1', network: 'fd01::/64', loopback: false },
  ]);
});

it('offers what was wished for, by address or by network', () => {
  assert.deepEqual(addresses('fd01::/64, 10.0.0.1'), ['fd01::1', '10.0.0.1']);
  assert.deepEqual(addresses('10.0.0.0/8,10.9.0.0/16'), ['10.0.0.1']);
  assert.throws(() => addresses('10.9.0.0/16'), /this host has none of them, but 127.0.0.1, 10.0.0.1/);
  assert.throws(() => addresses('eth0'), /IPSCSI_MPI_ADDRESSES: neither an IPv4 nor an IPv6 address/);
});
