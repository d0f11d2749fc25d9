/** A chunk that came: what its packet says, and the command that brought it, which is held until its end is known. */

import type { Command } from '../../scsi/command.ts';
import type { Hop } from '../route/network.ts';
import type { Chunk, Ended } from '../route/packet.ts';
import type { Rail } from './rail.ts';

const nothing: Uint8Array = new Uint8Array(0);
const noView: DataView = new DataView(nothing.buffer);
const noWay: readonly Hop[] = [];

export class Arrival implements Chunk {
  source = 0;
  target = 0;
  sequence = 0;
  message = 0;
  /** Of the message. */
  bytes = 0;
  leads = false;
  ends = false;
  way = noWay;
  sourceLife = 0;
  targetLife = 0;
  epoch = 0;
  /** Where its message lies: in the memory of the command, or in a copy. */
  view = noView;
  memory: Uint8Array = nothing;
  at = 0;
  /** Undefined: it has ended, or its nexus was lost. */
  command: Command | undefined = undefined;
  /** By which it came. */
  rail: Rail | undefined = undefined;
  /** Its message waits for an earlier one. */
  stored = false;
  /** Ends its command. */
  readonly end: (how: Ended) => void;

  constructor(ended: (arrival: Arrival, how: Ended) => void) {
    this.end = (how) => ended(this, how);
  }

  /** Reads the header; `view` is of the command's memory. */
  read(view: DataView, command: Command, rail: Rail): void {
    const start = command.dataOutOffset;
    this.rail = rail;
    this.view = view;
    this.memory = command.dataOut;
    this.command = command;
    this.stored = false;
    this.source = view.getUint16(start + 2);
    this.target = view.getUint16(start + 4);
    const flags = view.getUint8(start + 7);
    this.leads = flags >= 0x80;
    this.ends = (flags & 0x40) !== 0;
    this.sequence = view.getUint16(start + 8) * 2 ** 32 + view.getUint32(start + 10);
    this.message = view.getUint32(start + 14);
    this.sourceLife = view.getUint16(start + 18);
    this.targetLife = view.getUint16(start + 20);
    this.epoch = view.getUint32(start + 22);
    this.bytes = view.getUint32(start + 26);
  }

  /** Takes its message out of the command's memory. */
  keep(): void {
    this.memory = this.memory.slice(this.at, this.at + this.bytes);
    this.view = new DataView(this.memory.buffer);
    this.at = 0;
    this.stored = true;
  }

  /** Refers to nothing any more: it can be used for another. */
  rest(): void {
    this.memory = nothing;
    this.view = noView;
    this.command = undefined;
    this.rail = undefined;
    this.way = noWay;
  }
}
