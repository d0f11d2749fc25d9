/** Finding our place on a bus: an ID that nobody has, and a width that all agree on. */

import { PeerBell } from './bell.ts';
import { Claim, files, type Holder, idsSeen } from './claim.ts';
import { BusError } from './errors.ts';
import { Header, headerBytes, isSane } from './layout.ts';
import { readStart } from './plain-file.ts';

/** Of a bus on which nobody says otherwise: wide SCSI. */
const defaultWidth = 16;
/** A holder that is merely sweeping up after a dead host lets go at once: so often do we look again, 5 ms apart. */
const patience = 20;

interface Wish {
  readonly directory: string;
  readonly hostName: string;
  readonly width: number | undefined;
}

interface Joined {
  readonly claim: Claim;
  readonly width: number;
}

/** The width that the hosts present say, if there are any. */
function widthPresent(directory: string): number | undefined {
  for (const id of idsSeen(directory)) {
    const bell = PeerBell.open(files.bell(directory, id));
    if (!bell) continue;
    bell[Symbol.dispose]();
    const width = widthIn(files.region(directory, id));
    if (width !== undefined) return width;
  }
  return undefined;
}

function widthIn(path: string): number | undefined {
  try {
    const header = new Uint8Array(headerBytes);
    header.set(readStart(path, headerBytes));
    const words = new Int32Array(header.buffer);
    return isSane(words, Number.MAX_SAFE_INTEGER) ? words[Header.width] : undefined;
  } catch {
    return undefined;
  }
}

function agreeOnWidth({ directory, width }: Wish): number {
  const present = widthPresent(directory);
  if (present !== undefined && width !== undefined && present !== width)
    throw new BusError('width', `the bus in ${directory} has ${present} IDs, not ${width}`);
  return present ?? width ?? defaultWidth;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function claimPatiently(wish: Wish, id: number): Claim | Holder {
  const nap = new Int32Array(new SharedArrayBuffer(4));
  for (let tries = 1; ; tries++) {
    const taken = Claim.take(wish.directory, id, wish.hostName);
    if (taken instanceof Claim || tries === patience) return taken;
    if (taken.pid > 0 && isAlive(taken.pid)) return taken;
    Atomics.wait(nap, 0, 0, 5);
  }
}

/** Claims this very ID. @throws BusError 'id-taken' with its holder, 'width' */
export function claimOne(wish: Wish, id: number): Joined {
  const width = agreeOnWidth(wish);
  if (!Number.isInteger(id) || id < 0 || id >= width)
    throw new BusError('width', `ID ${id} is not on the bus: its IDs run from 0 to ${width - 1}`);
  const claim = claimPatiently(wish, id);
  if (claim instanceof Claim) return { claim, width };
  const who = claim.pid > 0 ? `process ${claim.pid} (${claim.hostName || 'unnamed'})` : 'another process';
  throw new BusError('id-taken', `ID ${id} in ${wish.directory} is taken by ${who}`);
}

/** Claims the highest free ID. @throws BusError 'bus-full' */
export function claimAny(wish: Wish): Joined {
  const width = agreeOnWidth(wish);
  for (let id = width - 1; id >= 0; id--) {
    const claim = Claim.take(wish.directory, id, wish.hostName);
    if (claim instanceof Claim) return { claim, width };
  }
  throw new BusError('bus-full', `all ${width} IDs in ${wish.directory} are taken`);
}
