/** Files that others have put into a bus's directory: they need not be files, and opening them must not keep us. */

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/**
 * Opens a plain file for reading: no link is followed, and a pipe or device without partner does not make us wait.
 * @throws Error with a code, as Node's open does
 */
export function openPlain(path: string): number {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw Object.assign(new Error(`${path} is no plain file`), { code: 'EINVAL' });
}

/** The first bytes of a file. @throws as openPlain */
export function readStart(path: string, length: number): Uint8Array {
  const fd = openPlain(path);
  try {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, readSync(fd, bytes));
  } finally {
    closeSync(fd);
  }
}

/** What the file says that claims an ID: who holds it. Process 0: it says nothing that we understand. */
export function readHolder(path: string): { readonly pid: number; readonly hostName: string } {
  try {
    const text = new TextDecoder().decode(readStart(path, 512));
    const [, pid = '0', hostName = ''] = /^([0-9]{1,10})\n(.*)/.exec(text) ?? [];
    return { pid: Number(pid), hostName };
  } catch {
    return { pid: 0, hostName: '' };
  }
}
