/**
 * WRITE BUFFER and READ BUFFER (SPC-4): the echo buffer; data buffer 0, each initiator its own, so that hosts cannot see
 * each other's; and, if the unit has one, the message buffer, whose writes and reads are messages.
 */

import { bits, struct, u8, u16, u24 } from '../bytes/fields.ts';
import { ReadBuffer, WriteBuffer } from './cdb.ts';
import type { ItlNexus } from './itl-nexus.ts';
import { invalidField, outOfSequence } from './refusals.ts';
import type { ServerTask } from './server-task.ts';

/** MODE of either command. */
export const BufferMode = { data: 0x02, descriptor: 0x03, echo: 0x0a, echoDescriptor: 0x0b } as const;

/** What READ BUFFER answers in descriptor mode. */
export const BufferDescriptor = struct('READ BUFFER descriptor', 4, {
  offsetBoundary: u8(0),
  capacity: u24(1),
});

/** What it answers in echo buffer descriptor mode; overwritten: another initiator may have (EBOS). */
export const EchoDescriptor = struct('echo buffer descriptor', 4, {
  overwritten: bits(0, 0),
  capacity: u16(2),
});

/** Bytes of the echo buffer and of data buffer 0. */
const bufferCapacity = 4096;
const dataBufferId = 0;
/** The most that WRITE BUFFER's 24-bit length can say; the service may want less. */
const messageCapacity = 0xffffff;
/** A message's stream is 16 bits wide. */
const maxStream = 0xffff;

/** The data-out as a copy of our own: it may be the initiator's memory, and change under us. */
const received = (task: ServerTask, length: number) =>
  task.dataOut.slice(task.dataOutOffset, task.dataOutOffset + length);

export function writeBuffer(task: ServerTask, itl: ItlNexus): void {
  const { mode, id, offset, length } = WriteBuffer.decode(task.cdb);
  if (mode === BufferMode.echo) {
    if (length > bufferCapacity) task.refuse(invalidField(6));
    else if (arrived(task, length)) {
      itl.echo = received(task, length);
      task.good();
    }
  } else if (mode !== BufferMode.data) task.refuse(invalidField(1, 4));
  else if (id === itl.unit.messageBufferId) sendByBuffer(task, itl, offset, length);
  else if (id !== dataBufferId) task.refuse(invalidField(2));
  else writeData(task, itl, offset, length);
}

/** What the CDB announces must be there; if not, the command is refused. */
function arrived(task: ServerTask, length: number): boolean {
  if (length > task.dataOutLength) {
    task.refuse(invalidField(6), length);
    return false;
  }
  task.dataOutWanted = length;
  return true;
}

function writeData(task: ServerTask, itl: ItlNexus, offset: number, length: number): void {
  if (offset > bufferCapacity) task.refuse(invalidField(3));
  else if (length > bufferCapacity - offset) task.refuse(invalidField(6));
  else if (arrived(task, length)) {
    itl.buffer ??= new Uint8Array(bufferCapacity);
    itl.buffer.set(received(task, length), offset);
    task.good();
  }
}

function sendByBuffer(task: ServerTask, itl: ItlNexus, offset: number, length: number): void {
  if (offset > maxStream) task.refuse(invalidField(3));
  else if (arrived(task, length)) itl.unit.service.send(task, 10, offset, length);
}

export function readBuffer(task: ServerTask, itl: ItlNexus): void {
  const { mode, id, offset, length } = ReadBuffer.decode(task.cdb);
  task.allocation = length;
  switch (mode) {
    case BufferMode.data:
      readData(task, itl, id, offset, length);
      break;
    case BufferMode.descriptor:
      task.good(BufferDescriptor.encode({ capacity: capacityOf(itl, id) }));
      break;
    case BufferMode.echo:
      if (itl.echo) task.good(itl.echo);
      else task.refuse(outOfSequence);
      break;
    case BufferMode.echoDescriptor:
      task.good(EchoDescriptor.encode({ capacity: bufferCapacity }));
      break;
    default:
      task.refuse(invalidField(1, 4));
  }
}

/** Bytes; 0 for a buffer that is not there, as SPC-4 wants it. */
function capacityOf(itl: ItlNexus, id: number): number {
  if (id === itl.unit.messageBufferId) return messageCapacity;
  return id === dataBufferId ? bufferCapacity : 0;
}

function readData(task: ServerTask, itl: ItlNexus, id: number, offset: number, length: number): void {
  if (id === itl.unit.messageBufferId) {
    if (offset > maxStream) {
      task.refuse(invalidField(3));
      return;
    }
    task.waits = true;
    itl.unit.service.get(task, 10, offset, length);
  } else if (id !== dataBufferId) task.refuse(invalidField(2));
  else if (offset > bufferCapacity) task.refuse(invalidField(3));
  else task.good((itl.buffer ?? new Uint8Array(bufferCapacity)).subarray(offset));
}
