import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hex } from '../../bytes/hex.ts';
import { layout } from '../../bytes/testing-layout.ts';
import {
  CommandRequest,
  CommandResponse,
  EntryByte,
  EntryHeader,
  EntryWord,
  IoVector,
  Mailbox,
  MailboxWord,
  maxSense,
  minCommandEntry,
  TaskManagementRequest,
  vectorWords,
} from './layout.ts';

const header = 'linux/target_core_user.h';

const mailbox = new Uint8Array(128);
mailbox.set(hex`0200 0f00 80000000 80ff0f00 90010000`);
mailbox.set(hex`10010000`, 64);
layout(header, Mailbox, mailbox, {
  version: 2,
  flags: 15,
  ringAt: 128,
  ringSize: 0xfff80,
  head: 400,
  tail: 272,
});

layout(header, EntryHeader, hex`81000000 0302 00 02`, {
  lengthAndOp: 0x81,
  commandId: 0x203,
  kernelFlags: 0,
  unknownOp: 0,
  readLengthValid: 1,
  keepBuffer: 0,
});

const request = new Uint8Array(48);
request.set(hex`02000000 01000000 00000000`, 8);
request.set(hex`f000000000000000`, 24);
layout(header, CommandRequest, request, { vectors: 2, bidirectional: 1, protection: 0, cdbAt: 240n });

layout(header, IoVector, hex`0010100000000000 ec05000000000000`, { base: 0x101000n, length: 1516n });

const response = new Uint8Array(112);
response.set(hex`02000000 ec050000`, 8);
response.set(hex`7000 06`, 16);
const sense = new Uint8Array(96);
sense.set(hex`7000 06`);
layout(header, CommandResponse, response, { status: 2, readLength: 1516, sense });

const reset = new Uint8Array(32);
reset.set(hex`05000000 02000000`, 8);
layout(header, TaskManagementRequest, reset, { type: 5, commands: 2 });

test('words and bytes are where the tables have them', () => {
  const { ringAt, ringSize, head, tail } = Mailbox.fields;
  assert.deepEqual(
    [MailboxWord.ringAt, MailboxWord.ringSize, MailboxWord.head, MailboxWord.tail].map((word) => 4 * word),
    [ringAt.at, ringSize.at, head.at, tail.at],
  );
  const { vectors, bidirectional, cdbAt } = CommandRequest.fields;
  assert.deepEqual(
    [EntryWord.lengthAndOp, EntryWord.vectors, EntryWord.bidirectional, EntryWord.cdbAt].map((w) => 4 * w),
    [EntryHeader.fields.lengthAndOp.at, vectors.at, bidirectional.at, cdbAt.at],
  );
  assert.equal(4 * EntryWord.vector, CommandRequest.size);
  assert.equal(4 * EntryWord.readLength, CommandResponse.fields.readLength.at);
  assert.equal(4 * vectorWords, IoVector.size);
  assert.equal(EntryByte.commandId, EntryHeader.fields.commandId.at);
  assert.equal(EntryByte.userFlags, EntryHeader.fields.unknownOp.at);
  assert.equal(EntryByte.status, CommandResponse.fields.status.at);
  assert.equal(EntryByte.sense, CommandResponse.fields.sense.at);
  assert.equal(EntryByte.type, TaskManagementRequest.fields.type.at);
  assert.equal(EntryByte.commandIds, TaskManagementRequest.size);
  assert.deepEqual([maxSense, minCommandEntry], [96, 112]);
});
