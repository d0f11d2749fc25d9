/** What may lie in a bus's directory, through accident or malice, and what becomes of it. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Claim, files, openDirectory, sweepDead } from './claim.ts';
import { BusError } from './errors.ts';
import { Block, blockAt, Header, headerBytes } from './layout.ts';
import type { ShmOptions } from './options.ts';
import { openShmPort, type ShmPort } from './port.ts';

const refused = (fault: string) => (error: unknown) => error instanceof BusError && error.fault === fault;

/** A bus's directory, and ports on it, that end with the test. */
function busOf(test: TestContext) {
  const root = mkdtempSync('/dev/shm/ipscsi-test-');
  const directory = join(root, 'bus');
  const ports: ShmPort[] = [];
  test.after(() => {
    for (const port of ports) port[Symbol.dispose]();
    rmSync(root, { recursive: true, force: true });
  });
  const open = (id: number, more: Partial<ShmOptions> = {}): ShmPort => {
    const port = openShmPort({ directory, bus: 'test', id, width: 8, hostName: 'h', depth: 16, ...more });
    ports.push(port);
    return port;
  };
  return { root, directory, open };
}

function meet(one: ShmPort, other: ShmPort): boolean {
  for (let i = 0; i < 20_000 && !(one.targets.has(other.id) && other.targets.has(one.id)); i++)
    one.poll() + other.poll();
  return one.targets.has(other.id) && other.targets.has(one.id);
}

const fifo = (path: string) => execFileSync('mkfifo', [path]);

test('bells and regions that are none keep nobody up, and kill nobody', (test) => {
  const { root, directory, open } = busOf(test);
  const good = open(1);
  const region = readFileSync(files.region(directory, 1));
  const regionOf = (id: number) => {
    const copy = Uint8Array.from(region);
    new Int32Array(copy.buffer)[Header.id] = id;
    return copy;
  };
  const bells: readonly ((path: string) => void)[] = [
    (path) => writeFileSync(path, ''),
    (path) => symlinkSync('/dev/null', path),
    (path) => symlinkSync(files.bell(directory, 1), path),
    (path) => mkdirSync(path),
  ];
  bells.forEach((make, i) => {
    make(files.bell(directory, 2 + i));
    writeFileSync(files.region(directory, 2 + i), regionOf(2 + i));
  });
  fifo(files.bell(directory, 6));
  const listener = openSync(files.bell(directory, 6), constants.O_RDWR | constants.O_NONBLOCK);
  fifo(files.region(directory, 6)); // nobody writes to it
  const newcomer = open(0);
  assert.ok(meet(good, newcomer));
  assert.deepEqual([[...good.targets.keys()], [...newcomer.targets.keys()]], [[0], [1]]);
  assert.deepEqual(readdirSync(root), ['bus']);
  closeSync(listener);
});

test('a region with an ID or of a width that the bus has not is none', (test) => {
  const { directory, open } = busOf(test);
  const good = open(1, { memory: 1 << 20 });
  const whole = readFileSync(files.region(directory, 1));
  const before = whole.subarray(headerBytes);
  for (const [id, width] of [
    [20, 32],
    [3, 16],
    [21, 8],
  ] as const) {
    fifo(files.bell(directory, id));
    const listener = openSync(files.bell(directory, id), constants.O_RDWR | constants.O_NONBLOCK);
    const forged = Uint8Array.from(whole);
    const words = new Int32Array(forged.buffer);
    words[Header.id] = id;
    words[Header.width] = width;
    writeFileSync(files.region(directory, id), forged);
    const bell = openSync(files.bell(directory, 1), constants.O_WRONLY | constants.O_NONBLOCK);
    writeSync(bell, Uint8Array.of(2));
    closeSync(bell);
    good.disarm();
    const after = readFileSync(files.region(directory, 1)).subarray(headerBytes);
    assert.ok(before.equals(after), `ID ${id} of ${width} is not met`);
    closeSync(listener);
  }
});

test("every page that a peer may look at is there, even before we have met it: a full tmpfs can't kill it", (test) => {
  const { directory, open } = busOf(test);
  const { shape } = open(1, { width: 256, depth: 256, replySlots: 1 }).region;
  const { blocks } = statSync(files.region(directory, 1));
  const looked = headerBytes + shape.width * 4096;
  assert.ok(blocks * 512 >= looked, `${blocks} blocks`);
  assert.ok(4 * Block.peer < 4096 && blockAt(1, shape.depth) % 4096 === 0);
});

test('a lock that is a link, a pipe or a directory is refused, and leads nowhere', (test) => {
  const { root, directory, open } = busOf(test);
  openDirectory(directory);
  const precious = join(root, 'precious');
  writeFileSync(precious, 'data');
  symlinkSync(precious, files.lock(directory, 1));
  fifo(files.lock(directory, 2));
  mkdirSync(files.lock(directory, 3));
  for (const id of [1, 2, 3]) assert.throws(() => open(id), refused('permission'));
  assert.equal(readFileSync(precious, 'utf8'), 'data');
  open(4)[Symbol.dispose](); // sweeps what it can
  assert.ok(existsSync(precious));
});

test('what a host left that was killed while it started is swept up', (test) => {
  const { directory } = busOf(test);
  openDirectory(directory);
  for (const path of [files.lock, files.bell, files.regionDraft, files.controlDraft])
    writeFileSync(path(directory, 3), '');
  writeFileSync(files.controlDraft(directory, 4), '');
  sweepDead(directory);
  assert.deepEqual(readdirSync(directory), []);
});

test('a host whose directory was taken away leaves its successor alone', (test) => {
  const { root, directory, open } = busOf(test);
  const old = open(3);
  renameSync(directory, join(root, 'away'));
  const successor = open(3);
  const there = readdirSync(directory);
  old[Symbol.dispose]();
  assert.deepEqual(readdirSync(directory), there);
  assert.ok(meet(successor, open(4)));
});

test('hosts that cannot come up leave neither descriptors nor a directory', (test) => {
  const { directory, open } = busOf(test);
  assert.throws(() => open(9), refused('width'));
  assert.ok(!existsSync(directory));
  open(1);
  const descriptors = () => readdirSync('/proc/self/fd').length;
  const before = descriptors();
  for (let i = 0; i < 20; i++) assert.throws(() => open(1), refused('id-taken'));
  // Larger than any tmpfs.
  for (let i = 0; i < 20; i++) assert.throws(() => open(2, { memory: 2 ** 40 }), refused('no-space'));
  assert.equal(descriptors(), before);
  assert.deepEqual(
    readdirSync(directory).filter((name) => !name.startsWith('1.')),
    [],
  );
});

test('memory has storage when it was asked for, and not before', (test) => {
  const { directory, open } = busOf(test);
  const host = open(1, { memory: 2 ** 20 });
  const stored = () => statSync(files.region(directory, 1)).blocks * 512;
  const before = stored();
  host.allocate(0);
  assert.equal(stored(), before);
  host.allocate(2 ** 19);
  assert.ok(stored() >= before + 2 ** 19 && stored() < before + 2 ** 20);
  assert.throws(() => host.allocate(2 ** 20), /only 524288 are left/);
});

test('an arrival is noticed although the bell was full', (test) => {
  const { directory, open } = busOf(test);
  const host = open(1);
  const bell = openSync(files.bell(directory, 1), constants.O_WRONLY | constants.O_NONBLOCK);
  try {
    for (;;) writeSync(bell, new Uint8Array(4096).fill(1));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
  }
  closeSync(bell);
  assert.ok(meet(host, open(2)));
});

test('a host that follows another with the same ID at once is met', (test) => {
  const { open } = busOf(test);
  const host = open(1);
  const first = open(2);
  assert.ok(meet(host, first));
  first[Symbol.dispose]();
  const second = open(2);
  host.disarm(1); // woken by the bell, before the death was seen
  assert.ok(meet(host, second));
});

test('a directory that others may write into is refused', (test) => {
  const { directory } = busOf(test);
  mkdirSync(directory, { mode: 0o700 });
  for (const mode of [0o770, 0o702, 0o1777]) {
    chmodSync(directory, mode);
    assert.throws(() => openDirectory(directory), refused('bus-owner'));
  }
  chmodSync(directory, 0o755);
  openDirectory(directory);
  const claim = Claim.take(directory, 1, 'h');
  assert.ok(claim instanceof Claim);
  claim.release();
});
