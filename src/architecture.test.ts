import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

/** Folder: what it may import. ARCHITECTURE.md explains the layers. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  bytes: [],
  time: [],
  observe: [],
  sys: ['bytes', 'observe'],
  scsi: ['bytes'],
  transport: ['scsi', 'bytes', 'time', 'observe', 'sys'],
  link: ['scsi', 'bytes', 'time', 'observe', 'transport'],
  mpi: ['scsi', 'bytes', 'time', 'observe', 'sys', 'transport'],
  rank: ['mpi', 'scsi', 'bytes', 'time', 'observe', 'sys', 'transport'],
  net: ['link', 'bytes', 'time', 'observe', 'sys', 'transport', 'scsi'],
};
/** What the layers above the transports may know of them. */
const contractFiles = ['transport/transport.ts', 'transport/task.ts'];

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
);

/** Files imported by `file`, relative to src/. */
function imports(file: string): string[] {
  const text = readFileSync(`src/${file}`, 'utf8');
  return [...text.matchAll(/(?:from|import\() ?'(\.[^']+)'/g)].map(([, to = '']) =>
    new URL(to, `file:///${file}`).pathname.slice(1),
  );
}

test('imports point downwards only', () => {
  for (const file of sources) {
    const layer = file.split('/')[0] ?? '';
    const allowed = mayImport[layer];
    if (!allowed) continue;
    for (const to of imports(file)) {
      const below = to.split('/')[0] ?? '';
      assert.ok(below === layer || allowed.includes(below), `${file} must not import ${to}`);
      if ((layer === 'link' || layer === 'mpi') && below === 'transport')
        assert.ok(contractFiles.includes(to), `${file} may use the transport contract only, not ${to}`);
    }
  }
});

test('a concrete transport never imports another', () => {
  for (const file of sources) {
    const own = /^transport\/(\w+)\//.exec(file)?.[1];
    if (!own) continue;
    for (const to of imports(file)) {
      const other = /^transport\/(\w+)\//.exec(to)?.[1];
      assert.ok(!other || other === own, `${file} must not import ${to}`);
    }
  }
});

test('only sys/ calls foreign functions', () => {
  for (const file of sources) {
    if (file.startsWith('sys/')) continue;
    assert.doesNotMatch(readFileSync(`src/${file}`, 'utf8'), /from 'koffi'/, `${file} must go through sys/`);
  }
});

test('only time/ and cli/ ask the machine for time, timers or randomness', () => {
  for (const file of sources) {
    if (/^(time|cli)\//.test(file)) continue;
    const text = readFileSync(`src/${file}`, 'utf8');
    assert.doesNotMatch(text, /Date\.now|performance\.now|setTimeout\(|setInterval\(|Math\.random/, file);
  }
});
