import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { FarData, InitiatorNexus } from '../transport/transport.ts';
import { Ways } from './ways.ts';

const waysWith = (far: FarData | undefined) => new Ways({ far } as InitiatorNexus);
/** How many of so many messages go far. */
const count = (ways: Ways, messages: number) =>
  Array.from({ length: messages }, () => ways.far(100_000)).filter((most) => most > 0).length;

it('takes the way that is measured to be better, and now and then the other', () => {
  const far = { maxDataOut: 1 << 20, near: 0, far: 0 };
  const ways = waysWith(far);
  assert.equal(count(ways, 64), 2, 'nothing is known');
  far.near = 100;
  far.far = 95;
  assert.equal(count(ways, 64), 2, 'not worth the change');
  far.far = 80;
  count(ways, 32);
  assert.equal(count(ways, 64), 62);
  far.far = 105;
  count(ways, 32);
  assert.equal(count(ways, 64), 62, 'not worth the change');
  far.far = 120;
  count(ways, 32);
  assert.equal(count(ways, 64), 2);
  for (let i = 0; i < 16; i++) ways.staged(0.001, 4096); // 244 ps per byte
  count(ways, 32);
  assert.equal(count(ways, 64), 62, 'the slower of two processors counts');
});

it('stages what is short, and all where the target can do nothing else', () => {
  const ways = waysWith({ maxDataOut: 1 << 20, near: 100, far: 1 });
  assert.equal(ways.far(16_385), 0);
  assert.equal(count(waysWith(undefined), 100), 0);
});

it('does not measure where staging takes many turns', () => {
  const ways = new Ways({ far: { maxDataOut: 1 << 20, near: 1, far: 100 } } as InitiatorNexus, 131_072);
  const most = Array.from({ length: 64 }, () => ways.far(131_073));
  assert.deepEqual(new Set(most), new Set([1 << 20]));
  assert.equal(count(ways, 64), 2);
});
