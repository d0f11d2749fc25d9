/**
 * A long message on its way out. Its data go in commands of stream `id`; the target holds them until a receive
 * matches, then fetches each once, straight into the receive's buffer: rendezvous is the SCSI data phase.
 */

import { Status } from '../scsi/status.ts';
import { realClock } from '../time/clock.ts';
import type { Channel } from './channel.ts';
import { MpiError } from './errors.ts';
import { isRefusal, Refused } from './refusal.ts';
import type { Request } from './request.ts';
import { type DataTask, pieceNumbers } from './slots.ts';

/** Commands of one message under way at once: no two of them have the same number. */
const window = pieceNumbers;
const leastPiece = 8192;

export class LongSend {
  readonly request: Request;
  readonly id: number;
  readonly #channel: Channel;
  /** The data can be fetched where they lie; `#far`: although we don't share that memory. */
  readonly #inPlace: boolean;
  readonly #far: boolean;
  /** Bytes per command. */
  readonly #piece: number;
  /** Commands that are ours, at rest. */
  readonly #ready: DataTask[] = [];
  /** Commands that are ours. */
  #ours = 0;
  #sent = 0;
  #arrived = 0;
  /** The receiver has asked for the data, or begun to take them. */
  #wanted = false;
  #queued = false;
  #pieces = 0;
  #underWay = 0;
  /** Commands that the target had no room for. */
  readonly #refused = new Refused<DataTask>((a, b) => a.piece - b.piece);

  constructor(channel: Channel, request: Request, id: number) {
    this.#channel = channel;
    this.request = request;
    this.id = id;
    const { staging, nexus } = channel;
    const shared = nexus.anywhere === true || staging.reaches(request.bytes);
    const far = shared ? 0 : channel.ways.far(request.length);
    this.#far = far > 0;
    this.#inPlace = shared || this.#far;
    const share = Math.max(leastPiece, Math.ceil(request.length / window / 4096) * 4096);
    const most = nexus.limits.maxDataOut;
    this.#piece = far || (shared ? most : Math.min(staging.piece, share, most));
  }

  /** Takes commands for data that go unasked; false: there are none, the data wait for pull(). */
  prepare(): boolean {
    this.#gather(true);
    return this.#ours > 0;
  }

  #gather(unasked: boolean): void {
    const { staging, nexus } = this.#channel;
    if (unasked && nexus.queued * 2 > nexus.limits.maxQueued) return;
    const need = Math.min(window, Math.ceil((this.request.length - this.#sent) / this.#piece));
    while (this.#ours < need) {
      const task = this.#inPlace ? staging.takeBare() : staging.take(unasked);
      if (!task) return;
      task.done = () => this.#ended(task);
      this.#ready.push(task);
      this.#ours++;
    }
  }

  /** The envelope is out: the data may follow. */
  start(): void {
    this.#submit();
  }

  /** The receiver asks for the data. */
  pull(): void {
    this.#wanted = true;
    this.#gather(false);
    if (this.#ours === 0) this.#channel.staging.want(() => this.pull());
    this.#submit();
  }

  #submit(): void {
    if (!this.#sendAgain()) return;
    const { nexus } = this.#channel;
    const { bytes, length } = this.request;
    for (let task = this.#ready.at(-1); task && this.#sent < length; task = this.#ready.at(-1)) {
      const count = Math.min(this.#piece, length - this.#sent);
      task.far = this.#far;
      if (this.#inPlace) task.setDataOut(bytes, this.#sent, count);
      else this.#stage(task, bytes, count);
      task.address(this.id, count, this.#pieces);
      if (!nexus.submit(task)) {
        this.#retry();
        return;
      }
      this.#ready.pop();
      this.#pieces++;
      this.#underWay++;
      this.#sent += count;
      nexus.kick();
    }
  }

  #stage(task: DataTask, bytes: Uint8Array, count: number): void {
    const { ways } = this.#channel;
    const start = ways.open ? realClock.now() : 0;
    task.staging.set(bytes.subarray(this.#sent, this.#sent + count));
    if (start > 0) ways.staged(realClock.now() - start, count);
    task.setDataOut(task.staging, 0, count);
  }

  /** What was refused goes again, once all else is answered; false: some has to wait. */
  #sendAgain(): boolean {
    const refused = this.#refused;
    if (refused.length === 0) return true;
    if (this.#underWay > 0) return false;
    this.#underWay = refused.sendAgain(this.#channel.nexus);
    if (refused.length > 0) this.#retry();
    return refused.length === 0;
  }

  /** The queue is full: when another of our commands ends we go on; without one, with the channel's next flush. */
  #retry(): void {
    if (this.#queued) return;
    this.#queued = true;
    this.#channel.retry(() => {
      this.#queued = false;
      this.#submit();
    });
  }

  #ended(task: DataTask): void {
    this.#underWay--;
    if (isRefusal(task)) {
      this.#refused.add(task);
      this.#submit();
      return;
    }
    if (task.fault || task.status !== Status.good) {
      this.#channel.staging.give(task);
      if (task.fault) this.#channel.broken(task.fault);
      this.#over(
        new MpiError(
          'ERR_OTHER',
          `message to rank ${this.#channel.rank}: ${task.fault ?? `status ${task.status}`}`,
        ),
      );
      return;
    }
    this.#arrived += task.dataOutLength;
    this.#ready.push(task);
    if (!this.#wanted) {
      this.#wanted = true;
      this.#gather(false);
    }
    if (this.#sent < this.request.length || this.#refused.length > 0) this.#submit();
    else this.#release();
    if (this.#arrived === this.request.length) this.#over();
  }

  #release(): void {
    for (const task of [...this.#ready.splice(0), ...this.#refused.take()]) {
      this.#ours--;
      this.#channel.staging.give(task);
    }
  }

  #over(error?: MpiError): void {
    this.#release();
    if (this.request.done) return;
    this.#channel.leave(this.id);
    this.request.finish(error);
  }
}
