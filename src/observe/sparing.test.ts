import assert from 'node:assert/strict';
import { it } from 'node:test';
import { sparing } from './sparing.ts';

it('says each event once in a while, and how many it left out', () => {
  const said: unknown[] = [];
  let now = 0;
  const logger = sparing({ log: (...event) => said.push(event) }, () => now, 10);
  for (now = 0; now < 25; now++) logger.log('warn', 'knock', { now });
  logger.log('info', 'ready');
  assert.deepEqual(said, [
    ['warn', 'knock', { now: 0 }],
    ['warn', 'knock', { now: 10, leftOut: 9 }],
    ['warn', 'knock', { now: 20, leftOut: 9 }],
    ['info', 'ready', undefined],
  ]);
});
