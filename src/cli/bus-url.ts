/** The URL of a bus: `shm:NAME`, or `shm:/absolute/directory`. */

import { posix } from 'node:path';
import { usageError } from './failure.ts';

const expected = 'shm:NAME or shm:/absolute/directory';
/** A name becomes a directory's name. */
const busName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** A Unix socket's path has at most 107 bytes (unix(7)), and ours adds up to "/255.sock.new" to the directory. */
const longestDirectory = 90;
/** Carriers that the project has in mind. */
const later = ['iscsi', 'sg', 'tcmu'];

/** A bus's URL, taken apart and checked. */
export interface BusUrl {
  readonly url: string;
  /** Where its hosts meet. */
  readonly directory: string;
}

function checkScheme(url: string): void {
  const scheme = /^([A-Za-z][A-Za-z0-9+-]*):/.exec(url)?.[1];
  if (scheme === undefined)
    throw usageError(`bus ${JSON.stringify(url)} has no scheme`, expected, `did you mean shm:${url}?`);
  if (later.includes(scheme))
    throw usageError(
      `buses over ${scheme} can't be used yet`,
      expected,
      'hosts on one machine share a shm: bus',
    );
  if (scheme === 'memory')
    throw usageError(
      'a memory: bus lives within one process',
      expected,
      'hosts of their own meet on a shm: bus',
    );
  if (scheme !== 'shm')
    throw usageError(
      `unknown kind of bus ${JSON.stringify(scheme)}`,
      expected,
      `${later.join(', ')} are to come`,
    );
}

function checkDirectory(directory: string): string {
  const path = posix.normalize(directory).replace(/\/$/, '');
  if (path === '' || /\p{Cc}/u.test(path))
    throw usageError(`${JSON.stringify(directory)} can't be a bus's directory`, expected);
  const length = Buffer.byteLength(path);
  if (length > longestDirectory)
    throw usageError(
      `the bus's directory has a path of ${length} bytes`,
      `at most ${longestDirectory}, so that sockets fit in it`,
      'choose a shorter one',
    );
  return path;
}

/** Takes a bus's URL apart. @throws CliError */
export function parseBusUrl(url: string, uid: number = process.geteuid?.() ?? 0): BusUrl {
  checkScheme(url);
  const rest = url.slice('shm:'.length);
  if (rest.startsWith('/')) {
    const directory = checkDirectory(rest);
    return { url: `shm:${directory}`, directory };
  }
  if (!busName.test(rest))
    throw usageError(
      `${JSON.stringify(rest)} can't be a bus's name`,
      '1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first',
      'for example shm:lab',
    );
  return { url, directory: `/dev/shm/ipscsi.${uid}/${rest}` };
}

/** The directory in which a bus's hosts meet. @throws CliError */
export const busDirectory = (url: string): string => parseBusUrl(url).directory;
