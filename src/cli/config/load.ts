/** A bus file on disk. */

import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { CliError, usageError } from '../failure.ts';
import type { BusFile } from './bus-file.ts';
import { BusFileError } from './mistakes.ts';
import { parseBusFile } from './parse.ts';

/** Far more than 256 hosts need. */
const mostBytes = 256 * 1024;

function open(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK); // a named pipe must not hold us up
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw usageError(`there is no file ${path}`, 'a bus file', '`ipscsi config example` prints one');
    if (code === 'EACCES')
      throw new CliError('permission', `we may not read ${path}`, 'a file that we can read');
    throw usageError(`${path} can't be read: ${message}`, 'a bus file');
  }
}

/**
 * Whoever can write the file can send us to another target: it must not be everybody.
 * Everybody may read it, as it holds no secret.
 */
function checkMode(path: string, mode: number): void {
  if ((mode & 0o002) === 0) return;
  const mistake = {
    line: 1,
    message: 'everybody on this machine may write this file',
    expected: 'a file that only its owner can change',
    hint: `chmod o-w ${path}`,
  };
  throw new BusFileError(path, [mistake], [], 'permission');
}

/** Reads and checks a bus file; secrets are not looked at. @throws BusFileError, CliError */
export function loadBusFile(path: string): BusFile {
  const fd = open(path);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw usageError(`${path} is no regular file`, 'a bus file');
    if (stat.size > mostBytes)
      throw usageError(`${path} has ${stat.size} bytes`, `a bus file, of at most ${mostBytes} bytes`);
    checkMode(path, stat.mode);
    return parseBusFile(readFileSync(fd), path);
  } finally {
    closeSync(fd);
  }
}
