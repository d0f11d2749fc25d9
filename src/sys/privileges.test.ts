import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { noNamespaces } from './lab.ts';

const skip = noNamespaces;

/** Runs a module's text in a process of its own, and gives what it printed. */
function run(body: string): string {
  const from = (name: string) => JSON.stringify(new URL(`./${name}.js`, import.meta.url).href);
  const code = `
    import { readFileSync } from 'node:fs';
    import { Worker } from 'node:worker_threads';
    import * as privileges from ${from('privileges')};
    import { createNamespace } from ${from('namespaces')};
    const status = (name) => new RegExp('^' + name + ':\\\\s*(\\\\S+)', 'm')
      .exec(readFileSync('/proc/thread-self/status', 'utf8'))[1];
    ${body}`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return stdout.trim();
}

test('every set is empty afterwards, and new programs gain nothing', { skip }, () => {
  const printed = run(`
    privileges.dropCapabilities();
    console.log(['CapEff', 'CapPrm', 'CapInh', 'CapBnd', 'CapAmb'].map((set) => BigInt('0x' + status(set))).join());
    console.log(status('NoNewPrivs'), privileges.hasCapability(privileges.CAP_NET_ADMIN));
    try { createNamespace(); } catch (error) { console.log(error.code); }
    privileges.dropCapabilities();`);
  assert.deepEqual(printed.split('\n'), ['0,0,0,0,0', '1 false', 'EPERM']);
});

test('threads started afterwards have none either', { skip }, () => {
  const printed = run(`
    privileges.dropCapabilities();
    const code = \`console.log(/^CapEff:\\\\s*0+$/m.test(
      require('node:fs').readFileSync('/proc/thread-self/status', 'utf8')))\`;
    new Worker(code, { eval: true, execArgv: [] });`);
  assert.equal(printed, 'true');
});
