import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatIPv4 } from '../bytes/addresses.ts';
import type { HostAddress } from './addresses.ts';
import { hostsOf, type Introduction } from './hosts.ts';
import { isOneBus, type Layout } from './layout.ts';
import { neighbourhood } from './neighbourhood.ts';

const loopback: HostAddress = { address: '127.0.0.1', network: '127.0.0.0/8', loopback: true };

/** "10.0.1.7": in 10.0.1.0/24. */
const at = (address: string): HostAddress => ({
  address,
  network: address.replace(/\.\d+$/, '.0/24'),
  loopback: false,
});

const rankOn = (host: string, ...addresses: string[]): Introduction => ({
  host,
  machine: host,
  directory: '/dev/shm/job',
  addresses: [loopback, ...addresses.map(at)],
});

/** What the test is about: names, carriers and members. */
const seen = ({ buses }: Layout) => buses.map(({ name, carrier, members }) => [name, carrier, members]);
const between = (ranks: readonly Introduction[], wanted?: readonly ('shm' | 'iscsi')[]) =>
  neighbourhood(hostsOf(ranks), wanted);

describe('the neighbourhood of ranks', () => {
  const a = rankOn('a', '10.0.0.1');
  const b = rankOn('b', '10.0.0.2');

  it('on one host is one bus in shared memory', () => {
    const layout = between([a, a, a]);
    assert.deepEqual(seen(layout), [['a', 'shm', [0, 1, 2]]]);
    assert.ok(isOneBus(layout));
  });

  it('on one host is loopback, too, where iSCSI is asked for', () => {
    assert.deepEqual(seen(between([a, a], ['iscsi'])), [['127.0.0.0/8', 'iscsi', [0, 1]]]);
    const both = between([a, a], ['shm', 'iscsi']);
    assert.deepEqual(seen(both), [
      ['a', 'shm', [0, 1]],
      ['127.0.0.0/8', 'iscsi', [0, 1]],
    ]);
    assert.ok(!isOneBus(both));
  });

  it('on two hosts has a bus for each and one between', () => {
    const layout = between([a, a, b, b]);
    assert.deepEqual(seen(layout), [
      ['a', 'shm', [0, 1]],
      ['b', 'shm', [2, 3]],
      ['10.0.0.0/24', 'iscsi', [0, 1, 2, 3]],
    ]);
    assert.deepEqual(layout.forwarders, []);
  });

  it('takes ranks in any order', () => {
    assert.deepEqual(seen(between([b, a, b, a])), [
      ['b', 'shm', [0, 2]],
      ['a', 'shm', [1, 3]],
      ['10.0.0.0/24', 'iscsi', [0, 1, 2, 3]],
    ]);
  });

  it('has a bus for each network that joins hosts, and none for others', () => {
    const ranks = [rankOn('a', '10.0.0.1', '10.0.1.1', '10.7.0.1'), rankOn('b', '10.0.1.2', '10.0.0.2')];
    assert.deepEqual(seen(between(ranks)), [
      ['10.0.0.0/24', 'iscsi', [0, 1]],
      ['10.0.1.0/24', 'iscsi', [0, 1]],
    ]);
  });

  it('forwards where three hosts are joined by two networks', () => {
    const layout = between([
      rankOn('a', '10.0.0.1'),
      rankOn('b', '10.0.0.2', '10.0.1.2'),
      rankOn('c', '10.0.1.3'),
    ]);
    assert.deepEqual(layout.forwarders, [0, 1, 2]);
    assert.deepEqual(layout.names, ['0', '1', '2', 'at a', 'at b', 'at c']);
    assert.deepEqual(seen(layout), [
      ['10.0.0.0/24', 'iscsi', [0, 1, 3, 4]],
      ['10.0.1.0/24', 'iscsi', [1, 2, 4, 5]],
    ]);
  });

  it('leaves out a network in which two hosts have the same address', () => {
    const bridged = [rankOn('a', '172.17.0.1', '10.0.0.1'), rankOn('b', '172.17.0.1', '10.0.0.2')];
    assert.deepEqual(seen(between(bridged)), [['10.0.0.0/24', 'iscsi', [0, 1]]]);
  });

  it('falls back to first addresses where no network joins the hosts', () => {
    const layout = between([rankOn('a', '10.0.0.1'), rankOn('b', '10.0.1.1')]);
    assert.deepEqual(seen(layout), [['ip', 'iscsi', [0, 1]]]);
    assert.equal(layout.buses[0]?.network, undefined);
  });

  it('tells hosts of one name apart, and ranks that share no memory', () => {
    const inside = { ...a, machine: 'a, in a namespace', addresses: [at('10.0.0.9')] };
    const layout = between([a, a, inside, inside]);
    assert.deepEqual(
      layout.buses.map(({ name }) => name),
      ['a', 'a-2', '10.0.0.0/24'],
    );
  });

  it('says what is missing', () => {
    assert.throws(
      () => between([rankOn('a'), rankOn('b', '10.0.0.2')]),
      /a: no address by which other hosts/,
    );
    assert.throws(() => between([a, b], ['shm']), /iscsi is not among the carriers/);
    const many = Array.from({ length: 256 }, (_, rank) => rankOn(`h${rank % 3}`, `10.0.0.${1 + (rank % 3)}`));
    assert.throws(() => between(many), /256 ranks and 3 forwarders are 259 nodes; a bus has 256 IDs/);
  });

  it('joins all ranks, wherever they are, by ways that lead through forwarders only', () => {
    const someHosts = fc
      .array(fc.array(fc.nat(4), { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 6 })
      .map((hosts) =>
        hosts.map((networks, i) =>
          rankOn(`h${i}`, ...networks.map((network) => formatIPv4(Uint8Array.of(10, 0, network, i + 1)))),
        ),
      );
    fc.assert(
      fc.property(someHosts, fc.array(fc.nat(5), { minLength: 2, maxLength: 12 }), (hosts, places) => {
        const layout = between(places.map((place) => hosts[place % hosts.length] as Introduction));
        assert.deepEqual(
          reachedFrom(layout, 0).sort(),
          layout.names.slice(0, layout.size).map(Number).sort(),
        );
      }),
    );
  });
});

/** Ranks that a rank reaches. */
function reachedFrom({ size, buses }: Layout, start: number): number[] {
  const reached = new Set([start]);
  for (const node of reached) {
    const passes = node === start || node >= size;
    const around = buses.filter(({ members }) => passes && members.includes(node));
    for (const member of around.flatMap(({ members }) => members)) reached.add(member);
  }
  return [...reached].filter((node) => node < size);
}
