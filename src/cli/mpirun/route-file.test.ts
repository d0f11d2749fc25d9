import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TopologyError } from '../mpi-sim/topology-file.ts';
import { parseRouteFile } from './route-file.ts';

/** Two stars and a bus between their hubs. */
const stars = `[carriers.shm]
alpha = 3
beta = 0.0001
[carriers.wire]
alpha = 60
beta = 0.001
kind = "iscsi"

[forwarders]
west = 0
east = 2

[[bus]]
name = "left"
carrier = "shm"
nodes = ["0", "1", "west"]
[[bus]]
name = "right"
carrier = "shm"
alpha = 5
nodes = ["2", "3", "east"]
[[bus]]
name = "middle"
carrier = "wire"
network = "10.0.0.0/24"
nodes = ["west", "east"]

[[path]]
from = "0"
to = "3"
least = 4096
via = ["left", "west", "middle", "east", "right"]

[collectives]
bcast = "flat"
scan = "hierarchical"
`;

describe('a route file', () => {
  it('is the layout of a job', () => {
    const { layout, collectives } = parseRouteFile(stars, 4);
    assert.equal(collectives, 'bcast=flat,scan=hierarchical');
    assert.deepEqual(layout, {
      size: 4,
      names: ['0', '1', '2', '3', 'west', 'east'],
      buses: [
        { name: 'left', carrier: 'shm', alpha: 3, beta: 0.0001, shared: false, members: [0, 1, 4] },
        { name: 'right', carrier: 'shm', alpha: 5, beta: 0.0001, shared: false, members: [2, 3, 5] },
        {
          name: 'middle',
          carrier: 'iscsi',
          alpha: 60,
          beta: 0.001,
          shared: false,
          members: [4, 5],
          network: '10.0.0.0/24',
        },
      ],
      forwarders: [0, 2],
      paths: [
        {
          source: 0,
          target: 3,
          least: 4096,
          steps: [
            { bus: 0, node: 4 },
            { bus: 2, node: 5 },
            { bus: 1, node: 3 },
          ],
        },
      ],
    });
  });

  const wrong: readonly (readonly [change: readonly [string, string], message: RegExp])[] = [
    [['"0", "1", "west"', '"0", "7", "west"'], /"7" is no rank of 4/],
    [['"0", "1", "west"', '"0", "west"'], /rank 1 is on no bus/],
    [['east = 2', 'east = 4'], /there is no rank 4/],
    [['east = 2', 'est = 2'], /there is no node "est"/],
    [['kind = "iscsi"', ''], /bus "middle" is carried by "wire"/],
    [['bcast = "flat"', 'bcast = "tall"'], /"tall" is no manner/],
    [['bcast = "flat"', 'cast = "flat"'], /there is no collective "cast"/],
    [
      ['via = ["left", "west", "middle", "east", "right"]', 'via = ["left", "west"]'],
      /"via" of path is no way/,
    ],
    [['"left", "west", "middle"', '"left", "east", "middle"'], /node "east" is not on bus "left"/],
    [['"left", "west", "middle"', '"lift", "west", "middle"'], /there is no bus "lift"/],
    [['[forwarders]\nwest = 0\neast = 2', ''], /"west" is no rank of 4/],
    [['east = 2', ''], /node "east" does not forward/],
    [['to = "3"', ''], /"to" of path is missing/],
    [['least = 4096', 'most = 4096'], /"most" of path is unknown/],
    [['alpha = 5', 'alpha = -5'], /"alpha" of bus is not right/],
  ];
  for (const [[from, to], message] of wrong)
    it(`tells: ${message.source}`, () => {
      assert.ok(stars.includes(from));
      assert.throws(
        () => parseRouteFile(stars.replace(from, to), 4),
        (error) => error instanceof TopologyError && error.mistakes.some((one) => message.test(one.message)),
      );
    });

  it('is not made of a network by name', () => {
    const text = '[carriers.shm]\nalpha = 1\nbeta = 1\n[generate]\nkind = "bus"\nnodes = 2';
    assert.throws(() => parseRouteFile(text, 2), /there is no bus of ranks/);
  });
});
