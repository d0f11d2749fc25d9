import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { choose, segment } from './choice.ts';
import { choicesOf, explainCollectives } from './explain.ts';
import { collectives, groupRanks, manners, parseManners, shapeOf } from './topology.ts';

const told = (groups: readonly number[], manner = '') =>
  Object.fromEntries(
    explainCollectives({ groups, collectives: parseManners(manner) }).map(({ collective, choices }) => [
      collective,
      choices.map(({ least, algorithm }) => `${least} ${algorithm}`),
    ]),
  );

describe('what is told of the choice', () => {
  it('is the algorithm of each collective by size: one host', () => {
    assert.deepEqual(told([0, 0, 0, 0, 0, 0, 0, 0]), {
      barrier: ['0 dissemination'],
      bcast: ['0 binomial tree', '4194312 scatter, ring'],
      gather: ['0 binomial tree', '4104 linear'],
      gatherv: ['0 linear'],
      scatter: ['0 binomial tree', '4104 linear'],
      scatterv: ['0 linear'],
      allgather: ['0 recursive doubling', '81928 ring'],
      alltoall: ['0 Bruck', '264 pairwise'],
      reduce: ['0 binomial tree', '65544 reduce-scatter, gather'],
      allreduce: ['0 recursive doubling', '65544 Rabenseifner'],
      reduceScatter: ['0 pairwise'],
      scan: ['0 recursive doubling'],
    });
  });

  it('and on two hosts', () => {
    assert.deepEqual(told([0, 0, 1, 1]), {
      barrier: ['0 leaders'],
      bcast: ['0 leaders', `${2 * segment + 8} pipeline`],
      gather: ['0 leaders', '4104 linear'],
      gatherv: ['0 linear'],
      scatter: ['0 leaders', '4104 linear'],
      scatterv: ['0 linear'],
      allgather: ['0 leaders', '81928 ring of groups'],
      alltoall: ['0 leaders', '264 pairwise'],
      reduce: ['0 leaders', '65544 shards'],
      allreduce: ['0 leaders', '65544 shards'],
      reduceScatter: ['0 shards'],
      scan: ['0 leaders'],
    });
    const { scan, allreduce, gatherv } = told([0, 1, 0, 1, 1]);
    assert.deepEqual(gatherv, ['0 leaders']);
    assert.deepEqual(scan, ['0 recursive doubling']);
    assert.deepEqual(allreduce, ['0 leaders']);
  });

  it('can be overridden, all or one by one', () => {
    const { barrier } = told([0, 0, 1, 1], 'flat');
    assert.deepEqual(barrier, ['0 dissemination']);
    const { bcast, alltoall, gather } = told([0, 0, 1, 1], 'flat, alltoall=hierarchical, bcast = flat');
    assert.deepEqual([bcast, alltoall], [['0 binomial tree', '4194312 scatter, ring'], ['0 leaders']]);
    assert.deepEqual(gather, ['0 linear']);
    assert.deepEqual(told([0, 0, 0], 'hierarchical'), told([0, 0, 0]));
  });

  it('is what is done', () => {
    const anyShape = fc
      .array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 12 })
      .map((groups) => groupRanks([...groups.keys()], groups));
    fc.assert(
      fc.property(
        anyShape,
        fc.constantFrom(...collectives),
        fc.constantFrom('', ...manners),
        fc.nat(1 << 18),
        (groups, collective, manner, units) => {
          const shape = shapeOf(groups, parseManners(manner));
          const bytes = units * 8;
          const choice = choicesOf(collective, shape).findLast(({ least }) => least <= bytes);
          const algorithm = choose(collective, shape, { bytes, units, commutes: true });
          assert.equal(choice?.hierarchical, algorithm !== undefined);
          if (algorithm !== undefined) assert.equal(choice?.algorithm, algorithm);
        },
      ),
    );
  });

  it('says what it does not know', () => {
    assert.throws(() => parseManners('fast'), /"fast" does not end with flat or hierarchical/);
    assert.throws(() => parseManners('bcast=flat=flat'), /"bcast=flat=flat" does not end/);
    assert.throws(() => parseManners('bcast='), /"bcast=" does not end/);
    assert.throws(() => parseManners('gather2=flat'), /"gather2" is none of barrier, bcast, gather/);
    assert.deepEqual(parseManners(' '), {});
  });
});
