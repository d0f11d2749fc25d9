import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CliError } from '../failure.ts';
import { mapRanks, processMapping } from './mapping.ts';

const hosts = (...slots: number[]) =>
  slots.map((count, i) => ({ name: `h${i}`, slots: count, addresses: [] }));
const ranks = (...args: Parameters<typeof mapRanks>) => mapRanks(...args).map((share) => share.ranks);

describe('ranks', () => {
  it('fill hosts slot by slot, and leave out those that are not needed', () => {
    assert.deepEqual(ranks(hosts(2, 1, 4), 4, false), [[0, 1], [2], [3]]);
    assert.deepEqual(ranks(hosts(2, 1), undefined, false), [[0, 1], [2]]);
    assert.deepEqual(
      mapRanks(hosts(4, 4), 3, false).map(({ name }) => name),
      ['h0'],
    );
  });

  it('begin again where they may', () => {
    assert.deepEqual(ranks(hosts(2, 1), 8, true), [
      [0, 1, 3, 4, 6, 7],
      [2, 5],
    ]);
  });

  it('that do not fit are refused, with what helps', () => {
    const refuses = (act: () => unknown, message: RegExp, hint: RegExp) =>
      assert.throws(act, (error) => {
        assert.ok(error instanceof CliError);
        assert.match(error.message, message);
        assert.match(error.hint ?? '', hint);
        return true;
      });
    refuses(
      () => mapRanks(hosts(2, 1), 4, false),
      /4 ranks don't fit into 3 slots on h0, h1/,
      /--oversubscribe/,
    );
    refuses(() => mapRanks(hosts(200, 200), undefined, true), /400 slots are more ranks/, /give -n/);
  });

  it('are all there, each once, whatever the hosts', () => {
    const anyHosts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(anyHosts, fc.integer({ min: 1, max: 256 }), (slots, size) => {
        const shares = mapRanks(hosts(...slots), size, true);
        const all = shares.flatMap((share) => [...share.ranks]).sort((a, b) => a - b);
        assert.deepEqual(
          all,
          Array.from({ length: size }, (_, rank) => rank),
        );
        assert.deepEqual(unfold(processMapping(shares)), hostsByRank(shares));
      }),
    );
  });
});

const hostsByRank = (shares: ReturnType<typeof mapRanks>) => {
  const byRank: number[] = [];
  for (const [host, share] of shares.entries()) for (const rank of share.ranks) byRank[rank] = host;
  return byRank;
};

/** As MPICH reads it: each rank's host. */
const unfold = (mapping: string) =>
  [...mapping.matchAll(/\((\d+),(\d+),(\d+)\)/g)]
    .map((match) => match.slice(1).map(Number) as [number, number, number])
    .flatMap(([first, count, each]) =>
      Array.from({ length: count * each }, (_, i) => first + Math.floor(i / each)),
    );

it("who runs where is told in PMI's words, as Hydra tells it", () => {
  const told = (slots: number[], size: number) => processMapping(mapRanks(hosts(...slots), size, true));
  assert.equal(told([2], 2), '(vector,(0,1,2))');
  assert.equal(told([4, 4], 8), '(vector,(0,2,4))');
  assert.equal(told([2, 2, 1], 5), '(vector,(0,2,2),(2,1,1))');
  assert.equal(told([1, 1], 4), '(vector,(0,2,1),(0,2,1))');
});
