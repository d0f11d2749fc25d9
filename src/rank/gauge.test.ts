import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { VirtualClock } from '../time/clock.ts';
import { MemoryBus } from '../transport/memory/bus.ts';
import { type Cost, Gauge } from './gauge.ts';
import { median, quantile, rounds } from './tournament.ts';

it('in a tournament every two meet once, and nobody has two partners at a time', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), (players) => {
      const all = Array.from({ length: players }, (_, self) => rounds(players, self));
      for (const [self, own] of all.entries()) {
        for (const [round, partner] of own.entries())
          if (partner !== undefined) assert.equal(all[partner]?.[round], self);
        const met = own.filter((partner) => partner !== undefined);
        assert.equal(new Set(met).size, players - 1);
        assert.ok(!met.includes(self));
      }
    }),
  );
});

it('the median is the one in the middle', () => {
  assert.deepEqual([median([3, 1, 2]), median([4, 1, 2, 3]), median([7])], [2, 2.5, 7]);
  assert.equal(quantile([5, 1, 2, 3, 4], 0.25), 2);
  assert.ok(Number.isNaN(median([])));
});

describe('a gauge', () => {
  /** Lets gauges measure in turn. */
  function play(gauges: readonly Generator<undefined, Map<number, Cost>>[], poll: () => void) {
    const found = gauges.map((): Map<number, Cost> | undefined => undefined);
    for (let turn = 0; found.includes(undefined); turn++) {
      assert.ok(turn < 1e6);
      for (const [i, gauge] of gauges.entries()) {
        if (found[i]) continue;
        const { done, value } = gauge.next();
        if (done) found[i] = value;
      }
      poll();
    }
    return found;
  }

  it('measures half a round trip, pair by pair', () => {
    const clock = new VirtualClock();
    const bus = new MemoryBus({ width: 4, latency: 0.5, clock });
    const ports = [0, 1, 2].map((id) => bus.attach(id));
    const gauges = ports.map((port, id) => new Gauge(port, clock, 1000).measure(rounds(3, id)));
    const found = play(gauges, () => {
      let done = 0;
      for (const port of ports) done += port.poll();
      if (done === 0) clock.advance(0.125);
    });
    assert.deepEqual(
      found.map((one) => [...(one ?? [])]),
      [
        [
          [1, { alpha: 500 }],
          [2, { alpha: 500 }],
        ],
        [[2, { alpha: 500 }]],
        [],
      ],
    );
    for (const port of ports) port[Symbol.dispose]();
  });

  it('gives up a partner that never comes', () => {
    const clock = new VirtualClock();
    const bus = new MemoryBus({ width: 4, clock });
    using port = bus.attach(0);
    const found = play([new Gauge(port, clock, 1000).measure([3, 2])], () => {
      port.poll();
      clock.advance(10);
    });
    assert.deepEqual(found, [new Map()]);
    assert.ok(clock.now() > 2000 && clock.now() < 2100);
  });
});
