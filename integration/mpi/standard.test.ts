import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { mpi } from '../../src/mpi.ts';

/** Where Debian's libmpich-dev puts a real mpi.h. */
function findHeaders(): string[] {
  for (const machine of readdirSync('/usr/include')) {
    const directory = join('/usr/include', machine, 'mpich');
    try {
      return readdirSync(directory).map((name) => join(directory, name));
    } catch {
      // not there
    }
  }
  return [];
}

const headers = findHeaders();
const document = readFileSync('docs/mpi.md', 'utf8');
const list = /## The standard's calls, and ours\n([\s\S]*?)\n## /.exec(document)?.[1] ?? '';
/** The first column of both tables: names, and families that end in an asterisk. */
const told = list
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .flatMap(
    (line) =>
      line
        .split(' | ')[0]
        ?.replaceAll('\\*', '*')
        .match(/[A-Z][\w*]*/g) ?? [],
  );
const isTold = (name: string) =>
  told.some((each) => (each.endsWith('*') ? name.startsWith(each.slice(0, -1)) : each === name));

describe('docs/mpi.md', () => {
  it('tells of every function of MPI-4.0', {
    skip: headers.length === 0 && 'libmpich-dev is not installed',
  }, () => {
    const text = headers
      .filter((name) => name.endsWith('.h'))
      .map((name) => readFileSync(name, 'utf8'))
      .join('\n');
    // Prototypes; those for great counts (…_c) and conversions between languages aside.
    const functions = [...text.matchAll(/^(?:int|double|MPI_Aint) MPI_([A-Z]+[a-z]\w*)\(/gm)]
      .map(([, name = '']) => name)
      .filter((name) => !/_c$|_[cf]2[cf]$|_[cf]2f?08$|_f082[cf]$|^F_/.test(name));
    assert.ok(functions.length > 300, `${functions.length} functions`);
    assert.deepEqual(
      [...new Set(functions)].filter((name) => !isTold(name)),
      [],
    );
  });

  it('names what mpi has', () => {
    const classes = ['Status', 'MpiError', 'ErrorClass'];
    const missing = Object.keys(mpi).filter((name) => !classes.includes(name) && !document.includes(name));
    assert.deepEqual(missing, []);
  });
});
