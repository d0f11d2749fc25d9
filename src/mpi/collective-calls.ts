/** The collective calls of a communicator: blocking, and with an `i` in front as requests. */

import { type Operation, operationNumber } from './activity.ts';
import { shortAllreduce } from './collective/choice.ts';
import { ShortCollectives } from './collective/short.ts';
import { CollectiveSteps, type Counts } from './collectives.ts';
import type { InPlace } from './constants.ts';
import { MpiError } from './errors.ts';
import type { Op } from './ops.ts';
import type { Request } from './request.ts';
import { Schedule, type Steps } from './schedule.ts';
import { arrayLike, type TypedArray } from './typed.ts';

type Source = TypedArray | InPlace;

const call = {
  barrier: operationNumber('barrier'),
  bcast: operationNumber('bcast'),
  allreduce: operationNumber('allreduce'),
} as const;

export class CollectiveCalls extends CollectiveSteps {
  readonly #scratch = new Float64Array(1);
  readonly #short = new ShortCollectives(this.engine, this.ranks, this.rank, this.context + 1);

  /** Runs steps to their end. */
  protected run<T>(operation: Operation, steps: Steps<T>, bytes = 0): T {
    this.engine.note(operationNumber(operation), -1, this.context, bytes);
    try {
      return this.engine.run(steps, this.context + 1);
    } catch (error) {
      return this.#fail(error);
    }
  }

  #fail(error: unknown): never {
    if (error instanceof MpiError) this.report(error);
    throw error;
  }

  /** Starts steps. */
  protected start(operation: Operation, steps: Steps<unknown>, bytes = 0): Request {
    this.engine.note(operationNumber(operation), -1, this.context, bytes);
    const request = this.engine.request('collective');
    request.context = this.context + 1;
    if (this.errorHandler !== 'return') request.onError = (error) => this.report(error);
    this.engine.add(new Schedule(steps, request));
    return request;
  }

  barrier(): void {
    if (this.layers) {
      this.run('barrier', this.barrierSteps());
      return;
    }
    const tag = this.nextTag();
    this.engine.note(call.barrier, -1, this.context, 0);
    try {
      this.#short.barrier(tag);
    } catch (error) {
      this.#fail(error);
    }
  }

  ibarrier(): Request {
    return this.start('barrier', this.barrierSteps());
  }

  bcast(buffer: TypedArray, root = 0): void {
    const { byteLength } = buffer;
    if (byteLength > this.engine.eager || this.layers) {
      this.run('bcast', this.bcastSteps(buffer, root), byteLength);
      return;
    }
    this.checkRoot(root);
    const tag = this.nextTag();
    this.engine.note(call.bcast, -1, this.context, byteLength);
    try {
      this.#short.bcast(buffer, root, tag);
    } catch (error) {
      this.#fail(error);
    }
  }

  ibcast(buffer: TypedArray, root = 0): Request {
    return this.start('bcast', this.bcastSteps(buffer, root), buffer.byteLength);
  }

  /** `recv` counts at the root only. */
  gather(send: Source, recv?: TypedArray, root = 0): void {
    this.run('gather', this.gatherSteps(send, recv, root));
  }

  igather(send: Source, recv?: TypedArray, root = 0): Request {
    return this.start('gather', this.gatherSteps(send, recv, root));
  }

  /** Blocks of `counts[rank]` elements, at `offsets[rank]` or one behind the other. */
  gatherv(send: Source, recv: TypedArray | undefined, counts: Counts, offsets?: Counts, root = 0): void {
    this.run('gather', this.gathervSteps(send, recv, counts, offsets, root));
  }

  igatherv(send: Source, recv: TypedArray | undefined, counts: Counts, offsets?: Counts, root = 0): Request {
    return this.start('gather', this.gathervSteps(send, recv, counts, offsets, root));
  }

  /** `send` counts at the root only. */
  scatter(send: TypedArray | undefined, recv: Source, root = 0): void {
    this.run('scatter', this.scatterSteps(send, recv, root));
  }

  iscatter(send: TypedArray | undefined, recv: Source, root = 0): Request {
    return this.start('scatter', this.scatterSteps(send, recv, root));
  }

  scatterv(send: TypedArray | undefined, counts: Counts, recv: Source, offsets?: Counts, root = 0): void {
    this.run('scatter', this.scattervSteps(send, counts, offsets, recv, root));
  }

  iscatterv(send: TypedArray | undefined, counts: Counts, recv: Source, offsets?: Counts, root = 0): Request {
    return this.start('scatter', this.scattervSteps(send, counts, offsets, recv, root));
  }

  allgather(send: Source, recv: TypedArray): void {
    this.run('allgather', this.allgatherSteps(send, recv), recv.byteLength);
  }

  iallgather(send: Source, recv: TypedArray): Request {
    return this.start('allgather', this.allgatherSteps(send, recv), recv.byteLength);
  }

  allgatherv(send: Source, recv: TypedArray, counts: Counts, offsets?: Counts): void {
    this.run('allgather', this.allgathervSteps(send, recv, counts, offsets), recv.byteLength);
  }

  iallgatherv(send: Source, recv: TypedArray, counts: Counts, offsets?: Counts): Request {
    return this.start('allgather', this.allgathervSteps(send, recv, counts, offsets), recv.byteLength);
  }

  alltoall(send: Source, recv: TypedArray): void {
    this.run('alltoall', this.alltoallSteps(send, recv), recv.byteLength);
  }

  ialltoall(send: Source, recv: TypedArray): Request {
    return this.start('alltoall', this.alltoallSteps(send, recv), recv.byteLength);
  }

  alltoallv(
    send: Source,
    sendCounts: Counts,
    recv: TypedArray,
    recvCounts: Counts,
    sendOffsets?: Counts,
    recvOffsets?: Counts,
  ): void {
    const steps = this.alltoallvSteps(send, sendCounts, sendOffsets, recv, recvCounts, recvOffsets);
    this.run('alltoall', steps, recv.byteLength);
  }

  ialltoallv(
    send: Source,
    sendCounts: Counts,
    recv: TypedArray,
    recvCounts: Counts,
    sendOffsets?: Counts,
    recvOffsets?: Counts,
  ): Request {
    const steps = this.alltoallvSteps(send, sendCounts, sendOffsets, recv, recvCounts, recvOffsets);
    return this.start('alltoall', steps, recv.byteLength);
  }

  /** `recv` counts at the root only. */
  reduce(send: Source, recv: TypedArray | undefined, op: Op, root = 0): void {
    this.run('reduce', this.reduceSteps(send, recv, op, root));
  }

  ireduce(send: Source, recv: TypedArray | undefined, op: Op, root = 0): Request {
    return this.start('reduce', this.reduceSteps(send, recv, op, root));
  }

  /** With two arguments it gives the result back: a number for a number, else a new array. */
  allreduce(local: number, op: Op): number;
  allreduce<T extends TypedArray>(local: T, op: Op): T;
  allreduce<T extends TypedArray>(send: Source, recv: T, op: Op): T;
  allreduce(send: number | Source, second: Op | TypedArray, third?: Op): number | TypedArray {
    if (typeof send === 'number') {
      this.#scratch[0] = send;
      this.#allreduce(this.#scratch, this.#scratch, second as Op);
      return this.#scratch[0] as number;
    }
    const recv = third ? (second as TypedArray) : arrayLike(send as TypedArray, (send as TypedArray).length);
    this.#allreduce(send, recv, third ?? (second as Op));
    return recv;
  }

  #allreduce(send: Source, recv: TypedArray, op: Op): void {
    const { byteLength } = recv;
    const short = byteLength <= shortAllreduce && byteLength <= this.engine.eager && this.#short.even;
    if (!short || this.layers) {
      this.run('allreduce', this.allreduceSteps(send, recv, op), byteLength);
      return;
    }
    const work = this.allreduceWork(send, recv, op);
    const tag = this.nextTag();
    this.engine.note(call.allreduce, -1, this.context, byteLength);
    try {
      this.#short.allreduce(work, op, tag);
    } catch (error) {
      this.#fail(error);
    }
  }

  iallreduce(send: Source, recv: TypedArray, op: Op): Request {
    return this.start('allreduce', this.allreduceSteps(send, recv, op), recv.byteLength);
  }

  /** Equal blocks: `send` holds one for each rank. In place, `recv` holds them and its first block gets the result. */
  reduceScatterBlock(send: Source, recv: TypedArray, op: Op): void {
    this.run('reduceScatter', this.reduceScatterSteps(send, recv, undefined, op));
  }

  ireduceScatterBlock(send: Source, recv: TypedArray, op: Op): Request {
    return this.start('reduceScatter', this.reduceScatterSteps(send, recv, undefined, op));
  }

  reduceScatter(send: Source, recv: TypedArray, counts: Counts, op: Op): void {
    this.run('reduceScatter', this.reduceScatterSteps(send, recv, counts, op));
  }

  ireduceScatter(send: Source, recv: TypedArray, counts: Counts, op: Op): Request {
    return this.start('reduceScatter', this.reduceScatterSteps(send, recv, counts, op));
  }

  scan(send: Source, recv: TypedArray, op: Op): void {
    this.run('scan', this.scanSteps(send, recv, op, false));
  }

  iscan(send: Source, recv: TypedArray, op: Op): Request {
    return this.start('scan', this.scanSteps(send, recv, op, false));
  }

  /** Rank 0 gets nothing. */
  exscan(send: Source, recv: TypedArray, op: Op): void {
    this.run('exscan', this.scanSteps(send, recv, op, true));
  }

  iexscan(send: Source, recv: TypedArray, op: Op): Request {
    return this.start('exscan', this.scanSteps(send, recv, op, true));
  }
}
