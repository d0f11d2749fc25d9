/**
 * A normal session in full feature phase, at the target: one connection, error recovery level 0 (RFC 7143 §4.2, §11).
 * PDUs come in one by one; what is to be sent goes to the outbox.
 */

import { type Nexus, TaskManagement } from '../../scsi/command.ts';
import { Status } from '../../scsi/status.ts';
import { commandOf } from './command-pdu.ts';
import type { Pdu } from './framer.ts';
import {
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
import {
  ManagementFunction,
  ManagementResponse,
  RejectReason,
  reservedTag,
  ServiceResponse,
} from './opcodes.ts';
import { DataOut, type ManagementRequest, ScsiCommand } from './pdu.ts';
import type { TargetNode } from './target-node.ts';
import type { TargetReplies } from './target-replies.ts';
import { type Answerer, TargetTask } from './target-task.ts';
import type { TargetWindow } from './window.ts';

type View<T extends { over(bytes: Uint8Array): unknown }> = ReturnType<T['over']>;

/** Immediate commands held at once, beside the window. */
const maxImmediate = 32;

/** Functions that end tasks without a response of their own (RFC 7143 §11.5.1). */
const ending: ReadonlySet<number> = new Set([
  ManagementFunction.abortTask,
  ManagementFunction.abortTaskSet,
  ManagementFunction.clearTaskSet,
  ManagementFunction.logicalUnitReset,
  ManagementFunction.targetWarmReset,
  ManagementFunction.targetColdReset,
]);

const functions: Readonly<Record<number, TaskManagement>> = {
  [ManagementFunction.abortTask]: TaskManagement.abortTask,
  [ManagementFunction.abortTaskSet]: TaskManagement.abortTaskSet,
  [ManagementFunction.clearAca]: TaskManagement.clearAca,
  [ManagementFunction.clearTaskSet]: TaskManagement.clearTaskSet,
  [ManagementFunction.logicalUnitReset]: TaskManagement.logicalUnitReset,
  [ManagementFunction.targetWarmReset]: TaskManagement.targetReset,
  [ManagementFunction.targetColdReset]: TaskManagement.targetReset,
  [ManagementFunction.queryTask]: TaskManagement.queryTask,
};

/** SAM's responses, by number, as iSCSI says them. */
const responses: readonly number[] = [
  ManagementResponse.complete,
  ManagementResponse.succeeded,
  ManagementResponse.rejected,
  ManagementResponse.noSuchLun,
];

export class TargetSession implements Answerer {
  readonly nexus: Nexus;
  readonly window: TargetWindow;
  readonly settings: Settings;
  readonly tasks = new Map<number, TargetTask>();
  readonly #node: TargetNode;
  readonly #replies: TargetReplies;
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
  ) {
    this.#node = node;
    this.#replies = replies;
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

  /** SCSI Command (RFC 7143 §11.3); its place in the window has been checked. */
  command(pdu: Pdu): void {
    const header = ScsiCommand.over(pdu.header);
    if (this.tasks.has(header.tag) || header.tag === reservedTag) {
      this.#reject(RejectReason.taskInProgress, pdu);
      return;
    }
    if (header.immediate && this.#immediate >= maxImmediate) {
      this.#reject(RejectReason.immediateRejected, pdu);
      return;
    }
    const task = this.#free.pop() ?? new TargetTask(this, this.nexus);
    task.begin(header.tag, decodeLun(pdu.header));
    if (!commandOf(task, header, pdu.ahs)) {
      task.rest();
      this.#free.push(task);
      this.#reject(RejectReason.invalidField, pdu);
      return;
    }
    task.immediate = header.immediate === 1;
    if (task.immediate) this.#immediate++;
    this.tasks.set(task.tag, task);
    this.#node.counters.commands++;
    if (task.dataOutLength > this.#node.maxDataOut) task.broken = tooMuch;
    else if (this.#bytes + task.dataOutLength > this.#node.maxBuffered) task.broken = noRoom;
    else {
      task.reserved = task.dataOutLength;
      this.#bytes += task.reserved;
    }
    takeImmediate(task, header.final === 1, pdu.data, this.settings);
    this.#proceed(task);
  }

  /** SCSI Data-Out (RFC 7143 §11.7). Data of a task that is no more is dropped. */
  dataOut(pdu: Pdu): void {
    const header = DataOut.over(pdu.header);
    const task = this.tasks.get(header.tag);
    if (task?.state !== 'gathering') return;
    if (!pdu.intact) {
      this.#reject(RejectReason.dataDigest, pdu);
      task.broken ??= digestWrong;
    } else if (header.transferTag === reservedTag) takeUnsolicited(task, header, pdu.data);
    else takeSolicited(task, header, pdu.data);
    if (header.final) endBurst(task, header.transferTag);
    this.#proceed(task);
  }

  /** Asks for more data, hands the command over, or refuses it, whichever is due. */
  #proceed(task: TargetTask): void {
    if (task.unsolicited) return;
    if (task.broken) {
      if (task.solicited.length > 0) return;
      task.state = 'held';
      task.dataOutWanted = task.dataOutLength;
      task.complete(task.broken === noRoom ? Status.busy : Status.checkCondition, task.broken);
    } else if (task.got === task.dataOutLength) {
      task.state = 'held';
      const { device } = this.#node;
      if (device) device.command(task);
      else task.complete(Status.busy);
    } else this.#solicit(task);
  }

  /** Ready To Transfer, as many as may be open at once (RFC 7143 §11.8). */
  #solicit(task: TargetTask): void {
    const { MaxOutstandingR2T, MaxBurstLength } = this.settings;
    while (task.solicited.length < MaxOutstandingR2T && task.asked < task.dataOutLength) {
      const length = Math.min(MaxBurstLength, task.dataOutLength - task.asked);
      const tag = this.#nextTransferTag;
      this.#nextTransferTag = tag + 1 === reservedTag ? 1 : tag + 1;
      task.solicited.push({ tag, offset: task.asked, length, got: 0, dataSn: 0 });
      this.#replies.readyToTransfer(task, tag, task.r2tSn++, task.asked, length);
      task.asked += length;
    }
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
    this.#replies.answer(task, status, senseData, dataIn, offset, offered);
    this.#recycle(task);
  }

  abandoned(task: TargetTask): void {
    if (!this.#release(task)) return;
    if (this.#abandoned) this.#abandoned.push(task);
    else this.#tellAbandoned(task);
  }

  #tellAbandoned(task: TargetTask): void {
    this.#replies.response(task, ServiceResponse.targetFailure);
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

  /** Task management (RFC 7143 §11.5, RFC 7144 §4); gives the response code. */
  manage(header: View<typeof ManagementRequest>, lun: number): number {
    const what = functions[header.function];
    const { device } = this.#node;
    if (what === undefined || !device) return this.#manageOtherwise(header.function, lun);
    if (what === TaskManagement.queryTask && this.settings.iSCSIProtocolLevel < 2)
      return ManagementResponse.unsupported;
    const known = this.tasks.has(header.referencedTag);
    this.#dropGathering(header.function, lun, header.referencedTag);
    this.#abandoned = [];
    const response = device.manage(this.nexus, what, lun, header.referencedTag);
    const abandoned = this.#abandoned;
    this.#abandoned = undefined;
    const silent = ending.has(header.function) && response === 0;
    for (const task of abandoned) {
      if (silent) this.#recycle(task);
      else this.#tellAbandoned(task);
    }
    if (header.function === ManagementFunction.abortTask && response === 0 && !known)
      return ManagementResponse.noSuchTask;
    return responses[response] ?? ManagementResponse.rejected;
  }

  #manageOtherwise(what: number, lun: number): number {
    const { device } = this.#node;
    const level2 = this.settings.iSCSIProtocolLevel >= 2;
    switch (what) {
      case ManagementFunction.taskReassign:
        return ManagementResponse.reassignmentUnsupported;
      case ManagementFunction.queryTaskSet: {
        if (!level2) return ManagementResponse.unsupported;
        const found = [...this.tasks.values()].some((task) => task.lun === lun);
        return found ? ManagementResponse.succeeded : ManagementResponse.complete;
      }
      case ManagementFunction.queryAsynchronousEvent:
        return level2 ? ManagementResponse.complete : ManagementResponse.unsupported;
      case ManagementFunction.nexusReset:
        if (!level2 || !device) return ManagementResponse.unsupported;
        for (const task of this.tasks.values()) task.rest();
        this.tasks.clear();
        this.#immediate = 0;
        this.#bytes = 0;
        this.window.open(this.#node.depth);
        device.nexusLost(this.nexus);
        device.nexusEstablished(this.nexus);
        return ManagementResponse.complete;
      default:
        return ManagementResponse.unsupported;
    }
  }

  /** Commands of ours whose data is still on its way: the device server does not know them. */
  #dropGathering(what: number, lun: number, tag: number): void {
    for (const task of [...this.tasks.values()]) {
      if (task.state !== 'gathering') continue;
      const everywhere =
        what === ManagementFunction.targetWarmReset || what === ManagementFunction.targetColdReset;
      const meant = what === ManagementFunction.abortTask ? task.tag === tag : everywhere || task.lun === lun;
      if (!meant || !ending.has(what)) continue;
      this.#release(task);
      this.#recycle(task);
    }
  }

  #reject(reason: number, pdu: Pdu): void {
    this.#replies.reject(reason, pdu);
  }
}
