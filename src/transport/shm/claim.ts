/**
 * The bus's directory, and claims on its IDs. An ID is a lock on the file `<id>.lock`, which the kernel drops when its
 * holder dies; the file names the holder. What a dead host left is removed by whoever comes next.
 */

import {
  closeSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { tryLock } from '../../sys/files.ts';
import { BusError } from './errors.ts';

/** Who holds an ID. */
export interface Holder {
  readonly pid: number;
  readonly hostName: string;
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | undefined)?.code;

/** Files that a host keeps in the bus's directory. */
export const files = {
  lock: (directory: string, id: number): string => join(directory, `${id}.lock`),
  region: (directory: string, id: number): string => join(directory, `${id}.region`),
  bell: (directory: string, id: number): string => join(directory, `${id}.bell`),
  control: (directory: string, id: number): string => join(directory, `${id}.sock`),
} as const;

function refuseForeign(path: string): void {
  const found = lstatSync(path);
  if (!found.isDirectory()) throw new BusError('bus-owner', `${path} is not a directory`);
  const self = process.geteuid?.();
  if (found.uid !== self && (found.mode & 0o020) === 0)
    throw new BusError('bus-owner', `${path} belongs to user ${found.uid}, and we are user ${self}`);
}

/** The directory of a user's buses, which the last bus takes with it. */
const isUsersDirectory = (path: string) => /^ipscsi\.\d+$/.test(basename(path));
/** So often may the last host of another bus take the parent away while we are making the directory. */
const makingPatience = 100;

function make(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return;
    if (codeOf(error) === 'ENOENT') throw error;
    const fault = codeOf(error) === 'ENOSPC' ? 'no-space' : 'permission';
    throw new BusError(fault, `cannot make ${path}: ${codeOf(error)}`, { cause: error });
  }
}

/** Makes the directory and its parent, private to us, or checks that they are ours. @throws BusError */
export function openDirectory(directory: string): void {
  const parent = dirname(directory);
  for (let tries = 1; ; tries++) {
    try {
      make(parent);
      make(directory);
      refuseForeign(directory);
      if (isUsersDirectory(parent)) refuseForeign(parent);
      return;
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      if (tries === makingPatience)
        throw new BusError('permission', `cannot make ${directory}: ENOENT`, { cause: error });
    }
  }
}

/** Removes the directory, and its parent where that is ours to remove, when nobody is left on the bus. */
export function leaveDirectory(directory: string): void {
  try {
    rmdirSync(directory);
    if (isUsersDirectory(dirname(directory))) rmdirSync(dirname(directory));
  } catch (error) {
    if (!['ENOTEMPTY', 'ENOENT', 'EPERM', 'EACCES', 'EBUSY'].includes(codeOf(error) ?? '')) throw error;
  }
}

/** IDs that have left any file in the directory. */
export function idsSeen(directory: string): number[] {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
  const ids = new Set<number>();
  for (const name of names) {
    const id = /^(\d{1,3})\.(?:lock|region|bell|sock)$/.exec(name)?.[1];
    if (id !== undefined) ids.add(Number(id));
  }
  return [...ids].sort((a, b) => a - b);
}

function readHolder(directory: string, id: number): Holder {
  try {
    const [pid = '0', hostName = ''] = readFileSync(files.lock(directory, id), 'utf8').split('\n');
    return { pid: Number(pid) || 0, hostName };
  } catch {
    return { pid: 0, hostName: '' };
  }
}

/** An ID that is ours until release(), or until we die. */
export class Claim {
  readonly directory: string;
  readonly id: number;
  readonly #fd: number;

  private constructor(directory: string, id: number, fd: number) {
    this.directory = directory;
    this.id = id;
    this.#fd = fd;
  }

  /** Claims the ID, or says who has it; without a name to enter, for sweeping only. @throws BusError */
  static take(directory: string, id: number, hostName: string | undefined): Claim | Holder {
    const path = files.lock(directory, id);
    for (;;) {
      let fd: number;
      try {
        fd = openSync(path, 'a+', 0o600);
      } catch (error) {
        if (codeOf(error) === 'ENOENT') {
          openDirectory(directory); // the last host has just taken it away
          continue;
        }
        const fault = codeOf(error) === 'ENOSPC' ? 'no-space' : 'permission';
        throw new BusError(fault, `cannot open ${path}: ${codeOf(error)}`, { cause: error });
      }
      if (!tryLock(fd)) {
        closeSync(fd);
        return readHolder(directory, id);
      }
      const ours = fstatSync(fd).ino;
      if (statSync(path, { throwIfNoEntry: false })?.ino !== ours) {
        closeSync(fd); // its holder removed it between our open and our lock
        continue;
      }
      if (hostName !== undefined) {
        ftruncateSync(fd);
        writeSync(fd, `${process.pid}\n${hostName}\n`);
      }
      const claim = new Claim(directory, id, fd);
      claim.#sweep();
      return claim;
    }
  }

  /** Removes what the ID's last holder left. */
  #sweep(): void {
    for (const file of [files.region, files.bell, files.control])
      rmSync(file(this.directory, this.id), { force: true });
  }

  /** Gives the ID back and leaves no file. */
  release(): void {
    this.#sweep();
    rmSync(files.lock(this.directory, this.id), { force: true });
    closeSync(this.#fd);
  }
}

/** Removes what hosts left that died: whatever has files but no holder. */
export function sweepDead(directory: string): void {
  for (const id of idsSeen(directory)) {
    const claim = Claim.take(directory, id, undefined);
    if (claim instanceof Claim) claim.release();
  }
}
