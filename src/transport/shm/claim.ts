/**
 * The bus's directory, and claims on its IDs. An ID is a lock on the file `<id>.lock`, which the kernel drops when its
 * holder dies; the file names the holder. What a dead host left is removed by whoever comes next.
 */

import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { tryLock } from '../../sys/files.ts';
import { BusError } from './errors.ts';
import { readHolder } from './plain-file.ts';

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
  /** The region and the control socket before they are ready to be found. */
  regionDraft: (directory: string, id: number): string => join(directory, `${id}.region.new`),
  controlDraft: (directory: string, id: number): string => join(directory, `${id}.sock.new`),
  bell: (directory: string, id: number): string => join(directory, `${id}.bell`),
  control: (directory: string, id: number): string => join(directory, `${id}.sock`),
} as const;

function refuseForeign(path: string): void {
  const found = lstatSync(path);
  if (!found.isDirectory()) throw new BusError('bus-owner', `${path} is not a directory`);
  const self = process.geteuid?.();
  if (found.uid !== self)
    throw new BusError('bus-owner', `${path} belongs to user ${found.uid}, and we are user ${self}`);
  if ((found.mode & 0o022) !== 0) throw new BusError('bus-owner', `others may write into ${path}`);
}

/** The directory of a user's buses, which the last bus takes with it. */
const isUsersDirectory = (path: string) => /^ipscsi\.\d+$/.test(basename(path));
/** So often may the last host of another bus take the parent away while we are making the directory. */
const makingPatience = 1000;

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

/** IDs that have left any file in the directory; none where it can't be read. */
export function idsSeen(directory: string): number[] {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch {
    return [];
  }
  const ids = new Set<number>();
  for (const name of names) {
    const id = /^(\d{1,3})\.(?:lock|region|bell|sock)(?:\.new)?$/.exec(name)?.[1];
    if (id !== undefined) ids.add(Number(id));
  }
  return [...ids].sort((a, b) => a - b);
}

/** What a lock is opened with: nobody can lead us to a file elsewhere, or keep us waiting. */
const lockFlags =
  constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK;

const faultOf = (error: unknown) => (codeOf(error) === 'ENOSPC' ? 'no-space' : 'permission');

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
      const fd = openLock(directory, path);
      if (fd === undefined) continue;
      if (!tryLock(fd)) {
        closeSync(fd);
        return readHolder(path);
      }
      const claim = new Claim(directory, id, fd);
      if (!claim.#isOurs()) {
        closeSync(fd); // its holder removed it between our open and our lock
        continue;
      }
      claim.#begin(hostName);
      return claim;
    }
  }

  #begin(hostName: string | undefined): void {
    try {
      this.#sweep();
      if (hostName === undefined) return;
      ftruncateSync(this.#fd);
      writeSync(this.#fd, `${process.pid}\n${hostName}\n`);
    } catch (error) {
      this.release();
      const path = files.lock(this.directory, this.id);
      throw new BusError(faultOf(error), `cannot write ${path}: ${codeOf(error)}`, { cause: error });
    }
  }

  /** Is the file that we have locked still the one by which others find the ID? */
  #isOurs(): boolean {
    const found = lstatSync(files.lock(this.directory, this.id), { throwIfNoEntry: false });
    return found?.ino === fstatSync(this.#fd).ino;
  }

  /** Removes what the ID's last holder left. */
  #sweep(): void {
    for (const file of [files.region, files.regionDraft, files.bell, files.control, files.controlDraft])
      rmSync(file(this.directory, this.id), { force: true, recursive: true });
  }

  /** Gives the ID back and leaves no file; unless somebody took ours away, and others have the ID by now. */
  release(): void {
    try {
      if (!this.#isOurs()) return;
      this.#sweep();
      rmSync(files.lock(this.directory, this.id), { force: true });
    } finally {
      closeSync(this.#fd);
    }
  }
}

/** The lock file's descriptor; undefined: look again. @throws BusError */
function openLock(directory: string, path: string): number | undefined {
  try {
    const fd = openSync(path, lockFlags, 0o600);
    if (fstatSync(fd).isFile()) return fd;
    closeSync(fd);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT')
      throw new BusError(faultOf(error), `cannot open ${path}: ${codeOf(error)}`, { cause: error });
    openDirectory(directory); // the last host has just taken it away
    return undefined;
  }
  throw new BusError('permission', `cannot open ${path}: it is no plain file`);
}

/** Removes what hosts left that died: whatever has files but no holder. What can't be removed is left. */
export function sweepDead(directory: string): void {
  for (const id of idsSeen(directory))
    try {
      const claim = Claim.take(directory, id, undefined);
      if (claim instanceof Claim) claim.release();
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
    }
}
