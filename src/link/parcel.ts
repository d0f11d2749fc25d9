/** A message on its way to one peer: the task that carries it, and what the task points at. */

import { Task } from '../transport/task.ts';
import type { Frame } from './frame.ts';
import type { Peer } from './peer.ts';
import { recordSize } from './record.ts';

/** One record, or several; to a strict host, its datagram alone. */
export class Parcel extends Task {
  peer: Peer;
  frame: Frame;
  /** The first record's header. */
  at = 0;
  /** Bytes from there to the end of the last datagram. */
  length = 0;
  /** The last record's header: what another record would be chained to. */
  lastAt = 0;
  datagrams = 0;
  /** Bytes of datagrams alone. */
  payload = 0;
  /** Of the first datagram. */
  etherType = 0;
  retries = 0;
  /** Its place in the order of all. */
  number = 0;
  /** After a refusal: when to give up; 0: none yet. */
  deadline = 0;

  constructor(peer: Peer, frame: Frame) {
    super();
    this.peer = peer;
    this.frame = frame;
    // Its end is seen at the next poll; nobody is woken for it.
    this.notify = false;
  }

  fill(peer: Peer, frame: Frame, at: number, length: number, etherType: number): this {
    this.peer = peer;
    this.frame = frame;
    this.at = at;
    this.lastAt = at;
    this.length = recordSize + length;
    this.datagrams = 1;
    this.payload = length;
    this.etherType = etherType;
    this.retries = 0;
    this.deadline = 0;
    return this;
  }
}
