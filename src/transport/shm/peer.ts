/** Another host on the bus: its region as we see it, its bell, and the nexus in both directions. */

import { closeSync, fstatSync } from 'node:fs';
import type { Target } from '../../scsi/command.ts';
import { Window } from '../../sys/memory.ts';
import type { Task, TransportFault } from '../task.ts';
import { PeerBell, Ring } from './bell.ts';
import { files } from './claim.ts';
import { Block, blockAt, Header, headerBytes, hostNameBytes, isSane, Sleep } from './layout.ts';
import { look } from './look.ts';
import { ShmNexus } from './nexus.ts';
import { openPlain } from './plain-file.ts';
import type { OwnRegion } from './region.ts';
import { Served } from './served.ts';
import type { Slots } from './slots.ts';

/** What a peer needs of the port it belongs to. */
export interface Home {
  readonly id: number;
  readonly directory: string;
  readonly region: OwnRegion;
  readonly slots: Slots;
  readonly target: Target | undefined;
  /** Data-out is fetched from peers' own memory where that goes. */
  readonly far: boolean;
  /** Ends the task at the next poll. */
  failLater(task: Task, fault: TransportFault): true;
  /** The peer broke the rules, or died: it is to be detached. */
  lose(peer: Peer, why: string): void;
}

export class Peer {
  readonly id: number;
  readonly incarnation: number;
  readonly hostName: string;
  readonly pid: number;
  readonly depth: number;
  readonly width: number;
  /** Bytes of its region. */
  readonly size: number;
  readonly bell: PeerBell;
  readonly theirWords: Int32Array;
  readonly theirBytes: Uint8Array;
  /** First word of the block that it keeps for us, and of the one that we keep for it. */
  readonly theirBlock: number;
  readonly ourBlock: number;
  readonly region: OwnRegion;
  readonly slots: Slots;
  readonly nexus: ShmNexus;
  readonly served: Served;
  /** Both sides know of each other. */
  linked = false;
  lost = false;
  /** Answers were posted since its bell was last considered; some of them to tasks that want to be noticed. */
  answersDue = false;
  noticeDue = false;
  readonly #home: Home;
  readonly #window: Window;
  /** Its doze word when we last rang: it has not woken since while that stays the same. */
  #rung = -1;

  private constructor(home: Home, id: number, window: Window, header: Int32Array, bell: PeerBell) {
    this.#home = home;
    this.#window = window;
    this.id = id;
    this.bell = bell;
    this.region = home.region;
    this.slots = home.slots;
    this.theirWords = window.words;
    this.theirBytes = window.bytes;
    this.incarnation = header[Header.incarnation] ?? 0;
    this.pid = header[Header.pid] ?? 0;
    this.depth = header[Header.depth] ?? 0;
    this.width = header[Header.width] ?? 0;
    this.size = header[Header.size] ?? 0;
    this.hostName = nameIn(header);
    this.theirBlock = blockAt(home.id, this.depth) / 4;
    this.ourBlock = home.region.block(id);
    this.nexus = new ShmNexus(this);
    this.served = new Served(this);
  }

  /** Opens what host `id` has put into the directory; undefined: nobody is there, or not one that we can talk to. */
  static attach(home: Home, id: number): Peer | undefined {
    const bell = PeerBell.open(files.bell(home.directory, id));
    if (!bell) return undefined;
    let fd: number;
    try {
      fd = openPlain(files.region(home.directory, id));
    } catch {
      bell[Symbol.dispose]();
      return undefined;
    }
    let window: Window | undefined;
    try {
      const bytes = fstatSync(fd).size;
      if (bytes < headerBytes || bytes > 2 ** 31 - 65536) throw new RangeError('not a region');
      window = Window.take(bytes);
      window.map(fd, bytes, 'read');
      const header = window.words.slice(0, headerBytes / 4);
      const width = header[Header.width] ?? 0;
      // Our region has blocks for the IDs of our bus, and only for those.
      if (
        !isSane(header, bytes) ||
        header[Header.id] !== id ||
        width !== home.region.shape.width ||
        id >= width
      )
        throw new RangeError('not a region of this bus');
      home.region.openBlock(id, header[Header.incarnation] ?? 0);
      return new Peer(home, id, window, header, bell);
    } catch {
      window?.release();
      bell[Symbol.dispose]();
      return undefined;
    } finally {
      closeSync(fd);
    }
  }

  /** Data-out is fetched from its own memory where that goes. */
  get far(): boolean {
    return this.#home.far;
  }

  get target(): Target | undefined {
    return this.#home.target;
  }

  /** Does its region name us, in this life of ours? */
  get acknowledges(): boolean {
    return Atomics.load(this.theirWords, this.theirBlock + Block.peer) === this.region.incarnation;
  }

  failLater(task: Task, fault: TransportFault): true {
    return this.#home.failLater(task, fault);
  }

  /** Its region says what can't be: we speak to it no more. Returns 0, for callers that count. */
  fail(why: string): 0 {
    this.#home.lose(this, why);
    return 0;
  }

  #ring(doze: number): void {
    if (this.#rung === doze) return;
    this.#rung = doze;
    if (!this.bell.ring(Ring.work)) this.#home.lose(this, 'its bell has no reader');
  }

  /** Commands were posted: wake it if it sleeps. */
  ringForCommands(): void {
    if (this.lost) return;
    const doze = look(this.theirWords, Header.doze);
    if (doze & Sleep.commands) this.#ring(doze);
  }

  /** Wakes it for answers that were posted, if it wants to be woken for them. */
  ringForAnswers(): void {
    this.answersDue = false;
    const notice = this.noticeDue;
    this.noticeDue = false;
    if (this.lost) return;
    const doze = look(this.theirWords, Header.doze);
    if ((doze & 3) === Sleep.completions || (notice && doze & Sleep.commands)) this.#ring(doze);
  }

  /** Before we sleep: tells of answers that were put off. */
  settle(): void {
    if (this.linked && this.served.settle()) this.ringForAnswers();
  }

  /** Is there anything for poll() to do? */
  get pending(): boolean {
    if (this.linked)
      return this.answersDue || this.served.pending || this.nexus.pending || !this.acknowledges;
    return this.acknowledges;
  }

  /** Ends all that goes on with it. Its window is empty from now on. */
  detach(fault: TransportFault): void {
    this.lost = true;
    this.region.closeBlock(this.id);
    this.bell.ring(Ring.work);
    this.bell[Symbol.dispose]();
    this.served.end();
    this.nexus.end(fault);
    this.#window.release();
  }
}

function nameIn(header: Int32Array): string {
  const length = Math.min(Math.max(header[Header.hostNameLength] ?? 0, 0), hostNameBytes);
  const bytes = new Uint8Array(header.buffer, 4 * Header.hostName, length);
  return new TextDecoder().decode(bytes).replace(/[^\x20-\x7e\u00a0-\uffff]/g, '?');
}
