import assert from 'node:assert/strict';
import { it } from 'node:test';
import { readWishes, wantsNetwork } from './wishes.ts';

const bus = { name: 'b', carrier: 'shm', alpha: 1, beta: 0, shared: false, members: [0, 1] };
const layout = { size: 2, names: ['0', '1'], buses: [bus], forwarders: [], paths: [] };

it('reads what is wished for, and nothing wishes for nothing', () => {
  const none = readWishes({ IPSCSI_MPI_CARRIERS: '' });
  assert.equal(wantsNetwork(none), false);
  assert.deepEqual([none.patienceMs, none.measure], [30_000, false]);
  const some = readWishes({
    IPSCSI_MPI_CARRIERS: 'iscsi, shm',
    IPSCSI_MPI_ROUTE: JSON.stringify(layout),
    IPSCSI_MPI_PATIENCE: '2.5',
    IPSCSI_MPI_EXPLAIN: '1',
  });
  assert.deepEqual(some.carriers, ['shm', 'iscsi']);
  assert.deepEqual([some.layout, some.patienceMs, some.explain], [layout, 2500, true]);
});

const wrong: readonly (readonly [name: string, value: string, message: RegExp])[] = [
  ['CARRIERS', 'pigeon', /IPSCSI_MPI_CARRIERS=pigeon: expected shm, iscsi/],
  ['PATIENCE', 'long', /IPSCSI_MPI_PATIENCE=long: expected seconds/],
  ['PATIENCE', '0', /IPSCSI_MPI_PATIENCE=0/],
  ['ROUTE', '/nowhere/at/all', /ENOENT/],
  ['ROUTE', '{', /a layout that/],
  ['ROUTE', '{}', /a list is missing/],
  ['ROUTE', JSON.stringify({ ...layout, size: 3 }), /its nodes are not all named/],
  ['ROUTE', JSON.stringify({ ...layout, buses: [{ ...bus, carrier: 'air' }] }), /bus b is carried by air/],
  ['ROUTE', JSON.stringify({ ...layout, buses: [{ ...bus, members: [0, 9] }] }), /a member is no node/],
  ['ROUTE', JSON.stringify({ ...layout, names: ['0', '1', 'f'], forwarders: [2] }), /there is no rank 2/],
];
for (const [name, value, message] of wrong)
  it(`says what is wrong: ${name}=${value.slice(0, 60)}`, () =>
    assert.throws(() => readWishes({ [`IPSCSI_MPI_${name}`]: value }), message));
