import assert from 'node:assert/strict';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { leaveDirectory, openDirectory } from './claim.ts';
import { BusError } from './errors.ts';

const refused = (fault: string) => (error: unknown) => error instanceof BusError && error.fault === fault;
/** Root of the machine, not of a user namespace alone: only then are there other users. */
const asRoot =
  process.getuid?.() === 0 && /^\s*0\s+0\s+4294967295/.test(readFileSync('/proc/self/uid_map', 'utf8'));
const nobody = 65534;

test('the last one takes the directory and the parent of all buses', () => {
  const root = mkdtempSync(join(tmpdir(), 'ipscsi-test-'));
  const parent = join(root, 'ipscsi.0');
  openDirectory(join(parent, 'one'));
  openDirectory(join(parent, 'two'));
  leaveDirectory(join(parent, 'one'));
  assert.ok(existsSync(join(parent, 'two')));
  leaveDirectory(join(parent, 'two'));
  assert.ok(!existsSync(parent));
  rmSync(root, { recursive: true });
});

test('buses come and go beside each other, and with them the parent', async () => {
  const root = mkdtempSync(join(tmpdir(), 'ipscsi-test-'));
  const source = `
    import { workerData } from 'node:worker_threads';
    const { leaveDirectory, openDirectory } = await import(workerData.module);
    for (let i = 0; i < 3000; i++) { openDirectory(workerData.bus); leaveDirectory(workerData.bus); }`;
  const module = new URL('./claim.js', import.meta.url).href;
  const ends = ['one', 'two'].map((name) => {
    const workerData = { module, bus: join(root, 'ipscsi.0', name) };
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), { workerData });
    return new Promise((resolve, reject) => worker.once('error', reject).once('exit', resolve));
  });
  assert.deepEqual(await Promise.all(ends), [0, 0]);
  rmSync(root, { recursive: true });
});

test('what cannot be made, or is a file', () => {
  const root = mkdtempSync(join(tmpdir(), 'ipscsi-test-'));
  assert.throws(() => openDirectory(join(root, 'no', 'such', 'bus')), refused('permission'));
  assert.throws(() => openDirectory('/proc/self/status'), refused('bus-owner'));
  rmSync(root, { recursive: true });
});

test("another user's directory, and a bus of ours in another user's", {
  skip: !asRoot && 'needs root',
}, () => {
  const root = mkdtempSync(join(tmpdir(), 'ipscsi-test-'));
  for (const [foreign, bus] of [
    ['bus', 'bus'],
    ['ipscsi.0', 'ipscsi.0/bus'],
  ] as const) {
    mkdirSync(join(root, foreign));
    chownSync(join(root, foreign), nobody, nobody);
    assert.throws(() => openDirectory(join(root, bus)), refused('bus-owner'));
  }
  rmSync(root, { recursive: true });
});
