import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { series, summaryLine } from './ping.ts';
import { median, percentile, summarize } from './statistics.ts';

const never = new AbortController().signal;
const answers = (times: readonly (number | undefined)[]) => {
  const rest = [...times];
  return { once: async () => rest.shift() };
};

describe('figures of round trips', () => {
  it('are those of the nearest rank', () => {
    assert.equal(median([1, 2, 3]), 2);
    assert.equal(median([1, 2]), 1.5);
    assert.equal(median([]), undefined);
    assert.equal(percentile([1, 2, 3, 4], 0.99), 4);
    assert.equal(
      percentile(
        Array.from({ length: 200 }, (_, i) => i + 1),
        0.99,
      ),
      198,
    );
    assert.equal(percentile([], 0.99), undefined);
  });

  it('are in order', () => {
    const times = fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(times, (us) => {
        const { minUs = Number.NaN, medianUs = Number.NaN, p99Us = Number.NaN } = summarize(us.length, us);
        assert.ok(minUs <= medianUs && medianUs <= Math.max(...us) && minUs <= p99Us);
        assert.ok(us.includes(p99Us));
      }),
    );
  });

  it('are summed up in one line', () => {
    assert.equal(
      summaryLine(summarize(4, [30, 10, 20])),
      '4 sent, 3 received, 25 % loss; min/median/p99 10.0 µs / 20.0 µs / 30.0 µs',
    );
    assert.equal(summaryLine(summarize(3, [])), '3 sent, 0 received, 100 % loss');
    assert.equal(summaryLine(summarize(0, [])), '0 sent, 0 received, 0 % loss');
  });
});

describe('a series', () => {
  it('sends as many as asked, and tells of each', async () => {
    const told: (readonly [number, number | undefined])[] = [];
    const result = await series(answers([10, undefined, 30]), { count: 3, intervalMs: 0 }, never, (...each) =>
      told.push(each),
    );
    assert.deepEqual(told, [
      [0, 10],
      [1, undefined],
      [2, 30],
    ]);
    assert.deepEqual([result.sent, result.received, result.roundTripsUs], [3, 2, [10, 30]]);
  });

  it('ends when it is told to', async () => {
    const stop = new AbortController();
    const result = await series(
      answers([1, 2, 3, 4]),
      { count: 0, intervalMs: 0 },
      stop.signal,
      (sequence) => {
        if (sequence === 1) stop.abort();
      },
    );
    assert.equal(result.sent, 2);
  });
});
