/** Parcels: a store of used ones, and the account of which peer pins which slab. */

import type { Task } from '../transport/task.ts';
import { count, PeerIndex } from './counters.ts';
import type { Frame, FramePool } from './frame.ts';
import { Parcel } from './parcel.ts';
import type { Peer } from './peer.ts';

export class Parcels {
  readonly #pool: FramePool;
  readonly #done: (task: Task) => void;
  readonly #spare: Parcel[] = [];
  #taken = 0;
  /** All there are: how many matters. */
  readonly #peers: readonly Peer[];

  constructor(pool: FramePool, peers: readonly Peer[], done: (task: Task) => void) {
    this.#pool = pool;
    this.#peers = peers;
    this.#done = done;
  }

  /** Memory runs short. */
  get scarce(): boolean {
    return this.#pool.free * 4 < this.#pool.size;
  }

  /**
   * Says whether a peer may have a parcel in this slab: it may pin another only while it pins fewer than are free, not
   * counting one for each peer. So those which make no progress share what is left over that, and each has one at most
   * of the rest, which three quarters of all slabs are kept for.
   */
  mayHold(peer: Peer, frame: Frame): boolean {
    if (frame.uses[peer.id] !== 0 || peer.held === 0) return true;
    const { free, size } = this.#pool;
    return peer.held < free - Math.min(this.#peers.length, (3 * size) >>> 2);
  }

  take(peer: Peer, frame: Frame, at: number, length: number, etherType: number): Parcel {
    let parcel = this.#spare.pop();
    if (parcel === undefined) {
      parcel = new Parcel(peer, frame);
      parcel.done = this.#done;
    }
    parcel.fill(peer, frame, at, length, etherType);
    parcel.number = this.#taken++;
    this.#pool.hold(frame);
    const uses = frame.uses[peer.id] as number;
    if (uses === 0) peer.held++;
    frame.uses[peer.id] = uses + 1;
    return parcel;
  }

  release(parcel: Parcel): void {
    const { peer, frame } = parcel;
    const uses = (frame.uses[peer.id] as number) - 1;
    frame.uses[peer.id] = uses;
    if (uses === 0 && peer.held > 0) peer.held--;
    this.#pool.release(frame);
    this.#spare.push(parcel);
  }

  /** @param reason index of the counter */
  drop(parcel: Parcel, reason: number): void {
    count(parcel.peer.values, reason, parcel.datagrams);
    this.release(parcel);
  }

  /** The peer has it: progress. */
  delivered(parcel: Parcel): void {
    const { peer } = parcel;
    count(peer.values, PeerIndex.txMessages);
    count(peer.values, PeerIndex.txPackets, parcel.datagrams);
    count(peer.values, PeerIndex.txBytes, parcel.payload);
    peer.progress++;
    peer.stalled = false;
    this.release(parcel);
  }
}
