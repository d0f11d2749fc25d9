/** CHAP secrets: from a file that nobody else can read, or from the environment; never from a command line. */

import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { CliError, usageError } from '../failure.ts';
import type { SecretRef } from './bus-file.ts';

/** 96 bits (RFC 7143 §9.2.1). */
const leastBytes = 12;
const mostBytes = 255;
const expected = `a line of ${leastBytes} to ${mostBytes} bytes`;
const recipe = 'openssl rand -hex 16 makes one';

const describeSecret = (ref: SecretRef): string => (ref.kind === 'file' ? ref.path : `$${ref.variable}`);

function open(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK); // a named pipe must not hold us up
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw usageError(
        `there is no secret in ${path}`,
        'a file that holds it',
        `${recipe}; then chmod 600 ${path}`,
      );
    if (code === 'EACCES')
      throw new CliError('permission', `we may not read the secret in ${path}`, 'a file of our own');
    throw usageError(`the secret in ${path} can't be read: ${message}`, expected);
  }
}

/** What is opened is what is judged, so that nobody can put another file in its place meanwhile. */
function contentOf(path: string): Buffer {
  const fd = open(path);
  try {
    const { mode, size } = fstatSync(fd);
    if ((mode & constants.S_IFMT) !== constants.S_IFREG)
      throw usageError(`${path} is no regular file`, 'a file that holds a secret');
    if ((mode & 0o077) !== 0)
      throw new CliError(
        'permission',
        `others may read ${path}`,
        'a file that is only ours',
        `chmod 600 ${path}`,
      );
    if (size > mostBytes + 2) throw usageError(`${path} has ${size} bytes, too many for a secret`, expected);
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

function textOf(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw usageError(`the secret in ${where} is not UTF-8`, expected, recipe);
  }
}

/** The secret itself; a line's end behind it is not part of it. @throws CliError */
export function readSecret(ref: SecretRef, environment: NodeJS.ProcessEnv = process.env): string {
  const where = describeSecret(ref);
  const text = ref.kind === 'file' ? textOf(contentOf(ref.path), where) : environment[ref.variable];
  if (text === undefined) throw usageError(`${where} is not set`, 'a secret in the environment', recipe);
  const secret = text.replace(/\r?\n$/, '');
  if (/[\r\n\0]/.test(secret)) throw usageError(`${where} holds more than a line`, expected);
  const bytes = Buffer.byteLength(secret);
  if (bytes >= leastBytes && bytes <= mostBytes) return secret;
  throw usageError(`the secret in ${where} has ${bytes} bytes`, `${expected} (RFC 7143 §9.2.1)`, recipe);
}
