import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { JobDirectory } from './job-directory.ts';
import { LocalCrew, type LocalPlan } from './local-crew.ts';

const plan: LocalPlan = {
  ...{ ranks: [0, 1, 2], program: 'sleep', args: ['20'], directory: undefined, bind: false },
  // No variable may be as long as the last rank's: execve(2), E2BIG.
  env: (rank) => ({ ...process.env, LONG: 'x'.repeat(rank === 2 ? 1 << 20 : 1) }),
  stdio: () => ['ignore', 'ignore', 'ignore'],
  attach: () => undefined,
  unfinished: () => false,
};

describe('ranks on this host', () => {
  it('are taken back, and all that they share, when one of them cannot be started', async () => {
    const children: ChildProcess[] = [];
    const take = (message: unknown) => void children.push((message as { process: ChildProcess }).process);
    subscribe('child_process', take);
    try {
      const directory = JobDirectory.create(3);
      assert.ok(existsSync(directory.path));
      assert.throws(
        () => new LocalCrew(plan, directory, () => assert.fail('there is no crew that it could be of')),
        /E2BIG/,
      );
      assert.ok(!existsSync(directory.path));
    } finally {
      unsubscribe('child_process', take);
    }
    const started = children.filter(({ pid }) => pid !== undefined);
    assert.equal(started.length, 2);
    const ends = await Promise.all(
      started.map((child) => (child.signalCode ? [null, child.signalCode] : once(child, 'exit'))),
    );
    assert.deepEqual(ends, [
      [null, 'SIGKILL'],
      [null, 'SIGKILL'],
    ]);
  });
});
