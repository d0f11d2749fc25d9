import assert from 'node:assert/strict';
import { it } from 'node:test';
import { markdownTable } from './markdown.ts';
import { figures } from './mpi/figures.ts';
import type { FigureResult } from './run.ts';

const result = (title: string, cells: readonly (readonly [string, string, number])[]): FigureResult => ({
  name: title,
  title,
  measured: cells.map(([contender, metric, median]) => ({
    contender,
    metric,
    unit: 'µs',
    median,
    min: median,
    max: median,
    samples: [median],
  })),
  verdicts: [],
  skipped: [],
  failed: [],
  notes: [],
});

it('results become a table, with a dash where nothing was measured', () => {
  const table = markdownTable([
    result('Latency', [
      ['ours', '8 bytes', 0.5],
      ['theirs', '8 bytes', 0.25],
      ['ours', '4 KiB', 1234],
    ]),
    result('Start', [['a|b', '4 ranks', 17]]),
  ]);
  assert.deepEqual(table.split('\n'), [
    '|  | ours | theirs | a\\|b |',
    '|---|---:|---:|---:|',
    '| Latency: 8 bytes, µs | 0.50 | 0.25 | – |',
    '| Latency: 4 KiB, µs | 1,234 | – | – |',
    '| Start: 4 ranks, µs | – | – | 17.0 |',
    '',
  ]);
});

it('what is expected of MPI names metrics and contenders that there are', () => {
  for (const { metrics, contenders, expectations } of figures) {
    const known = metrics.map(({ name }) => name);
    assert.equal(new Set(known).size, known.length);
    for (const { metric, of, to } of expectations) {
      assert.ok(known.includes(metric), metric);
      for (const name of [of, to])
        assert.ok(name === undefined || contenders.some((each) => each.name === name), name);
    }
  }
});
