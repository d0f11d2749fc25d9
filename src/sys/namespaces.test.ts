import assert from 'node:assert/strict';
import { closeSync, fstatSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { Lab, netlinkIn, noNamespaces } from './lab.ts';
import { SystemError } from './libc.ts';
import { namespacePath, openNamespace, openOwnNamespace, withNamespace } from './namespaces.ts';

const skip = noNamespaces;
/** Tells one namespace from another. */
const current = () => readlinkSync('/proc/thread-self/ns/net');

test('a name is looked for where `ip netns` keeps them, a path is itself', () => {
  assert.equal(namespacePath('lab'), '/var/run/netns/lab');
  assert.equal(namespacePath('/proc/1/ns/net'), '/proc/1/ns/net');
});

test('a namespace that is not there is named in the error', () => {
  assert.throws(
    () => openNamespace('no-such-namespace'),
    (error) =>
      error instanceof SystemError &&
      error.code === 'ENOENT' &&
      error.message.includes('"no-such-namespace"'),
  );
});

test('a new namespace holds loopback alone, up', { skip }, () => {
  using lab = new Lab();
  using netlink = netlinkIn(lab.namespace());
  const [lo, ...more] = netlink.links();
  assert.deepEqual([lo?.name, lo?.up, more], ['lo', true, []]);
});

test('the thread is elsewhere while the work runs, and back afterwards', { skip }, () => {
  using lab = new Lab();
  const home = current();
  const there = withNamespace(lab.namespace(), current);
  assert.notEqual(there, home);
  assert.equal(current(), home);
});

test('the thread comes back when the work throws', { skip }, () => {
  using lab = new Lab();
  const home = current();
  const failure = new Error('as planned');
  const fail = () => {
    throw failure;
  };
  assert.throws(() => withNamespace(lab.namespace(), fail), failure);
  assert.equal(current(), home);
});

test('what is no namespace is refused, and the thread stays', { skip }, () => {
  const home = current();
  const file = openNamespace('/proc/self/status');
  try {
    assert.throws(
      () => withNamespace(file, () => assert.fail('must not run')),
      (error) => error instanceof SystemError && error.code === 'EINVAL',
    );
  } finally {
    closeSync(file);
  }
  assert.equal(current(), home);
});

test('a descriptor opened by path is the same namespace', { skip }, () => {
  using lab = new Lab();
  const made = lab.namespace();
  const opened = openNamespace(`/proc/self/fd/${made}`);
  assert.equal(fstatSync(opened).ino, fstatSync(made).ino);
  closeSync(opened);
  const own = openOwnNamespace();
  assert.equal(fstatSync(own).ino, statSync('/proc/thread-self/ns/net').ino);
  closeSync(own);
});

test('no descriptor is left behind', { skip }, () => {
  const before = readdirSync('/proc/self/fd').length;
  for (let i = 0; i < 3; i++) {
    using lab = new Lab();
    using netlink = netlinkIn(lab.namespace());
    assert.throws(() => netlink.link('nowhere'));
  }
  assert.equal(readdirSync('/proc/self/fd').length, before);
});
