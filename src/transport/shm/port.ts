/**
 * A port on a bus in shared memory (design D5, D6). Each host owns one region, writes only into it and reads the
 * others'. The target moves the data: data-out is read where the initiator put it.
 */

import { randomInt } from 'node:crypto';
import type { Target } from '../../scsi/command.ts';
import { EPOLLIN, Epoll } from '../../sys/epoll.ts';
import { yieldProcessor } from '../../sys/files.ts';
import type { Task, TransportFault } from '../task.ts';
import { type InitiatorNexus, type Port, type PortListener, TransportError } from '../transport.ts';
import { OwnBell, Ring } from './bell.ts';
import { type Claim, files, idsSeen, leaveDirectory, openDirectory, sweepDead } from './claim.ts';
import { BusError } from './errors.ts';
import { claimAny, claimOne } from './join.ts';
import { Header, memoryAt, repliesAt, type Shape, Sleep } from './layout.ts';
import type { ShmOptions } from './options.ts';
import { type Home, Peer } from './peer.ts';
import { OwnRegion } from './region.ts';
import { Slots } from './slots.ts';

/** Keys of what we wait for, and bits of what disarm() is told. */
const bellKey = 0;
const deathKey = 1;
const all = -1;
/** Slot of a task that ends at the next poll without having been sent. */
const notSent = -2;
/** Rounds of poll() between looks at the bell while there is no sleep. */
const attention = 4096;
const spins = 200;
const yields = 20;

/** Joins the bus. @throws BusError */
export function openShmPort(options: ShmOptions): ShmPort {
  openDirectory(options.directory);
  try {
    return new ShmPort(options);
  } catch (error) {
    leaveDirectory(options.directory);
    throw error;
  }
}

export class ShmPort implements Port, Home {
  readonly id: number;
  readonly width: number;
  readonly bus: string;
  readonly directory: string;
  readonly far: boolean;
  readonly region: OwnRegion;
  readonly slots: Slots;
  readonly targets = new Map<number, InitiatorNexus>();
  target: Target | undefined;
  listener: PortListener | undefined;
  readonly #claim: Claim;
  readonly #bell: OwnBell;
  /** The bells of our peers, which report the death of their readers. */
  readonly #deaths: Epoll;
  /** Our bell, and those. */
  readonly #epoll: Epoll;
  readonly fds: readonly number[];
  readonly #onViolation: (id: number, why: string) => void;
  #peers: Peer[] = [];
  /** Peers to be detached when nothing of theirs is on the stack. */
  #leaving: { readonly peer: Peer; readonly fault: TransportFault }[] = [];
  #failing: { readonly task: Task; readonly fault: TransportFault }[] = [];
  /** Incarnations that broke the rules, by ID: not spoken to again. */
  readonly #shunned = new Map<number, number>();
  #allocated = 0;
  #rounds = 0;
  #closed = false;

  constructor(options: ShmOptions) {
    const { directory, bus, hostName } = options;
    this.directory = directory;
    this.bus = bus;
    this.far = options.far ?? false;
    this.#onViolation = options.onViolation ?? (() => undefined);
    const joined = options.id === undefined ? claimAny(options) : claimOne(options, options.id);
    this.#claim = joined.claim;
    this.id = joined.claim.id;
    this.width = joined.width;
    const shape: Shape = {
      width: joined.width,
      depth: options.depth ?? 256,
      replySlots: options.replySlots ?? 16,
      memory: options.memory ?? 0,
    };
    const made: Disposable[] = [];
    const keep = <T extends Disposable>(part: T): T => {
      made.push(part);
      return part;
    };
    try {
      this.#bell = keep(new OwnBell(files.bell(directory, this.id)));
      this.region = keep(new OwnRegion(directory, this.id, shape, randomInt(1, 2 ** 31 - 1), hostName));
      this.#deaths = keep(new Epoll());
      this.#epoll = keep(new Epoll());
      this.#epoll.add(this.#bell.fd, EPOLLIN, bellKey);
      this.#epoll.add(this.#deaths.fd, EPOLLIN, deathKey);
    } catch (error) {
      for (const part of made) part[Symbol.dispose]();
      this.#claim.release();
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      throw new BusError('no-space', `no room for a host in ${directory}`, { cause: error });
    }
    this.slots = new Slots(repliesAt(shape), shape.replySlots);
    this.fds = [this.#bell.fd, this.#deaths.fd];
    this.#meet(true);
  }

  get fd(): number {
    return this.#epoll.fd;
  }

  /** Hosts are there that have not taken notice of us yet. */
  get meeting(): boolean {
    return this.#peers.some((peer) => !peer.linked);
  }

  /** Attaches hosts that have come; `announce` rings them all, so that they attach us. */
  #meet(announce: boolean): void {
    for (const id of idsSeen(this.directory)) {
      if (id === this.id || this.#peers.some((peer) => peer.id === id && !peer.lost)) continue;
      const peer = Peer.attach(this, id);
      if (!peer) continue;
      if (this.#shunned.get(id) === peer.incarnation) {
        peer.detach('protocol');
        continue;
      }
      this.#deaths.add(peer.bell.fd, 0, id);
      this.#peers.push(peer);
      peer.bell.ring(announce ? Ring.arrival : Ring.work);
    }
  }

  allocate(bytes: number): Uint8Array {
    const { shape, window } = this.region;
    const at = this.#allocated;
    if (at + bytes > shape.memory)
      throw new TransportError(
        'too-large',
        `${bytes} bytes: of ${shape.memory} only ${shape.memory - at} are left`,
      );
    const first = memoryAt(shape) + at;
    this.region.reserve(first, bytes);
    this.#allocated = Math.ceil((at + bytes) / 64) * 64;
    return window.bytes.subarray(first, first + bytes);
  }

  poll(): number {
    if (this.#closed) return this.#failNow();
    if (++this.#rounds % attention === 0) this.#attend(all);
    let done = 0;
    for (let i = 0; i < this.#peers.length; i++) done += this.#pollPeer(this.#peers[i] as Peer);
    if (this.#leaving.length > 0) done += this.#dismiss();
    if (this.#failing.length > 0) done += this.#failNow();
    return done;
  }

  #pollPeer(peer: Peer): number {
    if (peer.lost) return 0;
    if (!peer.linked) {
      if (!peer.acknowledges) return 0;
      this.#link(peer);
      return 1;
    }
    const done = peer.served.serve() + peer.nexus.collect();
    if (peer.answersDue) peer.ringForAnswers();
    return done;
  }

  #link(peer: Peer): void {
    peer.linked = true;
    peer.served.open();
    peer.bell.ring(Ring.work);
    this.targets.set(peer.id, peer.nexus);
    this.target?.nexusEstablished(peer.served);
    this.listener?.appeared(peer.nexus);
  }

  /** Looks at the bell, and at those whose readers may have died. */
  #attend(ready: number): void {
    if (ready & (1 << deathKey)) this.#bury();
    const arrival = (ready & (1 << bellKey)) !== 0 && this.#bell.silence();
    for (let i = 0; i < this.#peers.length; i++) {
      const peer = this.#peers[i] as Peer;
      if (peer.linked && !peer.lost && !peer.acknowledges) this.#lose(peer.id, 'nexus-lost');
    }
    // Somebody else may have the ID of one that left already, and have rung while we still knew the old one.
    if (this.#leaving.length > 0 ? this.#dismiss() > 0 : arrival) this.#meet(false);
  }

  #bury(): void {
    const dead = this.#deaths.wait(0);
    for (let i = 0; i < dead; i++) this.#lose(this.#deaths.key(i), 'nexus-lost');
  }

  #lose(id: number, fault: TransportFault): void {
    const peer = this.#peers.find((one) => one.id === id && !one.lost);
    if (!peer) return;
    peer.lost = true;
    this.#leaving.push({ peer, fault });
  }

  lose(peer: Peer, why: string): void {
    if (peer.lost) return;
    this.#shunned.set(peer.id, peer.incarnation);
    this.#onViolation(peer.id, why);
    this.#lose(peer.id, 'protocol');
  }

  #dismiss(): number {
    const leaving = this.#leaving;
    this.#leaving = [];
    for (const { peer, fault } of leaving) {
      this.#deaths.remove(peer.bell.fd);
      this.#peers = this.#peers.filter((one) => one !== peer);
      if (this.targets.get(peer.id) === peer.nexus) this.targets.delete(peer.id);
      peer.detach(fault);
      if (peer.linked) {
        this.target?.nexusLost(peer.served);
        this.listener?.vanished(peer.nexus);
      }
    }
    return leaving.length;
  }

  failLater(task: Task, fault: TransportFault): true {
    task.slot = notSent;
    this.#failing.push({ task, fault });
    return true;
  }

  #failNow(): number {
    const failing = this.#failing;
    this.#failing = [];
    for (const { task, fault } of failing) task.fail(fault);
    return failing.length;
  }

  /** Is there anything for poll() to do? */
  #pending(): boolean {
    if (this.#failing.length > 0 || this.#leaving.length > 0) return true;
    for (let i = 0; i < this.#peers.length; i++) if ((this.#peers[i] as Peer).pending) return true;
    return false;
  }

  arm(completions: boolean): boolean {
    if (this.#closed) return false;
    for (const peer of this.#peers) peer.settle();
    const words = this.region.words;
    const times = (Atomics.load(words, Header.doze) & ~3) as number;
    Atomics.store(words, Header.doze, times | (completions ? Sleep.completions : Sleep.commands));
    if (!this.#pending()) return true;
    Atomics.store(words, Header.doze, (times + 4) | 0);
    return false;
  }

  disarm(ready = all): void {
    if (this.#closed) return;
    const words = this.region.words;
    Atomics.store(words, Header.doze, ((Atomics.load(words, Header.doze) & ~3) + 4) | 0);
    if (ready !== 0) this.#attend(ready);
  }

  wait(timeoutMs: number): boolean {
    if (this.#closed) return false;
    for (let i = 0; i < spins; i++) if (this.#pending()) return true;
    for (let i = 0; i < yields; i++) {
      yieldProcessor();
      if (this.#pending()) return true;
    }
    if (!this.arm(false)) return true;
    const events = this.#epoll.wait(timeoutMs);
    this.disarm();
    return events > 0 || this.#pending();
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#dismiss();
    for (const peer of this.#peers) {
      peer.lost = true;
      peer.detach('closed');
      if (peer.linked) this.target?.nexusLost(peer.served);
    }
    this.#peers = [];
    this.targets.clear();
    for (const { task } of this.#failing.splice(0)) task.fail('closed');
    this.#epoll[Symbol.dispose]();
    this.#deaths[Symbol.dispose]();
    this.#bell[Symbol.dispose]();
    this.region[Symbol.dispose]();
    this.#claim.release();
    sweepDead(this.directory);
    leaveDirectory(this.directory);
  }
}
