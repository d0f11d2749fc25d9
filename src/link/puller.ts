/** GET MESSAGE, the initiator's side: keeps some outstanding at every target that serves them (design D3). */

import { Status } from '../scsi/status.ts';
import type { Clock } from '../time/clock.ts';
import { Task } from '../transport/task.ts';
import { extendedGet } from './command-set.ts';
import { count, PeerIndex } from './counters.ts';
import type { Peer } from './peer.ts';

/** Room for one message. */
const room = 66_048;
const firstPauseMs = 1;
const lastPauseMs = 1000;

/** One GET MESSAGE, again and again. */
class Pull {
  readonly peer: Peer;
  readonly task = new Task();
  readonly data: Uint8Array;
  pauseMs = firstPauseMs;
  due = Number.NEGATIVE_INFINITY;

  constructor(peer: Peer, size: number) {
    this.peer = peer;
    this.data = new Uint8Array(size);
  }
}

export class Puller {
  readonly #clock: Clock;
  readonly #depth: number;
  readonly #received: (peer: Peer, data: Uint8Array, length: number) => void;
  readonly #pulls = new Map<Peer, Pull[]>();

  constructor(clock: Clock, depth: number, received: (peer: Peer, data: Uint8Array, length: number) => void) {
    this.#clock = clock;
    this.#depth = depth;
    this.#received = received;
  }

  begin(peer: Peer): void {
    const pulls: Pull[] = [];
    this.#pulls.set(peer, pulls);
    // What waits there must leave room for what we send.
    const depth = Math.min(this.#depth, Math.max(1, (peer.nexus?.limits.maxQueued ?? 1) >> 1));
    for (let i = 0; i < depth; i++) {
      const pull = new Pull(peer, Math.min(room, peer.nexus?.limits.maxDataIn ?? 0));
      pull.task.done = () => this.#ended(pull);
      pulls.push(pull);
      this.#submit(pull);
    }
  }

  /** The peer has gone; its tasks end by themselves. */
  forget(peer: Peer): void {
    this.#pulls.delete(peer);
  }

  poll(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const pulls of this.#pulls.values())
      for (const pull of pulls) {
        if (pull.due <= now) this.#submit(pull);
        next = Math.min(next, pull.due);
      }
    return next;
  }

  #submit(pull: Pull): void {
    const { peer, task, data } = pull;
    task.lun = peer.lun;
    task.cdbLength = extendedGet(task.cdb, peer.commandSet, peer.lun, data.length);
    task.setDataIn(data);
    if (peer.nexus?.submit(task)) {
      pull.due = Number.POSITIVE_INFINITY;
      peer.nexus.kick();
    } else this.#pause(pull);
  }

  #pause(pull: Pull): void {
    pull.due = this.#clock.now() + pull.pauseMs;
    pull.pauseMs = Math.min(lastPauseMs, 2 * pull.pauseMs);
  }

  #ended(pull: Pull): void {
    const { peer, task } = pull;
    if (!this.#pulls.has(peer)) return;
    if (task.fault === undefined && task.status === Status.good) {
      count(peer.values, PeerIndex.pulls);
      if (task.dataInTransferred === 0) {
        this.#pause(pull);
        return;
      }
      this.#received(peer, pull.data, task.dataInTransferred);
      pull.pauseMs = firstPauseMs;
      this.#submit(pull);
    } else if (task.fault === undefined || peer.nexus?.alive) {
      // Carriers limit how long a command may wait (the Linux target core does): nothing is wrong, so it goes out again soon.
      if (task.fault === undefined && task.status === Status.taskAborted) pull.pauseMs = firstPauseMs;
      this.#pause(pull);
    } else pull.due = Number.POSITIVE_INFINITY;
  }
}
