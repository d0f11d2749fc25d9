/**
 * Network namespaces (man 7 network_namespaces). A namespace lives as long as a descriptor, a process or a mount
 * holds it. setns and unshare move the calling *thread* only: sockets, TAP devices and netlink opened by it
 * meanwhile belong to the namespace it was in. Not here: user namespaces, which a process of many threads cannot
 * make.
 */

import { closeSync, openSync } from 'node:fs';
import { check, libc, SystemError } from './libc.ts';
import { Netlink } from './netlink.ts';

const setns: (fd: number, kind: number) => number = libc.func('int setns(int fd, int kind)');
const unshare: (flags: number) => number = libc.func('int unshare(int flags)');

const CLONE_NEWNET = 0x40000000;
const own = '/proc/thread-self/ns/net';

/** Node's error for a failed open, as ours. */
function open(path: string, subject = path): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (!(error instanceof Error && 'errno' in error && typeof error.errno === 'number')) throw error;
    throw new SystemError('open', subject, -error.errno);
  }
}

/** Where a namespace is found: a name as `ip netns` makes it, or a path (anything with a slash). */
export const namespacePath = (nameOrPath: string): string =>
  nameOrPath.includes('/') ? nameOrPath : `/var/run/netns/${nameOrPath}`;

/** A descriptor of a namespace; close it with closeSync. @throws SystemError ENOENT, EACCES. */
export function openNamespace(nameOrPath: string): number {
  const path = namespacePath(nameOrPath);
  return open(path, path === nameOrPath ? path : `network namespace "${nameOrPath}" (${path})`);
}

/** A descriptor of the namespace that the calling thread is in. */
export const openOwnNamespace = (): number => open(own);

/** Moves the calling thread for good; threads that it starts later follow. @throws SystemError EPERM, EINVAL. */
export function enterNamespace(fd: number): void {
  check(setns(fd, CLONE_NEWNET), 'setns', 'into a network namespace');
}

/** Runs `work` with the calling thread in another namespace. `work` must be done when it returns: no promises. */
export function withNamespace<T>(fd: number, work: () => T): T {
  return away(() => enterNamespace(fd), work);
}

/** A new, empty namespace with its loopback up; a descriptor of it. @throws SystemError EPERM. */
export function createNamespace(): number {
  return away(
    () => check(unshare(CLONE_NEWNET), 'unshare', 'a network namespace'),
    () => {
      using netlink = new Netlink();
      netlink.setLink('lo', { up: true });
      return openOwnNamespace();
    },
  );
}

/** Goes somewhere, works there, and comes back whatever happens. */
function away<T>(go: () => void, work: () => T): T {
  const home = openOwnNamespace();
  try {
    go();
    try {
      return work();
    } finally {
      enterNamespace(home);
    }
  } finally {
    closeSync(home);
  }
}
