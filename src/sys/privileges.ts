/**
 * Giving up what a process does not need (man 7 capabilities). Capabilities belong to threads: what is given up here is
 * the calling thread's, and that of the threads it starts later; Node's own helper threads, which are there from the
 * start and run no code of ours, keep theirs. So: call it in the main thread before workers start, or in each worker.
 */

import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { check, libc, SystemError } from './libc.ts';

const prctl: (option: number, a: number, b: number, c: number, d: number) => number = libc.func(
  'prctl',
  'int',
  ['int', 'ulong', 'ulong', 'ulong', 'ulong'],
);
const capset: (header: Uint8Array, data: Uint8Array) => number = libc.func(
  'int capset(void *header, void *data)',
);

const PR_SET_PDEATHSIG = 1;
const PR_CAPBSET_DROP = 24;
const PR_SET_NO_NEW_PRIVS = 38;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;
const CAP_SETPCAP = 8;

/** _LINUX_CAPABILITY_VERSION_3, then pid 0: the calling thread. */
const capabilityHeader = () => Uint8Array.of(0x22, 0x05, 0x08, 0x20, 0, 0, 0, 0);

/** The kernel sends us `signal` when the thread that started this process ends; a new program keeps it. */
export function dieWithParent(signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL'): void {
  check(prctl(PR_SET_PDEATHSIG, constants.signals[signal], 0, 0, 0), 'prctl', 'PR_SET_PDEATHSIG');
}

/** No program that this thread starts ever gains a privilege by set-user-ID bits or file capabilities. */
function refuseNewPrivileges(): void {
  check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 'prctl', 'PR_SET_NO_NEW_PRIVS');
}

/** The effective capabilities of the calling thread; bit n is capability n. */
function effectiveCapabilities(): bigint {
  const line = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/thread-self/status', 'utf8'));
  return BigInt(`0x${line?.[1] ?? '0'}`);
}

/** Whether the calling thread has a capability, by its number (linux/capability.h). */
export const hasCapability = (number: number): boolean =>
  ((effectiveCapabilities() >> BigInt(number)) & 1n) === 1n;

/** Capabilities that making interfaces and namespaces needs. */
export const CAP_NET_ADMIN = 12;
export const CAP_SYS_ADMIN = 21;

/** Gives up every capability of the calling thread, for good. Without any, it does nothing but refuse new ones. */
export function dropCapabilities(): void {
  if (hasCapability(CAP_SETPCAP)) emptyBoundingSet();
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); // EINVAL before Linux 4.3, which has no ambient ones
  check(capset(capabilityHeader(), new Uint8Array(24)), 'capset');
  refuseNewPrivileges();
}

/** Up to the first number that the kernel does not know. */
function emptyBoundingSet(): void {
  for (let number = 0; number < 64; number++) {
    if (prctl(PR_CAPBSET_DROP, number, 0, 0, 0) === 0) continue;
    const failure = new SystemError('prctl', `PR_CAPBSET_DROP ${number}`);
    if (failure.errno === constants.errno.EINVAL) return;
    throw failure;
  }
}
