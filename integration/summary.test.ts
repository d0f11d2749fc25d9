import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Ran, run } from './lab/processes.ts';

const reporter = new URL('./summary.js', import.meta.url).pathname;
const directory = mkdtempSync(join(tmpdir(), 'ipscsi-summary-'));
after(() => rmSync(directory, { recursive: true, force: true }));

/** Runs test files with these texts under the reporter. */
function runTests(texts: Readonly<Record<string, string>>): Promise<Ran> {
  const files = Object.entries(texts).map(([name, text]) => {
    const file = join(directory, name);
    writeFileSync(file, `const { test, describe, it } = require('node:test');\n${text}`);
    return file;
  });
  const options = ['--test', '--test-timeout=60000', `--test-reporter=${reporter}`];
  // A test runner within one would keep silent.
  return run(['env', '-u', 'NODE_TEST_CONTEXT', process.execPath, ...options, ...files]);
}

test('a run without failures ends with its counts and status 0', async () => {
  const { code, out } = await runTests({
    'good.cjs': "test('one', () => {}); test('two', { skip: 'no root' }, () => {}); console.log('noise');",
  });
  assert.equal(code, 0, out);
  assert.match(out, /^ok .* s {2}.*good\.cjs$/m);
  assert.match(out, /^ {4}1 {2}no root$/m);
  assert.match(out, /\n1 files, 1 passed, 0 failed, 1 skipped, in \d+ s\n$/);
  assert.doesNotMatch(out, /noise|Failed/);
});

test('what failed, and why, is the last thing said; the status tells it too', async () => {
  const { code, out } = await runTests({
    'bad.cjs': `
      describe('outer', () => { it('inner', () => { throw new Error('the reason'); }); it('fine', () => {}); });
      console.log('a trace');`,
    'dies.cjs': "test('fine', () => {}); setTimeout(() => { throw new Error('too late'); }, 20);",
    'killed.cjs': "process.kill(process.pid, 'SIGKILL');",
  });
  assert.equal(code, 1);
  const end = out.slice(out.indexOf('\nFailed:\n'));
  assert.match(end, /bad\.cjs: outer › inner\n {4}Error: the reason\n/);
  assert.equal(end.match(/the reason/g)?.length, 1, 'the suite around it is not named again');
  assert.match(end, /killed\.cjs: the file itself/);
  assert.match(end, /\n3 files, 2 passed, 3 failed, 0 skipped, in \d+ s\n$/);
  assert.match(out, /Written by .*bad\.cjs:\n {4}a trace\n/);
  assert.match(out, /too late/);
  assert.match(out, /^FAILED .*killed\.cjs$/m);
});
