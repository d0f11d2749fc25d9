/**
 * What a user-backed device shares with the kernel (linux/target_core_user.h, version 2): a mailbox, a ring of commands
 * behind it, and the data area behind that. Little endian: hosts of the other kind are refused. The tables are the
 * layout; the word numbers below are for the per-command code, and tests hold them against the tables.
 */

import { bits, raw, struct, u8, u16le, u32le, u64le } from '../../bytes/fields.ts';

export const mailboxVersion = 2;

/** struct tcmu_mailbox. Head and tail count from the ring's start; the data area begins where the ring ends. */
export const Mailbox = struct('TCMU mailbox', 128, {
  version: u16le(0),
  flags: u16le(2),
  ringAt: u32le(4), // cmdr_off
  ringSize: u32le(8), // cmdr_size
  head: u32le(12), // the kernel's
  tail: u32le(64), // ours
});

/** Bits of the mailbox's flags: what the kernel can do. */
export const Capability = { outOfOrder: 1, readLength: 2, taskManagement: 4, keepBuffers: 8 } as const;

/** struct tcmu_cmd_entry_hdr: what every entry begins with. */
export const EntryHeader = struct('TCMU entry header', 8, {
  lengthAndOp: u32le(0), // the length is a multiple of 8, so the operation fits below it
  commandId: u16le(4),
  kernelFlags: u8(6),
  unknownOp: bits(7, 0), // uflags
  readLengthValid: bits(7, 1),
  keepBuffer: bits(7, 2),
});

/** Operations; a length is what remains of the word without these bits. */
export const Op = { pad: 0, command: 1, taskManagement: 2 } as const;
export const opMask = 7;

/** struct tcmu_cmd_entry, the request: behind the header. Its vectors follow, then the CDB. Offsets count from the mailbox. */
export const CommandRequest = struct('TCMU command', 48, {
  vectors: u32le(8), // iov_cnt
  bidirectional: u32le(12), // iov_bidi_cnt
  protection: u32le(16), // iov_dif_cnt
  cdbAt: u64le(24),
});

/** struct iovec. */
export const IoVector = struct('iovec', 16, { base: u64le(0), length: u64le(8) });

/** struct tcmu_cmd_entry, the response: it overlays the request. */
export const CommandResponse = struct('TCMU response', 112, {
  status: u8(8),
  readLength: u32le(12),
  sense: raw(16, 96),
});

/** struct tcmu_tmr_entry; the IDs of the commands concerned follow, 16 bits each. */
export const TaskManagementRequest = struct('TCMU task management', 32, {
  type: u8(8),
  commands: u32le(12),
});

/** Words of the mailbox. */
export const MailboxWord = { ringAt: 1, ringSize: 2, head: 3, tail: 16 } as const;
/** Words of an entry. */
export const EntryWord = {
  lengthAndOp: 0,
  vectors: 2,
  bidirectional: 3,
  readLength: 3,
  cdbAt: 6,
  vector: 12,
} as const;
/** Bytes of an entry. */
export const EntryByte = {
  commandId: 4,
  userFlags: 7,
  status: 8,
  type: 8,
  sense: 16,
  commandIds: 32,
} as const;
/** Bits of an entry's user flags. */
export const UserFlag = { unknownOp: 1, readLength: 2 } as const;
/** Words of an IoVector: its base (two), its length (two). */
export const vectorWords = 4;
/** Longest sense data that a response holds. */
export const maxSense = 96;
/** The shortest entry that holds a response. */
export const minCommandEntry: number = CommandResponse.size;
