import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { idsOf } from './members.ts';

const alpha = 'iqn.2026-01.org.ipscsi:lab.alpha';
const beta = 'iqn.2026-01.org.ipscsi:lab.beta';

describe('who is who among those that log in', () => {
  const idOf = idsOf(
    [
      { id: 1, name: alpha },
      { id: 7, name: beta },
    ],
    0,
    8,
  );

  it('a member has its ID', () => assert.deepEqual([alpha, beta].map(idOf), [1, 7]));
  it('whoever looks about has the highest free one', () => assert.equal(idOf(`${alpha}.scan`), 6));
  it('a member whose own name ends like that is itself', () => {
    const named = idsOf(
      [
        { id: 1, name: alpha },
        { id: 2, name: `${alpha}.scan` },
      ],
      0,
      8,
    );
    assert.deepEqual([alpha, `${alpha}.scan`, `${alpha}.scan.scan`].map(named), [1, 2, 7]);
  });
  it('nobody else is let in', () => {
    for (const name of [
      'iqn.2026-01.org.ipscsi:lab.gamma',
      'iqn.2026-01.org.ipscsi:lab.gamma.scan',
      `${alpha}x`,
    ])
      assert.equal(idOf(name), undefined);
  });
  it('on a full bus nobody can look about', () => {
    const members = Array.from({ length: 7 }, (_, i) => ({ id: i + 1, name: `${alpha}${i}` }));
    assert.equal(idsOf(members, 0, 8)(`${alpha}3.scan`), undefined);
  });
});
