/**
 * Frames from the interface to peers: one peer, or each in turn where the frame goes to a group (RFC 2143 §4). What a
 * peer cannot do itself, completing checksums and segmenting, is done here first.
 */

import type { Clock } from '../time/clock.ts';
import { completeChecksum } from './checksum.ts';
import { count, LinkIndex, PeerIndex } from './counters.ts';
import { datagramAt, Gso } from './ethernet.ts';
import { Feature } from './extensions.ts';
import { type Frame, type FramePool, toUnknown } from './frame.ts';
import type { Outbound } from './outbound.ts';
import { holdMs, type Outlet } from './outlet.ts';
import type { Peer } from './peer.ts';
import { emptyRecord, RecordFlag, recordSize, writeRecord } from './record.ts';
import type { Roster } from './roster.ts';
import { Segmenter } from './segment.ts';
import type { Disposition } from './sink.ts';

/** Feature that a gso_type asks for. */
function gsoFeature(gsoType: number): number {
  switch (gsoType & ~Gso.ecn) {
    case Gso.tcp4:
      return Feature.tso4;
    case Gso.tcp6:
      return Feature.tso6;
    case Gso.udp:
      return Feature.uso;
    default:
      return Feature.messages;
  }
}

export class Transmitter {
  /** While a frame is held back: when it is given up; else Infinity. */
  retryAt = Number.POSITIVE_INFINITY;
  readonly #roster: Roster;
  readonly #outbound: Outbound;
  readonly #outlet: Outlet;
  readonly #pool: FramePool;
  readonly #clock: Clock;
  readonly #values: Float64Array;
  readonly #segmenter = new Segmenter();
  readonly #segment = emptyRecord();
  /** To whom, while a frame is held back, and its progress when the hold began. */
  #heldFor: Peer | undefined;
  #heldProgress = 0;
  #heldSince = 0;
  /** While others are served too, no frame is held before this moment: holds take half of the time at most. */
  #nextHoldAt = 0;
  /** Whom the last frame went to; and whether that has changed since the last hold. */
  #last: Peer | undefined;
  #switched = false;
  readonly #one: Peer[] = [];

  constructor(
    roster: Roster,
    outbound: Outbound,
    outlet: Outlet,
    pool: FramePool,
    clock: Clock,
    values: Float64Array,
  ) {
    this.#roster = roster;
    this.#outbound = outbound;
    this.#outlet = outlet;
    this.#pool = pool;
    this.#clock = clock;
    this.#values = values;
  }

  transmit(frame: Frame, length: number): Disposition {
    if (frame.length < 0) {
      count(this.#values, LinkIndex.txFrames);
      if (!this.#outbound.read(frame, length)) return this.#dispose(frame, 0, 'dropped');
    }
    if (frame.to < 0) return this.#sendToGroup(frame);
    const peer = this.#roster.byId[frame.to];
    if (peer === undefined) {
      count(this.#values, LinkIndex['drops.noPeer']);
      return this.#dispose(frame, 0, 'dropped');
    }
    if (peer !== this.#last) {
      this.#last = peer;
      this.#switched = true;
    }
    if (peer.state === 'refused') return this.#dropFor(peer, frame, PeerIndex['drops.refused']);
    return this.#send(peer, frame);
  }

  #send(peer: Peer, frame: Frame): Disposition {
    if ((frame.flags & RecordFlag.needsChecksum) !== 0 || frame.gsoType !== 0) {
      if (this.#mustPrepare(frame, peer.features, peer.maxMessage)) return this.#sendPrepared(peer, frame);
    }
    const at = frame.start + datagramAt - recordSize;
    writeRecord(frame.bytes, at, frame);
    if (this.#outlet.offer(peer, frame, at, frame.length, frame.etherType, false))
      return this.#dispose(frame, datagramAt + frame.length, 'sent');
    return this.#full(peer, frame);
  }

  /** Features that a peer must have to get the frame as it is. */
  #needs(frame: Frame): number {
    const checksum = frame.flags & RecordFlag.needsChecksum ? Feature.checksum : 0;
    return frame.gsoType === 0 ? checksum : checksum | gsoFeature(frame.gsoType);
  }

  /** Says whether the frame has to be completed, or segmented, for whom has these features and this limit. */
  #mustPrepare(frame: Frame, features: number, maxMessage: number): boolean {
    if ((this.#needs(frame) & ~features) !== 0) return true;
    return frame.gsoType !== 0 && recordSize + frame.length > maxMessage;
  }

  #sendPrepared(peer: Peer, frame: Frame): Disposition {
    if (frame.gsoType === 0) {
      if (!this.#completeChecksum(frame)) return this.#dropFor(peer, frame, PeerIndex['drops.malformedOut']);
      count(peer.values, PeerIndex.checksumsCompleted);
      return this.#send(peer, frame);
    }
    if (!this.#beginSegments(frame)) return this.#dropFor(peer, frame, PeerIndex['drops.malformedOut']);
    const stuck = peer.stalled && peer.outstanding + peer.pending.length > 0;
    if (stuck || !this.#outlet.hasRoom(peer, frame, this.#segmenter.segmentsLeft))
      return this.#full(peer, frame);
    count(peer.values, PeerIndex.segmented);
    this.#one.length = 0;
    this.#one.push(peer);
    this.#sendSegments(frame, this.#one);
    return this.#dispose(frame, 0, 'sent');
  }

  #completeChecksum(frame: Frame): boolean {
    const { bytes, start, length, checksumStart, checksumOffset } = frame;
    if (!completeChecksum(bytes, start + datagramAt, length, checksumStart, checksumOffset)) return false;
    frame.flags &= ~RecordFlag.needsChecksum;
    frame.checksumStart = 0;
    frame.checksumOffset = 0;
    return true;
  }

  #beginSegments({ bytes, start, length, gsoType, gsoSize, checksumStart }: Frame): boolean {
    return this.#segmenter.begin(bytes, start + datagramAt, length, gsoType, gsoSize, checksumStart);
  }

  /** Takes the frame, with which the segmenter has begun, apart into slabs of their own. */
  #sendSegments(frame: Frame, peers: readonly Peer[]): void {
    const segmenter = this.#segmenter;
    const record = this.#segment;
    record.etherType = frame.etherType;
    record.flags = frame.flags & ~RecordFlag.needsChecksum;
    const room = recordSize + segmenter.longest;
    let slab = this.#pool.take();
    while (slab !== undefined && segmenter.left > 0) {
      if (slab.capacity < room) {
        this.#pool.release(slab);
        slab = this.#pool.take();
        continue;
      }
      const at = slab.start;
      record.length = segmenter.next(slab.bytes, at + recordSize);
      writeRecord(slab.bytes, at, record);
      for (const peer of peers)
        this.#insist(peer, slab, at, record.length, frame.etherType, peers.length > 1);
      this.#pool.consume(slab, recordSize + record.length);
    }
    if (slab !== undefined) this.#pool.release(slab);
    else for (const peer of peers) count(peer.values, PeerIndex['drops.memory'], segmenter.segmentsLeft);
  }

  #insist(peer: Peer, frame: Frame, at: number, length: number, etherType: number, alone: boolean): void {
    if (!this.#outlet.insist(peer, frame, at, length, etherType, alone))
      count(peer.values, PeerIndex[peer.stalled ? 'drops.stalled' : 'drops.full']);
  }

  /** One command to each: the simulated broadcast. A peer without room misses it; nobody waits for him. */
  #sendToGroup(frame: Frame): Disposition {
    const unknown = frame.to === toUnknown;
    count(this.#values, unknown ? LinkIndex.txUnknown : LinkIndex.txGroup);
    const peers: Peer[] = [];
    let features = -1;
    let maxMessage = Number.POSITIVE_INFINITY;
    for (const peer of this.#roster.all) {
      // A strict host would take what is not meant for it as its own, and might forward it.
      if (peer.state === 'refused' || (unknown && peer.features === 0)) continue;
      peers.push(peer);
      features &= peer.features;
      maxMessage = Math.min(maxMessage, peer.maxMessage);
    }
    if (peers.length === 0) {
      count(this.#values, LinkIndex['drops.noPeers']);
      return this.#dispose(frame, 0, 'dropped');
    }
    if (this.#mustPrepare(frame, features, maxMessage)) {
      const prepared = frame.gsoType === 0 ? this.#completeChecksum(frame) : this.#beginSegments(frame);
      if (!prepared) {
        count(this.#values, LinkIndex['drops.malformedOut']);
        return this.#dispose(frame, 0, 'dropped');
      }
      if (frame.gsoType !== 0) {
        this.#sendSegments(frame, peers);
        return this.#dispose(frame, 0, 'sent');
      }
    }
    const at = frame.start + datagramAt - recordSize;
    writeRecord(frame.bytes, at, frame);
    for (const peer of peers) this.#insist(peer, frame, at, frame.length, frame.etherType, true);
    return this.#dispose(frame, datagramAt + frame.length, 'sent');
  }

  /** The peer has no room: the caller holds the frame for a while, or it is dropped for this peer alone (design D7). */
  #full(peer: Peer, frame: Frame): Disposition {
    if (peer.stalled) return this.#dropFor(peer, frame, PeerIndex['drops.stalled']);
    const now = this.#clock.now();
    if (this.#heldFor !== peer) {
      if (this.#switched && now < this.#nextHoldAt)
        return this.#dropFor(peer, frame, PeerIndex['drops.full']);
      this.#switched = false;
      this.#heldFor = peer;
      this.#heldSince = now;
      this.#heldProgress = peer.progress;
      this.retryAt = now + holdMs;
      count(peer.values, PeerIndex.holds);
      return 'full';
    }
    if (now < this.retryAt) return 'full';
    if (peer.progress === this.#heldProgress) {
      peer.stalled = true;
      count(peer.values, PeerIndex.stalls);
    }
    return this.#dropFor(peer, frame, PeerIndex['drops.full']);
  }

  #dropFor(peer: Peer, frame: Frame, reason: number): Disposition {
    count(peer.values, reason);
    return this.#dispose(frame, 0, 'dropped');
  }

  /** The frame is dealt with; its first `kept` bytes are still needed. */
  #dispose(frame: Frame, kept: number, disposition: Disposition): Disposition {
    this.#pool.consume(frame, kept);
    if (this.#heldFor !== undefined) {
      this.#heldFor = undefined;
      const now = this.#clock.now();
      this.#nextHoldAt = 2 * now - this.#heldSince;
      this.retryAt = Number.POSITIVE_INFINITY;
    }
    return disposition;
  }
}
