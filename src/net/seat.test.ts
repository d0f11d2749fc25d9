import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { takeSeat } from './seat.ts';

it('removes what killed hosts left of other such buses, and nothing of hosts that live', () => {
  const parent = mkdtempSync(join(tmpdir(), 'ipscsi-seat-'));
  const seatAt = (name: string) =>
    takeSeat({
      ...{ directory: join(parent, name), bus: name, id: 1, width: 8, hostName: 'a', mtu: 1500 },
    } as Parameters<typeof takeSeat>[0]);
  try {
    const dead = join(parent, '@iscsi-dead');
    mkdirSync(dead, { mode: 0o700 });
    for (const file of ['1.lock', '1.sock']) writeFileSync(join(dead, file), '', { mode: 0o600 });
    mkdirSync(join(parent, 'other'), { mode: 0o700 });
    using _living = seatAt('@iscsi-living');
    using _ours = seatAt('@iscsi-ours');
    assert.equal(existsSync(dead), false);
    assert.equal(existsSync(join(parent, '@iscsi-living', '1.lock')), true);
    assert.equal(existsSync(join(parent, 'other')), true);
  } finally {
    rmSync(parent, { recursive: true });
  }
});
