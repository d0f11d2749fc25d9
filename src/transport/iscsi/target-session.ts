/**
 * A normal session in full feature phase, at the target: one connection (RFC 7143 §4.2, §11). PDUs come in one by one; what
 * is to be sent goes to the outbox.
 */

import { type Nexus, type TaskManagement, TaskManagementResponse } from '../../scsi/command.ts';
import { Status } from '../../scsi/status.ts';
import { Arrivals } from './arrivals.ts';
import { commandOf } from './command-pdu.ts';
import { Delivery } from './delivery.ts';
import type { Pdu } from './framer.ts';
import {
  aborted,
  digestWrong,
  endBurst,
  noRoom,
  takeImmediate,
  takeSolicited,
  takeUnsolicited,
  tooMuch,
} from './gathering.ts';
import type { Settings } from './keys.ts';
import { decodeLun } from './lun.ts';
import { RejectReason, reservedTag, ServiceResponse } from './opcodes.ts';
import { DataOut, ScsiCommand } from './pdu.ts';
import { TargetAnswers } from './target-answers.ts';
import { type Managed, TargetManagement } from './target-management.ts';
import type { TargetNode } from './target-node.ts';
import { recoverSilent, type Solicitor, sequenceTimeout, takeRecovering } from './target-recovery.ts';
import type { TargetReplies } from './target-replies.ts';
import { type Answerer, type Solicited, TargetTask } from './target-task.ts';
import type { TargetWindow } from './window.ts';

/** Immediate commands held at once, beside the window. */
const maxImmediate = 32;

export class TargetSession implements Answerer, Managed, Solicitor {
  readonly nexus: Nexus;
  readonly window: TargetWindow;
  readonly settings: Settings;
  readonly tasks = new Map<number, TargetTask>();
  readonly arrivals = new Arrivals();
  readonly delivery: Delivery;
  readonly management: TargetManagement;
  readonly #node: TargetNode;
  readonly #replies: TargetReplies;
  readonly #answers: TargetAnswers;
  /** Error recovery above level 0. */
  readonly #recovers: boolean;
  readonly #free: TargetTask[] = [];
  #immediate = 0;
  /** Data-out of all commands here, there or on its way. */
  #bytes = 0;
  #nextTransferTag = 1;
  /** While the device server carries out task management: what it abandons. */
  #abandoned: TargetTask[] | undefined;
  #closed = false;

  constructor(
    node: TargetNode,
    replies: TargetReplies,
    nexus: Nexus,
    settings: Settings,
    window: TargetWindow,
    managed: (what: number, response: number) => void,
  ) {
    this.#node = node;
    this.#replies = replies;
    this.#answers = new TargetAnswers(replies);
    this.#recovers = settings.ErrorRecoveryLevel > 0;
    this.delivery = new Delivery(this.tasks, (task) => this.#deliver(task));
    this.management = new TargetManagement(this, node.lent.clock, (tag, response, what) => {
      replies.management(tag, response);
      managed(what, response);
    });
    this.nexus = nexus;
    this.settings = settings;
    this.window = window;
    node.device?.nexusEstablished(nexus);
  }

  /** A command's data-out lies where it was received. */
  get holding(): boolean {
    for (const task of this.tasks.values()) if (task.borrowed) return true;
    return false;
  }

  /** The nexus is gone: its commands are dead. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const task of this.tasks.values()) task.rest();
    this.tasks.clear();
    this.#node.device?.nexusLost(this.nexus);
  }

  /** SCSI Command (RFC 7143 §11.3), whose turn it is. Gives why it is rejected, if it is. */
  command(pdu: Pdu): number | undefined {
    const header = ScsiCommand.over(pdu.header);
    if (this.tasks.has(header.tag)) return RejectReason.taskInProgress;
    if (header.immediate && this.#immediate >= maxImmediate) return RejectReason.immediateRejected;
    const task = this.#free.pop() ?? new TargetTask(this, this.nexus);
    task.begin(header.tag, header.cmdSn, decodeLun(pdu.header));
    if (!commandOf(task, header, pdu.ahs)) {
      this.#recycle(task);
      return RejectReason.invalidField;
    }
    task.immediate = header.immediate === 1;
    if (task.immediate) this.#immediate++;
    this.tasks.set(task.tag, task);
    this.delivery.enter(task);
    this.#node.counters.commands++;
    if (task.dataOutLength > this.#node.maxDataOut) task.broken = tooMuch;
    else if (this.#bytes + task.dataOutLength > this.#node.maxBuffered) task.broken = noRoom;
    else {
      task.reserved = task.dataOutLength;
      this.#bytes += task.reserved;
    }
    takeImmediate(task, header.final === 1, pdu.data, this.settings);
    if (this.#recovers) task.heard = this.#node.lent.clock.now();
    this.#proceed(task);
    return undefined;
  }

  /** SCSI Data-Out (RFC 7143 §11.7). Data of a task that is no more is dropped. */
  dataOut(pdu: Pdu): void {
    const header = DataOut.over(pdu.header);
    const task = this.tasks.get(header.tag);
    if (!pdu.intact && (this.#recovers || task?.state === 'gathering'))
      this.#replies.reject(RejectReason.dataDigest, pdu);
    if (task?.state !== 'gathering') {
      if (!task && this.arrivals.size > 0) this.arrivals.keepData(pdu);
      return;
    }
    if (this.#recovers) {
      task.heard = this.#node.lent.clock.now();
      takeRecovering(task, header, pdu.data, pdu.intact, this);
    } else {
      if (!pdu.intact) task.broken ??= digestWrong;
      else if (header.transferTag === reservedTag) takeUnsolicited(task, header, pdu.data);
      else takeSolicited(task, header, pdu.data);
      if (header.final) endBurst(task, header.transferTag);
    }
    this.#proceed(task);
  }

  /** Asks for more data, hands the command over, or refuses it, whichever is due. */
  #proceed(task: TargetTask): void {
    if (task.unsolicited) return;
    if (task.broken) {
      if (task.solicited.length > 0) return;
      this.delivery.leave(task);
      task.state = 'held';
      task.dataOutWanted = task.dataOutLength;
      task.complete(statusOf(task.broken), task.broken);
      this.delivery.advance();
    } else if (task.got < task.dataOutLength) {
      if (!task.doomed) this.#solicit(task);
    } else if (task.solicited.length === 0) this.delivery.ready(task);
    this.management.advance();
  }

  #deliver(task: TargetTask): void {
    const { device } = this.#node;
    if (device) device.command(task);
    else task.complete(Status.busy);
  }

  /** Ready To Transfer, as many as may be open at once (RFC 7143 §11.8). */
  #solicit(task: TargetTask): void {
    const { MaxOutstandingR2T, MaxBurstLength } = this.settings;
    while (task.solicited.length < MaxOutstandingR2T && task.asked < task.dataOutLength) {
      const length = Math.min(MaxBurstLength, task.dataOutLength - task.asked);
      this.solicit(task, task.asked, length);
      task.asked += length;
    }
  }

  solicit(task: TargetTask, offset: number, length: number): void {
    const tag = this.#nextTransferTag;
    this.#nextTransferTag = tag + 1 === reservedTag ? 1 : tag + 1;
    const r2tSn = task.r2tSn++;
    const burst = { tag, r2tSn, offset, length, got: 0, dataSn: 0, gap: false, repeated: false };
    task.solicited.push(burst);
    this.#answers.readyToTransfer(task, burst);
  }

  repeat(task: TargetTask, burst: Solicited): void {
    this.#answers.readyToTransfer(task, burst);
  }

  answer(
    task: TargetTask,
    status: Status,
    senseData: Uint8Array,
    dataIn: Uint8Array,
    offset: number,
    offered: number,
  ): void {
    if (!this.#release(task)) return;
    this.#answers.answer(task, status, senseData, dataIn, offset, offered);
    this.#recycle(task);
  }

  abandoned(task: TargetTask): void {
    if (!this.#release(task)) return;
    if (this.#abandoned) this.#abandoned.push(task);
    else this.#tellAbandoned(task);
  }

  #tellAbandoned(task: TargetTask): void {
    this.#answers.response(task, ServiceResponse.targetFailure);
    this.#recycle(task);
  }

  #release(task: TargetTask): boolean {
    if (!this.tasks.delete(task.tag)) return false;
    if (task.immediate) this.#immediate--;
    this.#bytes -= task.reserved;
    task.reserved = 0;
    this.window.open(this.#node.depth - (this.tasks.size - this.#immediate));
    return true;
  }

  #recycle(task: TargetTask): void {
    task.rest();
    this.#free.push(task);
  }

  /** See Managed. */
  atDevice(what: TaskManagement, lun: number, tag: number, silent: boolean): number {
    const { device } = this.#node;
    if (!device) return TaskManagementResponse.rejected;
    this.#abandoned = [];
    const response = device.manage(this.nexus, what, lun, tag);
    const abandoned = this.#abandoned;
    this.#abandoned = undefined;
    for (const task of abandoned) {
      if (silent && response === TaskManagementResponse.complete) this.#recycle(task);
      else this.#tellAbandoned(task);
    }
    return response;
  }

  /** Ends a command whose data is on its way, or that waits for its turn, without an answer. */
  drop(task: TargetTask): void {
    this.delivery.leave(task);
    this.#release(task);
    this.#recycle(task);
  }

  tellOthers(lun: number | undefined): void {
    for (const { session } of this.#node.sessions.values())
      if (session !== this) session?.abortedByOther(lun);
  }

  /** Half-received commands end with TASK ABORTED, when their data has stopped (RFC 7143 §4.2.3.3). */
  abortedByOther(lun: number | undefined): void {
    for (const task of [...this.tasks.values()]) {
      if (!task.isUndelivered || (lun !== undefined && task.lun !== lun)) continue;
      task.broken = aborted;
      this.#proceed(task);
    }
    this.delivery.advance();
  }

  plug(cmdSn: number): boolean {
    const { window } = this;
    if (cmdSn !== window.expected && !window.isEarly(cmdSn)) return false;
    this.arrivals.plug(cmdSn);
    return true;
  }

  /** When `tick` has something to do. */
  get due(): number {
    let { due } = this.management;
    if (this.#recovers)
      for (const task of this.tasks.values())
        if (task.expectsData) due = Math.min(due, task.heard + sequenceTimeout);
    return due;
  }

  /** Above level 0: data-out that does not come is asked for again. */
  tick(): void {
    this.management.advance();
    if (!this.#recovers) return;
    const now = this.#node.lent.clock.now();
    for (const task of [...this.tasks.values()]) {
      if (!task.expectsData || now - task.heard < sequenceTimeout) continue;
      task.heard = now;
      recoverSilent(task, this);
      this.#proceed(task);
    }
  }
}

const statusOf = (broken: Uint8Array): Status =>
  broken === noRoom ? Status.busy : broken === aborted ? Status.taskAborted : Status.checkCondition;
