import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CliError } from '../failure.ts';
import { variablesOf } from './routing-variables.ts';

describe('routing options as variables', () => {
  let files = '';
  before(() => {
    files = mkdtempSync(join(tmpdir(), 'ipscsi-routes-'));
  });
  after(() => rmSync(files, { recursive: true }));

  /** A bus of its own for each of so many pairs of two ranks. */
  const fileOf = (buses: number) => {
    const path = join(files, `${buses}`);
    const bus = (i: number) => `[[bus]]\nname = "bus${i}"\ncarrier = "shm"\nnodes = ["0", "1"]\n`;
    const head = '[carriers.shm]\nalpha = 3\nbeta = 0.0001\n';
    writeFileSync(path, head + Array.from({ length: buses }, (_, i) => bus(i)).join(''));
    return path;
  };
  const plain = { explain: false, measure: false };

  it('are those that were given', () => {
    assert.deepEqual(variablesOf(plain, 2), []);
    assert.deepEqual(variablesOf({ explain: true, measure: true, carriers: 'shm, iscsi' }, 2), [
      'IPSCSI_MPI_EXPLAIN=1',
      'IPSCSI_MPI_MEASURE=1',
      'IPSCSI_MPI_CARRIERS=shm,iscsi',
    ]);
    const [route = ''] = variablesOf({ ...plain, route: fileOf(1) }, 2);
    assert.match(route, /^IPSCSI_MPI_ROUTE=\{"size":2,/);
  });

  it('that can’t be are told of', () => {
    const refused = (flags: Parameters<typeof variablesOf>[0], message: RegExp) =>
      assert.throws(
        () => variablesOf(flags, 2),
        (error) => error instanceof CliError && message.test(error.message),
      );
    refused({ ...plain, carriers: 'shm,fc' }, /"shm,fc" carries no messages/);
    refused({ ...plain, route: join(files, 'none') }, /can't be read: ENOENT/);
    refused({ ...plain, route: fileOf(3000) }, /says more than can be handed to the ranks/);
  });
});
