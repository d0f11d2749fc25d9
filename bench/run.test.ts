import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noColours } from '../src/cli/colours.ts';
import { type Contender, type Figure, type Plan, Skip } from './figure.ts';
import { figures } from './net/figures.ts';
import { search } from './net/packets.ts';
import { figureLines } from './report.ts';
import { runFigure } from './run.ts';
import { choose } from './suite.ts';

const plan: Plan = { smoke: true, stop: new AbortController().signal, say: () => undefined };
const metric = 'rate';

/** Gives these values, one a round, and tells of what happens to it. */
function scripted(name: string, values: readonly number[], told: string[] = []): Contender {
  return {
    name,
    open: async () => {
      let round = 0;
      return {
        measure: async () => {
          told.push(`measure ${name}`);
          const value = values[round++];
          if (value === undefined) throw new Error('broken');
          return { [metric]: value };
        },
        [Symbol.asyncDispose]: async () => void told.push(`close ${name}`),
      };
    },
  };
}

const figure = (contenders: readonly Contender[]): Figure => ({
  name: 'test',
  title: 'A test',
  metrics: [{ name: metric, unit: 'MB/s' }],
  contenders,
  expectations: [
    { metric, of: 'a', to: 'b', atLeast: 2 },
    { metric, of: 'a', atMost: 3 },
    { metric, of: 'b', atLeast: 1, cores: 8 },
  ],
});

describe('a figure', () => {
  it('measures its contenders in turn, then takes them away', async () => {
    const told: string[] = [];
    await runFigure(figure([scripted('a', [1, 1], told), scripted('b', [1, 1], told)]), 2, 2, plan);
    assert.deepEqual(told, [
      ...['measure a', 'measure b', 'measure a', 'measure b'],
      ...['close a', 'close b'],
    ]);
  });

  it('compares medians, and tells how the rounds differ', async () => {
    const contenders = [scripted('a', [4, 6, 20]), scripted('b', [2, 4, 2])];
    const { verdicts, failed } = await runFigure(figure(contenders), 3, 2, plan);
    assert.deepEqual(failed, []);
    assert.deepEqual(
      verdicts.map(({ value, spread, met }) => ({ value, spread, met })),
      [
        { value: 3, spread: [1.5, 10], met: true },
        { value: 6, spread: undefined, met: false },
        { value: 2, spread: undefined, met: undefined },
      ],
    );
  });

  it('goes on without the contender that fails, and without the one that this machine has not', async () => {
    const missing: Contender = { name: 'c', open: () => Promise.reject(new Skip('not installed')) };
    const result = await runFigure(figure([scripted('a', [1]), scripted('b', [1, 1]), missing]), 2, 2, plan);
    assert.deepEqual(result.failed, [{ contender: 'a', reason: 'broken' }]);
    assert.deepEqual(result.skipped, [{ contender: 'c', reason: 'not installed' }]);
    assert.deepEqual(
      result.measured.map(({ contender, samples }) => [contender, samples.length]),
      [
        ['a', 1],
        ['b', 2],
      ],
    );
  });

  it('ends when told to stop, and takes away what it set up', async () => {
    const told: string[] = [];
    const stop = AbortSignal.abort('SIGINT');
    const running = runFigure(figure([scripted('a', [], told)]), 1, 2, { ...plan, stop });
    await assert.rejects(running, (reason) => reason === 'SIGINT');
    assert.deepEqual(told, ['measure a', 'close a']);
  });

  it('prints a table, and what was expected', async () => {
    const result = await runFigure(figure([scripted('a', [4, 6]), scripted('b', [2, 2])]), 2, 2, plan);
    assert.deepEqual(figureLines(result, noColours), [
      'A test [test]',
      'median (min–max)                       a                 b',
      'rate              MB/s  5.00 (4.00–6.00)  2.00 (2.00–2.00)',
      'rate: a has 2.50 (2.00–3.00) × b; expected ≥ 2 ×: met',
      'rate: a has 5.00 MB/s; expected ≤ 3 MB/s: not met',
      'rate: b has 2.00 MB/s; expected ≥ 1 MB/s: not judged with fewer than 8 cores',
      '',
    ]);
  });

  it('is chosen by name', () => {
    assert.deepEqual(
      choose(figures, ['udp', 'ping']).map(({ name }) => name),
      ['ping', 'udp'],
    );
    assert.throws(() => choose(figures, ['nonsense']), { message: 'there is no figure "nonsense"' });
  });
});

describe('the search for the greatest rate', () => {
  const path =
    (capacity: number, sender = 1e6) =>
    async (rate: number) => {
      const sent = Math.min(rate, sender);
      const carried = Math.min(sent, capacity);
      return { rate: carried, loss: 1 - carried / sent };
    };

  it('comes close to what the path carries', async () => {
    const found = await search(path(123_000), 6);
    assert.ok(found > 120_000 && found <= 123_000, `${found}`);
  });

  it('ends where the sender can no more', async () => {
    assert.equal(await search(path(2e6), 6), 1e6);
  });

  it('forgives one loss', async () => {
    const carry = path(123_000);
    let count = 0;
    const unlucky = async (rate: number) => (count++ % 2 === 0 ? { rate, loss: 0.5 } : carry(rate));
    assert.ok((await search(unlucky, 6)) > 120_000);
  });

  it('fails when nothing is carried', async () => {
    await assert.rejects(search(path(0), 4), /not carried/);
  });
});
