/**
 * Linux' SCSI generic devices, /dev/sgN (linux/drivers/scsi/sg.c; scsi/sg.h, version 3 of its interface): a command is
 * written as a header, goes its way, and its answer is read later. Here: the kernel's structures and calls.
 * Not here: what the numbers in an answer mean; direct and mmap-ed I/O. See docs/linux-scsi.md.
 */

import { closeSync, constants, openSync } from 'node:fs';
import { type Field, struct, u8, u16le, u32le } from '../bytes/fields.ts';
import { readTo, writeFrom } from './files.ts';
import { type Address, check, EINTR, errno, libc, SystemError } from './libc.ts';
import { Window } from './memory.ts';

/** An address: 64 bits of which user space uses 47, so that a number holds it. */
function pointer(at: number): Field {
  const low = u32le(at);
  const high = u32le(at + 4);
  return {
    at,
    size: 8,
    mask: 0xff,
    fits: (x) => Number.isSafeInteger(x) && x >= 0,
    get: (b) => low.get(b) + high.get(b) * 2 ** 32,
    set: (b, x) => {
      low.set(b, x >>> 0);
      high.set(b, Math.floor(x / 2 ** 32));
    },
  };
}

/** struct sg_io_hdr of a 64-bit machine. Direction and residual are signed: `| 0`. */
export const SgIoHeader = struct('sg_io_hdr', 88, {
  interfaceId: u32le(0),
  direction: u32le(4),
  cdbLength: u8(8),
  senseRoom: u8(9),
  vectorCount: u16le(10),
  dataLength: u32le(12),
  data: pointer(16),
  cdb: pointer(24),
  sense: pointer(32),
  timeoutMs: u32le(40),
  flags: u32le(44),
  packId: u32le(48),
  user: pointer(56),
  status: u8(64),
  maskedStatus: u8(65),
  messageStatus: u8(66),
  senseLength: u8(67),
  hostStatus: u16le(68),
  driverStatus: u16le(70),
  residual: u32le(72),
  durationMs: u32le(76),
  info: u32le(80),
});

/** struct sg_scsi_id: where the device is, and how many commands it and its host take at once. */
export const SgScsiId = struct('sg_scsi_id', 32, {
  host: u32le(0),
  channel: u32le(4),
  id: u32le(8),
  lun: u32le(12),
  type: u32le(16),
  hostCommandsPerLun: u16le(20),
  queueDepth: u16le(22),
});

export const sgInterfaceId = 0x53; // 'S'
/** SG_DXFER_*, as unsigned numbers. */
export const SgDirection = { none: 0xffff_ffff, toDevice: 0xffff_fffe, fromDevice: 0xffff_fffd } as const;
/**
 * Where a command joins the kernel's queue. Without a flag it is the head, so that a busy queue would turn commands round.
 */
export const SgFlag = { queueAtTail: 0x10, queueAtHead: 0x20 } as const;
/** Commands that one open file takes at once (SG_MAX_QUEUE). */
export const sgMaxQueue = 16;

const Request = {
  getVersion: 0x2282, // SG_GET_VERSION_NUM
  getTableSize: 0x227f, // SG_GET_SG_TABLESIZE
  getScsiId: 0x2276, // SG_GET_SCSI_ID
  reset: 0x2284, // SG_SCSI_RESET
  maxTransfer: 0x1267, // BLKSECTGET: from sg, in bytes
} as const;
const version3 = 30_000;

/** SG_SCSI_RESET's arguments; with `noEscalate` a reset that fails is not followed by a wider one. */
export const SgReset = { device: 1, target: 4, noEscalate: 0x100 } as const;

const ioctl = libc.func('int ioctl(int fd, unsigned long request, _Inout_ uint8_t *argument)') as (
  fd: number,
  request: number,
  argument: Uint8Array,
) => number;
const pollFds = libc.func('int poll(_Inout_ uint8_t *fds, unsigned long count, int timeout)') as (
  fds: Uint8Array,
  count: number,
  timeout: number,
) => number;

/** A call that another thread makes: its memory must not move. */
interface InThread {
  async(a: number, b: number, c: number, done: (error: Error | null, result: number) => void): void;
}
const ioctlAt = libc.func('ioctl', 'int', ['int', 'ulong', 'uintptr_t']) as unknown as InThread;
const pollAt = libc.func('poll', 'int', ['uintptr_t', 'ulong', 'int']) as unknown as InThread;

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function ask(fd: number, request: number): number {
  const answer = new Uint8Array(4);
  check(ioctl(fd, request, answer), 'ioctl', `sg ${request.toString(16)}h`);
  return view(answer).getInt32(0, true);
}

/**
 * Opens a device for asynchronous commands, closed on exec. To write is needed: for reading alone the kernel lets
 * only a few commands through.
 * @throws Error of node:fs; SystemError ENOTTY: it is no sg device.
 */
export function openSgFile(path: string): number {
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  try {
    if (ask(fd, Request.getVersion) < version3) throw new SystemError('ioctl', path, 25); // ENOTTY
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return fd;
}

/** What one command can carry, and how many there can be. */
export interface SgFileLimits {
  readonly maxTransfer: number;
  /** Commands at once, of this logical unit (whoever sends them). */
  readonly queueDepth: number;
  readonly host: number;
  readonly lun: number;
}

/** Bytes that an element of a scatter list is sure to hold: sg tries for more, but the block layer counts pages. */
const elementSize = 4096;

/** @throws SystemError */
export function sgLimits(fd: number): SgFileLimits {
  const id = new Uint8Array(SgScsiId.size);
  check(ioctl(fd, Request.getScsiId, id), 'ioctl', 'SG_GET_SCSI_ID');
  const { host, lun, queueDepth } = SgScsiId.decode(id);
  const maxTransfer = Math.min(ask(fd, Request.maxTransfer), ask(fd, Request.getTableSize) * elementSize);
  return { maxTransfer, queueDepth, host, lun };
}

/** Starts the command whose header lies there. 0, or errno. */
export function sgWrite(fd: number, header: Address): number {
  return writeFrom(fd, header, SgIoHeader.size) === SgIoHeader.size ? 0 : errno();
}

/** Fetches the header of a command that has ended, and its data; 0, or errno: EAGAIN when none has. */
export function sgRead(fd: number, header: Address): number {
  for (;;) {
    if (readTo(fd, header, SgIoHeader.size) === SgIoHeader.size) return 0;
    const code = errno();
    if (code !== EINTR) return code;
  }
}

const POLLIN = 0x01;
const POLLERR = 0x08;
const POLLHUP = 0x10;

/** struct pollfd: the descriptor, what is waited for, what happened. */
function pollEntry(fd: number, events: number): Uint8Array {
  const entry = new Uint8Array(8);
  view(entry).setInt32(0, fd, true);
  view(entry).setInt16(4, events, true);
  return entry;
}

/** The device has been taken away. */
export function sgHungUp(fd: number): boolean {
  const entry = pollEntry(fd, 0);
  return pollFds(entry, 1, 0) > 0 && (view(entry).getInt16(6, true) & (POLLHUP | POLLERR)) !== 0;
}

/** Waits in another thread until a command has ended or the device is gone; false: neither, within that time. */
export function sgReadable(fd: number, timeoutMs: number): Promise<boolean> {
  const memory = Window.own(8);
  memory.bytes.set(pollEntry(fd, POLLIN));
  return new Promise((resolve) => {
    pollAt.async(memory.address, 1, timeoutMs, (error, count) => {
      memory.release();
      resolve(error === null && count > 0);
    });
  });
}

/**
 * Resets the logical unit, or the target, in another thread: the kernel waits for it. False: it failed, or we lack
 * CAP_SYS_ADMIN and CAP_SYS_RAWIO.
 */
export function sgReset(fd: number, what: number): Promise<boolean> {
  const memory = Window.own(4);
  view(memory.bytes).setInt32(0, what, true);
  return new Promise((resolve) => {
    ioctlAt.async(fd, Request.reset, memory.address, (error, result) => {
      memory.release();
      resolve(error === null && result === 0);
    });
  });
}
