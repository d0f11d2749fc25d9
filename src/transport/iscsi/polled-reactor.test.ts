import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Reactor } from './polled-reactor.ts';

it('a deadline that passes in the middle of a round is not slept through', () => {
  const times: number[] = [];
  let now = 0;
  using reactor = new Reactor({ now: () => times.shift() ?? now });
  let ticks = 0;
  reactor.time({
    get due() {
      return ticks > 0 ? Number.POSITIVE_INFINITY : 1;
    },
    tick: () => ticks++,
  });
  assert.ok(reactor.wait(5000), 'the timer goes off');
  times.push(0.999); // as the round begins; and then, as the timer is looked at:
  now = 1.001;
  reactor.poll();
  if (ticks === 0) {
    assert.ok(reactor.wait(5000), 'it wakes for the deadline');
    reactor.poll();
  }
  assert.equal(ticks, 1);
});

it('a timer that goes off before the clock says so is set again', () => {
  let now = 0;
  using reactor = new Reactor({ now: () => now });
  let ticks = 0;
  reactor.time({ due: 1, tick: () => ticks++ });
  assert.ok(reactor.wait(5000));
  reactor.poll();
  assert.equal(ticks, 0);
  assert.ok(reactor.wait(5000), 'it wakes again');
  now = 1;
  reactor.poll();
  assert.equal(ticks, 1);
});
