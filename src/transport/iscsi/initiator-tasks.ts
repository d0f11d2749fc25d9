/**
 * The commands of an initiator's session: sent when the window allows, their data moved both ways, ended by their answers
 * (RFC 7143 §11.3, §11.4, §11.7, §11.8).
 */

import { TaskAttribute, TaskManagement } from '../../scsi/command.ts';
import type { Status } from '../../scsi/status.ts';
import type { Clock } from '../../time/clock.ts';
import { maxSenseLength, type Task, type TransportFault } from '../task.ts';
import { extendedHeaders } from './command-ahs.ts';
import type { Pdu } from './framer.ts';
import { damaged, residual } from './initiator-outcome.ts';
import { Progress } from './initiator-progress.ts';
import { InitiatorRecovery, type RecoveryParts } from './initiator-recovery.ts';
import { dataOutOf, type Slot, Slots } from './initiator-slots.ts';
import type { Settings } from './keys.ts';
import { encodeLun } from './lun.ts';
import { Attribute, InitiatorOpcode, reservedTag, ServiceResponse } from './opcodes.ts';
import type { Outbox } from './outbox.ts';
import { DataIn, DataOut, ReadyToTransfer, ScsiCommand, ScsiResponse } from './pdu.ts';
import { ProtocolError } from './protocol-error.ts';
import { wholeWords } from './segment.ts';
import { ahead } from './serial.ts';
import type { InitiatorWindow } from './window.ts';

const attributes: Readonly<Record<TaskAttribute, number>> = {
  [TaskAttribute.simple]: Attribute.simple,
  [TaskAttribute.ordered]: Attribute.ordered,
  [TaskAttribute.headOfQueue]: Attribute.headOfQueue,
  [TaskAttribute.aca]: Attribute.aca,
};

/** What numbers the PDUs of the session. */
export interface Numbers {
  readonly window: InitiatorWindow;
  expStatSn: number;
}

export class InitiatorTasks {
  queued = 0;
  readonly slots: Slots;
  readonly #settings: Settings;
  readonly #outbox: Outbox;
  readonly #numbers: Numbers;
  #recovery: InitiatorRecovery | undefined;
  #now: Clock | undefined;
  /** Waiting for the window to open. */
  #pending: Slot[] = [];
  readonly #command: ReturnType<typeof ScsiCommand.over>;
  readonly #dataOut: ReturnType<typeof DataOut.over>;
  readonly #cdbAt: number;

  constructor(settings: Settings, outbox: Outbox, numbers: Numbers) {
    this.#settings = settings;
    this.#outbox = outbox;
    this.#numbers = numbers;
    const recovers = settings.ErrorRecoveryLevel > 0;
    this.slots = new Slots(() => (recovers ? new Progress() : undefined));
    this.#command = ScsiCommand.over(outbox.header);
    this.#dataOut = DataOut.over(outbox.header);
    this.#cdbAt = ScsiCommand.fields.cdb.at;
  }

  /** From now on what is lost is asked for again. */
  recover(parts: RecoveryParts): InitiatorRecovery {
    this.#now = parts.clock;
    this.#recovery = new InitiatorRecovery(parts, this);
    return this.#recovery;
  }

  submit(task: Task): void {
    const slot = this.slots.take(task);
    this.queued++;
    if (this.#pending.length === 0 && this.#numbers.window.isOpen) this.#send(slot, task);
    else this.#pending.push(slot);
  }

  /** Sends what had to wait, as far as the window lets it. */
  advance(): void {
    let sent = 0;
    while (sent < this.#pending.length && this.#numbers.window.isOpen) {
      const slot = this.#pending[sent++] as Slot;
      if (slot.task) this.#send(slot, slot.task);
    }
    if (sent > 0) this.#pending.splice(0, sent);
  }

  /** The task, if it is under way; `sent`: the target may know of it. */
  find(task: Task): { readonly tag: number; readonly sent: boolean; readonly cmdSn: number } | undefined {
    return this.slots.of(task);
  }

  #send(slot: Slot, task: Task): void {
    slot.sent = true;
    slot.cmdSn = this.#numbers.window.take();
    this.#emit(slot, task);
  }

  /** The same command again, with all of its unsolicited data (RFC 7143 §7.2.1). */
  resend(slot: Slot): void {
    if (slot.task) this.#emit(slot, slot.task);
  }

  #emit(slot: Slot, task: Task): void {
    const { ImmediateData, InitialR2T, FirstBurstLength, peerSegment } = this.#settings;
    const length = task.dataOutLength;
    const first = Math.min(FirstBurstLength, length);
    const immediate = ImmediateData ? Math.min(first, peerSegment) : 0;
    const unsolicited = InitialR2T ? immediate : first;
    const view = this.#command;
    if (slot.progress) slot.progress.sentAt = this.#now?.now() ?? 0;
    view.opcode = InitiatorOpcode.scsiCommand;
    view.final = unsolicited === immediate ? 1 : 0;
    view.read = task.dataInLength > 0 ? 1 : 0;
    view.write = length > 0 ? 1 : 0;
    view.attribute = attributes[task.attribute];
    view.lun = encodeLun(task.lun);
    view.tag = slot.tag;
    view.expectedLength = length > 0 ? length : task.dataInLength;
    view.cmdSn = slot.cmdSn;
    view.expStatSn = this.#numbers.expStatSn;
    const { header } = this.#outbox;
    const basic = Math.min(16, task.cdbLength);
    for (let i = 0; i < basic; i++) header[this.#cdbAt + i] = Number(task.cdb[i]);
    const from = task.dataOutOffset;
    const extended = task.cdbLength > 16 || (length > 0 && task.dataInLength > 0);
    const ahs = extended ? extendedHeaders(task) : undefined;
    this.#outbox.put(task.dataOut.subarray(from, from + immediate), true, ahs);
    slot.sentBytes = unsolicited;
    slot.batch = this.#outbox.batch;
    if (unsolicited > immediate) this.#sendData(slot, task, immediate, unsolicited, reservedTag);
  }

  /** SCSI Data-Out (RFC 7143 §11.7): bytes `at` to `end` of the data-out. */
  #sendData(slot: Slot, task: Task, at: number, end: number, transferTag: number): void {
    const view = this.#dataOut;
    const most = wholeWords(this.#settings.peerSegment);
    let dataSn = 0;
    slot.batch = this.#outbox.batch;
    for (let done = at; done < end; ) {
      const size = Math.min(most, end - done);
      view.opcode = InitiatorOpcode.dataOut;
      view.final = done + size === end ? 1 : 0;
      if (transferTag !== reservedTag) view.lun = encodeLun(task.lun);
      view.tag = slot.tag;
      view.transferTag = transferTag;
      view.expStatSn = this.#numbers.expStatSn;
      view.dataSn = dataSn++;
      view.offset = done;
      const from = task.dataOutOffset + done;
      this.#outbox.put(task.dataOut.subarray(from, from + size), true);
      done += size;
    }
  }

  /** @throws ProtocolError */
  readyToTransfer(pdu: Pdu): void {
    const { tag, offset, desiredLength, transferTag, r2tSn } = ReadyToTransfer.over(pdu.header);
    const slot = this.slots.at(tag);
    if (!slot?.task) return;
    const most = this.#settings.MaxBurstLength;
    if (desiredLength === 0 || desiredLength > most || offset + desiredLength > slot.task.dataOutLength)
      throw new ProtocolError(`an R2T for ${desiredLength} bytes at ${offset}`);
    if (!this.#inTurn(slot, r2tSn)) return;
    slot.sentBytes += desiredLength;
    // At level 0 nothing is sent twice, however often it is asked for: the answers would be longer than the questions.
    if (!this.#recovery && slot.sentBytes > slot.task.dataOutLength)
      throw new ProtocolError(`R2Ts for ${slot.sentBytes} bytes, of ${slot.task.dataOutLength}`);
    this.#sendData(slot, slot.task, offset, offset + desiredLength, transferTag);
    this.#recovery?.ask(slot);
  }

  /** The next DataSN or R2TSN. Above level 0 later ones are welcome too; false for a duplicate. @throws ProtocolError */
  #inTurn(slot: Slot, number: number): boolean {
    if (this.#recovery) return this.#recovery.takes(slot, number);
    if (number !== slot.dataSn) throw new ProtocolError(`DataSN or R2TSN ${number} out of turn`);
    slot.dataSn++;
    return true;
  }

  /** @throws ProtocolError */
  dataIn(pdu: Pdu): void {
    const view = DataIn.over(pdu.header);
    const slot = this.slots.at(view.tag);
    const task = slot?.task;
    if (!slot || !task) return;
    const { offset, dataSn } = view;
    const outOfPlace = this.#recovery ? false : offset !== slot.got;
    if (outOfPlace || offset + pdu.data.length > task.dataInLength)
      throw new ProtocolError(`Data-In ${dataSn}, ${pdu.data.length} bytes at ${offset}`);
    if (!this.#inTurn(slot, dataSn)) return;
    slot.got += pdu.data.length;
    task.dataIn.set(pdu.data, task.dataInOffset + offset);
    this.#recovery?.tookData(slot, view);
    if (view.hasStatus) {
      task.status = view.status as Status;
      task.senseLength = 0;
      task.residual = residual(view.underflow, view.overflow, view.residual);
      this.#answered(slot, 0);
    } else if (slot.progress) this.concludes(slot);
  }

  response(pdu: Pdu): void {
    const view = ScsiResponse.over(pdu.header);
    const slot = this.slots.at(view.tag);
    const task = slot?.task;
    if (!slot || !task) return;
    if (view.response !== ServiceResponse.complete) {
      this.#end(slot, 'aborted');
      return;
    }
    task.status = view.status as Status;
    const sense = pdu.data.subarray(2, 2 + ((Number(pdu.data[0]) << 8) | Number(pdu.data[1])));
    task.senseLength = pdu.data.length < 2 ? 0 : Math.min(sense.length, maxSenseLength);
    if (task.senseLength > 0) task.sense.set(sense.subarray(0, task.senseLength));
    const both = task.dataInLength > 0 && task.dataOutLength > 0;
    task.residual = both
      ? residual(view.readUnderflow, view.readOverflow, view.readResidual)
      : residual(view.underflow, view.overflow, view.residual);
    this.#answered(slot, view.expDataSn);
  }

  /** The status is there; `dataPdus` came before it. */
  #answered(slot: Slot, dataPdus: number): void {
    if (this.#recovery?.withholds(slot, dataPdus)) return;
    if (slot.progress?.lost && slot.task) damaged(slot.task);
    this.#end(slot, undefined);
  }

  /** Data came, or will never come, that a status may have waited for. */
  concludes(slot: Slot): void {
    const { progress } = slot;
    if (progress?.statSn === undefined || !progress.numbers.isWhole) return;
    if (progress.lost && slot.task) damaged(slot.task);
    this.#end(slot, undefined);
  }

  #end(slot: Slot, fault: TransportFault | undefined): void {
    const task = this.#release(slot);
    if (!task) return;
    if (this.#outbox.isWaiting(slot.batch)) this.#outbox.giveBack(dataOutOf(task));
    task.dataInTransferred = slot.got;
    if (fault) {
      task.fail(fault);
      return;
    }
    task.slot = -1;
    task.fault = undefined;
    task.done(task);
  }

  #release(slot: Slot): Task | undefined {
    const task = this.slots.release(slot);
    if (!task) return undefined;
    if (slot.progress) this.#recovery?.ended(slot);
    this.queued--;
    return task;
  }

  /** Takes out a task that was not sent yet. */
  withdraw(task: Task): boolean {
    const slot = this.slots.at(task.slot);
    if (slot?.task !== task || slot.sent) return false;
    this.#pending = this.#pending.filter((one) => one !== slot);
    this.#release(slot);
    return true;
  }

  /** Ends what a task management function ended: one task, those of a logical unit, or all; never younger ones than `cmdSn`. */
  aborted(what: TaskManagement, lun: number, tag: number, cmdSn: number): void {
    const of = (slot: Slot): boolean => {
      if (!slot.task || (slot.sent && ahead(slot.cmdSn, cmdSn) >= 0)) return false;
      if (what === TaskManagement.abortTask) return slot.tag === tag;
      return what === TaskManagement.targetReset || slot.task.lun === lun;
    };
    if (what === TaskManagement.queryTask || what === TaskManagement.clearAca) return;
    const slots = this.slots.all.filter(of);
    this.#pending = this.#pending.filter((slot) => !slots.includes(slot));
    for (const slot of slots) this.#end(slot, 'aborted');
  }

  /** Ends all. */
  failAll(fault: TransportFault): void {
    this.#pending = [];
    this.#outbox.giveAllBack();
    const tasks = this.slots.all.map((slot) => this.#release(slot)); // first all: a callback may submit again
    for (const task of tasks) task?.fail(fault);
  }
}
