/**
 * Parcels to peers: what is submitted, what waits, what is tried again and what is given up (design D7). A peer is
 * bounded by its nexus's queue, by `maxPending`, and by what it may hold of the memory (parcels.ts). Not here: what is in a datagram.
 */

import { SenseKey } from '../scsi/sense.ts';
import { decodeSense } from '../scsi/sense-data.ts';
import { Status } from '../scsi/status.ts';
import type { Clock } from '../time/clock.ts';
import { extendedSend, strictSend } from './command-set.ts';
import { count, PeerIndex } from './counters.ts';
import type { Frame, FramePool } from './frame.ts';
import { serveGets } from './gets.ts';
import type { Parcel } from './parcel.ts';
import { Parcels } from './parcels.ts';
import type { Peer } from './peer.ts';
import { chainRecord, maxRecords, recordSize } from './record.ts';

/** Parcels that may wait for one peer. */
const maxPending = 128;
/** How long a frame waits for a peer that is full, or a refused parcel for another try; milliseconds. */
export const holdMs = 2;
/** Until a refused parcel is tried again. */
const retryMs = 0.25;
/** Longer datagrams gain nothing from sharing a command. */
const longestToBatch = 2048;
/** How long an unwatched task may have ended before we look: doubles while nothing happens. */
const firstReapMs = 2;
const lastReapMs = 1000;

export class Outlet {
  readonly #parcels: Parcels;
  readonly #clock: Clock;
  readonly #touched: Peer[] = [];
  /** Peers that have had something refused, or that may have something to submit. */
  readonly #waiting = new Set<Peer>();
  /** Filled but not submitted: more datagrams may join it. */
  #open: Parcel | undefined;
  #outstanding = 0;
  #ends = 0;
  #reapMs = firstReapMs;
  #reapAt = 0;
  /** Value of `#ends` when we looked last; -1: a first task has been submitted since. */
  #reaped = -1;

  constructor(pool: FramePool, peers: readonly Peer[], clock: Clock) {
    this.#parcels = new Parcels(pool, peers, (task) => this.#ended(task as Parcel));
    this.#clock = clock;
  }

  /** Somebody should notice when tasks end. */
  get waiting(): boolean {
    return this.#waiting.size > 0 || this.#parcels.scarce;
  }

  /** Says whether a parcel in `frame` can be taken now; or as many as given, if they have to wait. */
  hasRoom(peer: Peer, frame: Frame, parcels = 1): boolean {
    const most = maxPending - Math.min(parcels, maxPending);
    return peer.pending.length <= most && this.#parcels.mayHold(peer, frame);
  }

  /**
   * Takes the datagram of `length` bytes whose record header lies at `at`. False: no room now, nothing was taken.
   * `alone`: the header is shared with other peers' parcels, so nothing may be chained to it.
   */
  offer(peer: Peer, frame: Frame, at: number, length: number, etherType: number, alone: boolean): boolean {
    if (this.#open !== undefined) {
      if (!alone && this.#join(this.#open, peer, frame, at, length)) return true;
      this.close();
    }
    if (!this.hasRoom(peer, frame)) return false;
    const parcel = this.#parcels.take(peer, frame, at, length, etherType);
    if (peer.state !== 'push') {
      peer.pending.push(parcel);
      this.serve(peer);
      return true;
    }
    if (peer.pending.length > 0) {
      this.#wait(peer, parcel);
      return true;
    }
    // Commands under way: their target is busy, so this one may as well wait for company until the flush.
    if (!alone && peer.outstanding > 0 && peer.batches && length <= longestToBatch) {
      this.#open = parcel;
      return true;
    }
    if (this.#submit(parcel)) return true;
    this.#parcels.release(parcel);
    return false;
  }

  /** Like offer(), but waits in the queue where there is no room at the nexus: for what can't be taken back. */
  insist(peer: Peer, frame: Frame, at: number, length: number, etherType: number, alone: boolean): boolean {
    if (this.offer(peer, frame, at, length, etherType, alone)) return true;
    if (peer.stalled || !this.hasRoom(peer, frame)) return false;
    this.#wait(peer, this.#parcels.take(peer, frame, at, length, etherType));
    return true;
  }

  /** Submits the open parcel. */
  close(): void {
    const parcel = this.#open;
    if (parcel === undefined) return;
    this.#open = undefined;
    const { peer } = parcel;
    if (peer.state !== 'push') this.#parcels.drop(parcel, PeerIndex['drops.gone']);
    else if (peer.pending.length > 0 || !this.#submit(parcel)) this.#wait(peer, parcel);
  }

  /** Makes targets notice. */
  flush(): void {
    this.close();
    for (let peer = this.#touched.pop(); peer !== undefined; peer = this.#touched.pop()) {
      peer.touched = false;
      peer.nexus?.kick();
    }
  }

  /** Submits what waits for a peer that has just become known, or has room again. */
  drain(peer: Peer): void {
    while (peer.state === 'push' && peer.pending.length > 0) {
      if (!this.#submit(peer.pending[0] as Parcel)) {
        this.#waiting.add(peer);
        return;
      }
      peer.pending.shift();
    }
    if (peer.pending.length === 0) this.#waiting.delete(peer);
  }

  /** Drops what waits for a peer. */
  discard(peer: Peer, reason: number = PeerIndex['drops.gone']): void {
    if (this.#open?.peer === peer) this.close();
    for (const parcel of peer.pending.splice(0)) this.#parcels.drop(parcel, reason);
    this.#waiting.delete(peer);
  }

  /** Completes a peer's GET MESSAGEs with what waits for it. */
  serve(peer: Peer): void {
    serveGets(peer, this.#parcels);
  }

  /** Retries and expiries; returns when to be called again. */
  poll(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const peer of this.#waiting) next = Math.min(next, this.#pollPeer(peer, now));
    return this.#outstanding === 0 ? next : Math.min(next, this.#reap(now));
  }

  #pollPeer(peer: Peer, now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (let i = 0; i < peer.pending.length; ) {
      const parcel = peer.pending[i] as Parcel;
      if (parcel.deadline === 0 || now < parcel.deadline) {
        if (parcel.deadline !== 0) next = Math.min(next, parcel.deadline);
        i++;
        continue;
      }
      peer.pending.splice(i, 1);
      this.#parcels.drop(
        parcel,
        PeerIndex[parcel.status === Status.busy ? 'drops.busy' : 'drops.taskSetFull'],
      );
    }
    if (now >= peer.retryAt) this.drain(peer);
    if (peer.pending.length === 0) {
      this.#waiting.delete(peer);
      return Number.POSITIVE_INFINITY;
    }
    if (peer.retryAt > now) return Math.min(next, peer.retryAt);
    // Room comes when a task of ours ends; if there is none, others' tasks fill the queue.
    return peer.outstanding > 0 ? next : Math.min(next, now + holdMs);
  }

  #reap(now: number): number {
    if (this.#reaped !== this.#ends) this.#reapMs = firstReapMs;
    else if (now < this.#reapAt) return this.#reapAt;
    else this.#reapMs = Math.min(lastReapMs, 2 * this.#reapMs);
    this.#reaped = this.#ends;
    this.#reapAt = now + this.#reapMs;
    return this.#reapAt;
  }

  #join(open: Parcel, peer: Peer, frame: Frame, at: number, length: number): boolean {
    const size = at + recordSize + length - open.at;
    if (open.peer !== peer || open.frame !== frame || size > peer.maxMessage) return false;
    if (open.datagrams >= maxRecords) return false;
    const end = open.at + open.length;
    if (at < end || at > end + 0xff || length > longestToBatch) return false;
    chainRecord(frame.bytes, open.lastAt, end, at);
    open.length = size;
    open.lastAt = at;
    open.datagrams++;
    open.payload += length;
    return true;
  }

  #wait(peer: Peer, parcel: Parcel): void {
    peer.pending.push(parcel);
    this.#waiting.add(peer);
  }

  /** Before all that came after it. */
  #putBack(parcel: Parcel, peer: Peer): void {
    let place = 0;
    while (place < peer.pending.length && (peer.pending[place] as Parcel).number < parcel.number) place++;
    peer.pending.splice(place, 0, parcel);
    this.#waiting.add(peer);
  }

  #submit(parcel: Parcel): boolean {
    const { peer, at, length } = parcel;
    const { nexus } = peer;
    if (nexus === undefined) return false;
    parcel.lun = peer.lun;
    parcel.dataOut = parcel.frame.bytes;
    if (peer.features === 0) {
      parcel.dataOutOffset = at + recordSize;
      parcel.dataOutLength = length - recordSize;
      parcel.cdbLength = strictSend(parcel.cdb, peer.lun, parcel.etherType, length - recordSize);
    } else {
      parcel.dataOutOffset = at;
      parcel.dataOutLength = length;
      parcel.cdbLength = extendedSend(parcel.cdb, peer.commandSet, peer.lun, length);
    }
    if (!nexus.submit(parcel)) return false;
    peer.outstanding++;
    if (this.#outstanding++ === 0) this.#reaped = -1;
    if (!peer.touched) {
      peer.touched = true;
      this.#touched.push(peer);
    }
    return true;
  }

  #ended(parcel: Parcel): void {
    const { peer } = parcel;
    peer.outstanding--;
    this.#outstanding--;
    this.#ends++;
    if (parcel.fault === undefined && parcel.status === Status.good) {
      peer.retryAt = 0;
      count(peer.values, PeerIndex['status.good']);
      this.#parcels.delivered(parcel);
      if (peer.pending.length > 0) this.drain(peer);
    } else this.#refused(parcel, peer);
  }

  #refused(parcel: Parcel, peer: Peer): void {
    if (parcel.fault !== undefined) {
      this.#parcels.drop(parcel, PeerIndex[`drops.${parcel.fault}`]);
      return;
    }
    switch (parcel.status) {
      case Status.busy:
      case Status.taskSetFull:
        this.#again(parcel, peer);
        return;
      case Status.checkCondition:
        this.#check(parcel, peer);
        return;
      default:
        count(peer.values, PeerIndex['status.other']);
        this.#parcels.drop(parcel, PeerIndex['drops.otherStatus']);
    }
  }

  /** The target has no room for commands: once more, for as long as a hold lasts. */
  #again(parcel: Parcel, peer: Peer): void {
    const busy = parcel.status === Status.busy;
    count(peer.values, PeerIndex[busy ? 'status.busy' : 'status.taskSetFull']);
    const now = this.#clock.now();
    if (parcel.deadline === 0) parcel.deadline = now + holdMs;
    if (now >= parcel.deadline || peer.state !== 'push') {
      this.#parcels.drop(parcel, PeerIndex[busy ? 'drops.busy' : 'drops.taskSetFull']);
      return;
    }
    count(peer.values, PeerIndex.retries);
    peer.retryAt = now + retryMs;
    this.#putBack(parcel, peer);
  }

  /** A unit attention says that something happened, not that the command is wrong: once more (SAM-5 §5.14). */
  #check(parcel: Parcel, peer: Peer): void {
    count(peer.values, PeerIndex['status.checkCondition']);
    const sense = decodeSense(parcel.sense.subarray(0, parcel.senseLength));
    if (sense?.key === SenseKey.unitAttention && parcel.retries++ === 0 && peer.state === 'push') {
      count(peer.values, PeerIndex.retries);
      this.#putBack(parcel, peer);
      this.drain(peer);
    } else this.#parcels.drop(parcel, PeerIndex['drops.checkCondition']);
  }
}
