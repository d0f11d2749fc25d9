import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import type { ProcessManager } from '../mpi/pmi/process-manager.ts';
import { Exchange, valuesOf } from './exchange.ts';

it('puts what every version of PMI takes, in pieces that Hydra takes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 2000 }), (text) => {
      const values = valuesOf(text);
      for (const value of values) {
        assert.match(value, /^[\w:.%-]*$/);
        assert.ok(value.length < 1000);
      }
      assert.equal(decodeURIComponent(values.join('').replace(/^\d+:/, '')), text);
    }),
  );
});

/** Ranks in turn: a fence is passed when all have come to it, so each rank is run until it waits, and again from the start. */
class Turns {
  readonly values = new Map<string, string>();
  /** Fences that all ranks have come to. */
  passed = 0;

  manager(rank: number, size: number): ProcessManager {
    let fences = 0;
    return {
      rank,
      size,
      job: 'turns',
      put: (key, value) => {
        assert.ok(key.length < 60 && (this.values.get(key) ?? value) === value);
        this.values.set(key, value);
      },
      fence: () => {
        if (fences++ >= this.passed) throw new Fence();
      },
      get: (key) => this.values.get(key),
      finalize: () => undefined,
      abort: () => undefined,
    };
  }
}
class Fence extends Error {}

it('tells every rank what each said', () => {
  const said = ['a host, & more; = 1\n', '', 'ü'.repeat(3000), ''];
  const turns = new Turns();
  const heard: string[][][] = said.map(() => []);
  for (; turns.passed <= 4; turns.passed++)
    for (const [rank, text] of said.entries())
      try {
        const exchange = new Exchange(turns.manager(rank, said.length));
        heard[rank] = [exchange.all(text), exchange.all(`${rank}`)];
      } catch (error) {
        if (!(error instanceof Fence)) throw error;
      }
  assert.deepEqual(
    heard,
    said.map(() => [said, ['0', '1', '2', '3']]),
  );
});

it('says what the process manager has lost', () => {
  const manager = new Turns();
  manager.passed = 9;
  const exchange = new Exchange({ ...manager.manager(1, 2), get: () => undefined });
  assert.throws(() => exchange.all('x'), /has lost ipscsi-0-all/);
});
