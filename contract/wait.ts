/** Blocking until there is something to do. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Probe, stage } from './stage.ts';
import type { OpenTransport } from './transport.ts';

/** Longer than any transport takes to bring one command. */
const longMs = 5000;

export function waitTests(open: OpenTransport): void {
  it('returns at once from an idle port when it may not wait', async () => {
    await using s = await stage(open);
    await s.run(new Probe());
    await s.rounds();
    for (const port of [s.initiator, s.harness.target]) {
      assert.equal(port.wait(0), false);
      assert.equal(port.wait(1), false);
    }
  });

  it('wakes a target for a command, and its initiator for the answer', async () => {
    await using s = await stage(open);
    await s.run(new Probe());
    await s.rounds();
    const { target } = s.harness;
    const task = new Probe();
    s.send(task);
    for (let i = 0; s.target.commands < 2 && i < 100; i++) {
      assert.equal(target.wait(longMs), true, 'the target wakes');
      assert.ok(target.poll() >= 0);
    }
    for (let i = 0; task.ends === 0 && i < 100; i++) {
      assert.equal(s.initiator.wait(longMs), true, 'the initiator wakes');
      s.initiator.poll();
    }
    assert.equal(task.ends, 1);
  });

  it('may be armed when idle, and disarmed', async () => {
    await using s = await stage(open);
    await s.run(new Probe());
    await s.rounds();
    for (const port of [s.initiator, s.harness.target]) {
      assert.equal(port.arm(true), true, 'nothing is there to do');
      port.disarm();
    }
    await s.run(new Probe());
  });
}
