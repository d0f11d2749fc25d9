import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '../time/clock.ts';
import { busyPoll, Lookout } from './lookout.ts';

/** A pause of `ms`: sleeps through it unless the lookout watches; says whether it watched. */
function pause(lookout: Lookout, clock: VirtualClock, ms: number): boolean {
  const end = clock.now() + ms;
  let watched = false;
  const ended = lookout.watch(clock.now(), () => {
    watched = true;
    clock.advance(0.001);
    return clock.now() >= end;
  });
  if (!ended) {
    clock.advance(Math.max(0, end - clock.now()));
    lookout.woke(clock.now());
  }
  return watched;
}

describe('lookout', () => {
  it('sleeps at first, watches once pauses are short, and sleeps again when they are long', () => {
    const clock = new VirtualClock();
    const lookout = new Lookout(clock, { lookMs: 0.05 });
    const short = Array.from({ length: 4 }, () => pause(lookout, clock, 0.02));
    assert.deepEqual(short, [false, false, true, true]);
    const long = Array.from({ length: 4 }, () => pause(lookout, clock, 10));
    assert.deepEqual(long, [true, true, false, false]);
  });
  it('knows pauses after sending from pauses after receiving', () => {
    const clock = new VirtualClock();
    const lookout = new Lookout(clock, { lookMs: 0.05 });
    for (let i = 0; i < 5; i++) {
      lookout.worked(true);
      pause(lookout, clock, 0.02);
      lookout.worked(false);
      pause(lookout, clock, 10);
    }
    lookout.worked(true);
    assert.equal(pause(lookout, clock, 0.02), true);
    lookout.worked(false);
    assert.equal(pause(lookout, clock, 10), false);
  });
  it('never watches without patience, and never sleeps with all of it', () => {
    const clock = new VirtualClock();
    const hasty = new Lookout(clock, { lookMs: 0 });
    assert.ok(!Array.from({ length: 5 }, () => pause(hasty, clock, 0.001)).includes(true));
    const busy = new Lookout(clock, busyPoll);
    assert.equal(
      busy.watch(clock.now(), () => false),
      true,
    );
  });
});
