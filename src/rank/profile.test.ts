import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { profilePath, readProfile, writeProfile } from './profile.ts';

const folder = mkdtempSync(join(tmpdir(), 'ipscsi-profile-'));
after(() => rmSync(folder, { recursive: true }));

const path = profilePath({ XDG_CACHE_HOME: join(folder, 'cache') });
const never = (line: string) => assert.fail(line);

it('keeps what was measured, by network', () => {
  assert.equal(readProfile(path, 'one', never), undefined);
  const costs = new Map([['eth', { alpha: 40, beta: 0.001 }]]);
  writeProfile(path, 'one', costs, never);
  writeProfile(path, 'two', new Map([['shm', { alpha: 1, beta: 0 }]]), never);
  assert.deepEqual(readProfile(path, 'one', never), costs);
  assert.equal(readProfile(path, 'three', never), undefined);
  assert.deepEqual(readdirSync(join(folder, 'cache', 'ipscsi')), ['mpi-profile.json']);
});

it('tells of a file that is no profile, and writes a new one', () => {
  for (const text of ['{', '{}', '{"version":1,"networks":{"one":{"eth":{"alpha":0,"beta":1}}}}']) {
    writeFileSync(path, text);
    const told: string[] = [];
    assert.equal(
      readProfile(path, 'one', (line) => told.push(line)),
      undefined,
    );
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /mpi-profile\.json is left alone: /);
  }
  writeProfile(path, 'one', new Map(), never);
  assert.deepEqual(readProfile(path, 'one', never), new Map());
});

it('is in the home directory unless told', () => {
  assert.match(profilePath({ XDG_CACHE_HOME: 'relative' }), /\.cache\/ipscsi\/mpi-profile\.json$/);
});
