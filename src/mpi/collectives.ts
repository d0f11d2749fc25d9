/**
 * Collectives (MPI-4.0 chapter 6), as steps: what the arguments mean and whether they fit. Communicators run them
 * at once or as requests. All ranks must call the same collectives in the same order.
 */

import { type Blocks, cut, pack } from './collective/blocks.ts';
import { Lane } from './collective/lane.ts';
import { callBits, Layers } from './collective/layers.ts';
import { pairwiseAlltoall } from './collective/pairwise-alltoall.ts';
import * as plan from './collective/plan.ts';
import { IN_PLACE, type InPlace } from './constants.ts';
import type { ErrorClass } from './errors.ts';
import { Exchanges } from './exchanges.ts';
import type { Op } from './ops.ts';
import type { Steps } from './schedule.ts';
import { classOf, part, set, type TypedArray } from './typed.ts';

export type Counts = readonly number[];

export class CollectiveSteps extends Exchanges {
  /** How our ranks lie in groups that share a fast bus; undefined: there is no such difference. */
  protected readonly layers: Layers | undefined = Layers.of(this.engine, this.ranks, this.rank);
  #calls = 0;

  /** A tag of its own for each call: ranks call in the same order, so they agree on it. */
  protected nextTag(): number {
    if (this.freed) this.raise('ERR_COMM', 'the communicator was freed');
    this.#calls = (this.#calls + 1) & (2 ** callBits - 1);
    return this.#calls;
  }

  /** A lane for a call. */
  lane(): Lane {
    return new Lane(this.engine, this.ranks, this.rank, this.context + 1, this.nextTag());
  }

  #demand(fits: boolean, errorClass: ErrorClass, message: string): void {
    if (!fits) this.raise(errorClass, message);
  }

  protected checkRoot(root: number): void {
    if (!(Number.isInteger(root) && root >= 0 && root < this.size))
      this.raise('ERR_ROOT', `root ${root} is not from 0 to ${this.size - 1}`);
  }

  /** Elsewhere than at the root it would be a rank that takes no part (§6.5, §6.6, §6.9.1). */
  #checkInPlace(buffer: TypedArray | InPlace | undefined, root: number, what: string): void {
    if (buffer === IN_PLACE && this.rank !== root)
      this.raise('ERR_BUFFER', `${what}: only the root may have its data in place`);
  }

  #checkBlocks(all: TypedArray, what: string): number {
    const count = all.length / this.size;
    this.#demand(
      Number.isInteger(count),
      'ERR_COUNT',
      `${what}: ${all.length} elements are not ${this.size} equal blocks`,
    );
    return count;
  }

  // The texts of these are made only when they are needed: making one takes longer than a short message.
  #checkSame(a: TypedArray, b: TypedArray, count: number, what: string): void {
    if (a.constructor !== b.constructor && classOf(a) !== classOf(b))
      this.raise('ERR_TYPE', `${what}: ${a.constructor.name} and ${b.constructor.name}`);
    if (a.length < count || b.length < count) {
      const least = Math.min(a.length, b.length);
      this.raise('ERR_COUNT', `${what}: ${count} elements are needed, there are ${least}`);
    }
  }

  #checkOp(op: Op, length: number): void {
    if (length % op.width !== 0) this.raise('ERR_OP', `${op.name} wants pairs, not ${length} elements`);
  }

  #layout(counts: Counts, offsets: Counts | undefined, all: TypedArray, what: string): Blocks {
    const blocks = offsets ? { counts, offsets } : pack(counts);
    const { size } = this;
    this.#demand(
      counts.length === size && blocks.offsets.length === size,
      'ERR_ARG',
      `${what}: ${size} counts are needed, there are ${counts.length}`,
    );
    for (let i = 0; i < size; i++) {
      const [at, count] = [blocks.offsets[i] as number, counts[i] as number];
      const inside = at >= 0 && count >= 0 && at + count <= all.length;
      this.#demand(
        inside,
        'ERR_COUNT',
        `${what}: block ${i}, ${count} elements from ${at}, is not within ${all.length}`,
      );
    }
    return blocks;
  }

  protected barrierSteps(): Steps {
    return plan.barrier(this.lane(), this.layers);
  }

  protected bcastSteps(buffer: TypedArray, root: number): Steps {
    this.checkRoot(root);
    return plan.bcast(this.lane(), this.layers, buffer, root);
  }

  protected gatherSteps(send: TypedArray | InPlace, recv: TypedArray | undefined, root: number): Steps {
    this.checkRoot(root);
    this.#checkInPlace(send, root, 'gather');
    const isRoot = this.rank === root;
    if (isRoot && !recv) this.raise('ERR_BUFFER', 'gather: the root needs a buffer to receive into');
    if (recv && isRoot) {
      const count = this.#checkBlocks(recv, 'gather');
      if (send !== IN_PLACE) this.#checkSame(send, recv, send.length, 'gather');
      this.#demand(
        send === IN_PLACE || send.length === count,
        'ERR_COUNT',
        `gather: blocks have ${count} elements`,
      );
    }
    const block = send === IN_PLACE ? undefined : send;
    return plan.gather(this.lane(), this.layers, block, isRoot ? recv : undefined, root);
  }

  protected gathervSteps(
    send: TypedArray | InPlace,
    recv: TypedArray | undefined,
    counts: Counts,
    offsets: Counts | undefined,
    root: number,
  ): Steps {
    this.checkRoot(root);
    this.#checkInPlace(send, root, 'gatherv');
    const blocks = this.rank === root && recv ? this.#layout(counts, offsets, recv, 'gatherv') : pack(counts);
    const mine = send === IN_PLACE ? undefined : send;
    return plan.gatherv(this.lane(), this.layers, mine, recv, blocks, root);
  }

  protected scatterSteps(send: TypedArray | undefined, recv: TypedArray | InPlace, root: number): Steps {
    this.checkRoot(root);
    this.#checkInPlace(recv, root, 'scatter');
    const isRoot = this.rank === root;
    if (isRoot && !send) this.raise('ERR_BUFFER', 'scatter: the root needs a buffer to send from');
    if (send && isRoot) {
      const count = this.#checkBlocks(send, 'scatter');
      this.#demand(
        recv === IN_PLACE || recv.length === count,
        'ERR_COUNT',
        `scatter: blocks have ${count} elements`,
      );
    }
    const block = recv === IN_PLACE ? undefined : recv;
    return plan.scatter(this.lane(), this.layers, isRoot ? send : undefined, block, root);
  }

  protected scattervSteps(
    send: TypedArray | undefined,
    counts: Counts,
    offsets: Counts | undefined,
    recv: TypedArray | InPlace,
    root: number,
  ): Steps {
    this.checkRoot(root);
    this.#checkInPlace(recv, root, 'scatterv');
    const blocks =
      this.rank === root && send ? this.#layout(counts, offsets, send, 'scatterv') : pack(counts);
    const mine = recv === IN_PLACE ? undefined : recv;
    return plan.scatterv(this.lane(), this.layers, send, blocks, mine, root);
  }

  protected allgatherSteps(send: TypedArray | InPlace, recv: TypedArray): Steps {
    const count = this.#checkBlocks(recv, 'allgather');
    if (send !== IN_PLACE) {
      this.#checkSame(send, recv, count, 'allgather');
      recv.set(part(send, 0, count) as never, this.rank * count);
    }
    return plan.allgather(this.lane(), this.layers, recv);
  }

  protected allgathervSteps(
    send: TypedArray | InPlace,
    recv: TypedArray,
    counts: Counts,
    offsets?: Counts,
  ): Steps {
    const blocks = this.#layout(counts, offsets, recv, 'allgatherv');
    const [count, at] = [counts[this.rank] as number, blocks.offsets[this.rank] as number];
    if (send !== IN_PLACE) {
      this.#checkSame(send, recv, count, 'allgatherv');
      recv.set(part(send, 0, count) as never, at);
    }
    return plan.allgatherv(this.lane(), this.layers, recv, blocks);
  }

  protected alltoallSteps(send: TypedArray | InPlace, recv: TypedArray): Steps {
    this.#checkBlocks(recv, 'alltoall');
    const from = send === IN_PLACE ? (recv.slice() as TypedArray) : send;
    this.#checkSame(from, recv, recv.length, 'alltoall');
    return plan.alltoall(this.lane(), this.layers, from, recv);
  }

  protected alltoallvSteps(
    send: TypedArray | InPlace,
    sendCounts: Counts,
    sendOffsets: Counts | undefined,
    recv: TypedArray,
    recvCounts: Counts,
    recvOffsets: Counts | undefined,
  ): Steps {
    const back = this.#layout(recvCounts, recvOffsets, recv, 'alltoallv');
    const from = send === IN_PLACE ? (recv.slice() as TypedArray) : send;
    const out = send === IN_PLACE ? back : this.#layout(sendCounts, sendOffsets, from, 'alltoallv');
    return pairwiseAlltoall(this.lane(), from, out, recv, back);
  }

  protected reduceSteps(
    send: TypedArray | InPlace,
    recv: TypedArray | undefined,
    op: Op,
    root: number,
  ): Steps {
    this.checkRoot(root);
    const isRoot = this.rank === root;
    if (isRoot && !recv) this.raise('ERR_BUFFER', 'reduce: the root needs a buffer to receive into');
    this.#checkInPlace(send, root, 'reduce');
    const data = (send === IN_PLACE ? recv : send) as TypedArray;
    if (isRoot && recv) this.#checkSame(data, recv, data.length, 'reduce');
    this.#checkOp(op, data.length);
    return plan.reduce(this.lane(), this.layers, data, isRoot ? recv : undefined, op, root);
  }

  /** Our part, in the room for the result. */
  protected allreduceWork(send: TypedArray | InPlace, recv: TypedArray, op: Op): TypedArray {
    if (send !== IN_PLACE && send !== recv) {
      this.#checkSame(send, recv, send.length, 'allreduce');
      set(recv, send);
    }
    const work = send === IN_PLACE ? recv : part(recv, 0, send.length);
    this.#checkOp(op, work.length);
    return work;
  }

  protected allreduceSteps(send: TypedArray | InPlace, recv: TypedArray, op: Op): Steps {
    const work = this.allreduceWork(send, recv, op);
    return plan.allreduce(this.lane(), this.layers, work, op);
  }

  protected reduceScatterSteps(
    send: TypedArray | InPlace,
    recv: TypedArray,
    counts: Counts | undefined,
    op: Op,
  ): Steps {
    const data = send === IN_PLACE ? (recv.slice() as TypedArray) : send;
    const blocks = counts
      ? this.#layout(counts, undefined, data, 'reduceScatter')
      : cut(this.#checkBlocks(data, 'reduceScatterBlock') * this.size, this.size);
    const count = blocks.counts[this.rank] as number;
    this.#checkSame(data, recv, count, 'reduceScatter');
    this.#checkOp(op, count);
    return plan.reduceScatter(this.lane(), this.layers, data, part(recv, 0, count), blocks, op);
  }

  protected scanSteps(send: TypedArray | InPlace, recv: TypedArray, op: Op, exclusive: boolean): Steps {
    const data = send === IN_PLACE ? recv : send;
    this.#checkSame(data, recv, data.length, exclusive ? 'exscan' : 'scan');
    this.#checkOp(op, data.length);
    return plan.scan(this.lane(), this.layers, data, part(recv, 0, data.length), op, exclusive);
  }
}
