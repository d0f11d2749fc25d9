/**
 * Error recovery level 1 at the initiator (RFC 7143 §7.1.4, §7.2.1, §7.8, §7.9, §11.16): what is missing is noticed and asked for,
 * by SNACK; commands that were not acknowledged are sent again. What can't be had ends the session.
 */

import type { Clock } from '../../time/clock.ts';
import type { Errand, Errands } from './errands.ts';
import type { Pdu } from './framer.ts';
import { Gaps } from './gaps.ts';
import type { InitiatorRequests } from './initiator-requests.ts';
import type { Slot } from './initiator-slots.ts';
import type { InitiatorTasks, Numbers } from './initiator-tasks.ts';
import { InitiatorOpcode, RejectReason, reservedTag, SnackType, TargetOpcode } from './opcodes.ts';
import { DataIn, Header, NopIn, ScsiResponse, Snack } from './pdu.ts';
import { ProtocolError } from './protocol-error.ts';
import { advance, ahead } from './serial.ts';

/** Milliseconds until something is asked for, or sent, again; and how often. */
const patience = 5_000;
const managementPatience = 10_000;
const maxTries = 5;
/** How often all this is looked at. */
const interval = 1_000;
/** Before all time: asks only for what was never asked for. */
const never = -Number.MAX_VALUE;

export interface RecoveryParts {
  readonly clock: Clock;
  readonly numbers: Numbers;
  readonly requests: InitiatorRequests;
  readonly errands: Errands;
  /** Sends task management; gives its tag. */
  readonly manage: (errand: Errand) => number;
  /** Asks for the target's numbers. */
  readonly probe: () => void;
}

export class InitiatorRecovery {
  readonly #parts: RecoveryParts;
  readonly #tasks: InitiatorTasks;
  readonly #statuses: Gaps;
  /** Statuses that have come and are not acknowledged yet. */
  readonly #withheld = new Set<number>();
  /** The StatSN of the PDU that is being taken in. */
  #current: number | undefined;
  #tries = 0;
  #stuckSince: number;
  #looked: number;
  #probed: number;

  constructor(parts: RecoveryParts, tasks: InitiatorTasks) {
    this.#parts = parts;
    this.#tasks = tasks;
    this.#statuses = new Gaps(parts.numbers.expStatSn);
    this.#looked = parts.clock.now();
    this.#probed = this.#looked;
    this.#stuckSince = this.#looked;
  }

  /** False: the PDU is damaged or a duplicate, and not looked at further. @throws ProtocolError */
  admits(opcode: number, pdu: Pdu): boolean {
    this.#current = undefined;
    const { statSn } = ScsiResponse.over(pdu.header);
    if (!pdu.intact) {
      if (opcode === TargetOpcode.dataIn) this.#damaged(pdu);
      else this.#parts.probe(); // the answer's StatSN tells what is missing
      return false;
    }
    if (opcode === TargetOpcode.dataIn && !DataIn.over(pdu.header).hasStatus) return true;
    const unnumbered =
      opcode === TargetOpcode.readyToTransfer ||
      (opcode === TargetOpcode.nopIn && NopIn.over(pdu.header).tag === reservedTag);
    // A response to task management comes after those of the commands that it ends.
    const tooEarly = opcode === TargetOpcode.taskManagementResponse && this.#statuses.first !== statSn;
    if (unnumbered || tooEarly)
      this.#within(() => this.#statuses.expect(tooEarly ? advance(statSn) : statSn));
    else if (!this.#within(() => this.#statuses.take(statSn))) return false;
    else this.#current = statSn;
    if (tooEarly) this.settle();
    return !tooEarly;
  }

  #within<T>(count: () => T): T {
    try {
      return count();
    } catch (error) {
      if (error instanceof RangeError) throw new ProtocolError(error.message);
      throw error;
    }
  }

  /** After each PDU: acknowledges what is whole, and asks for what is not. */
  settle(): void {
    const { numbers, clock } = this.#parts;
    let first = this.#statuses.first;
    for (const one of this.#withheld) if (ahead(one, first) < 0) first = one;
    if (ahead(first, numbers.expStatSn) > 0) {
      numbers.expStatSn = first;
      this.#tries = 0;
    }
    if (!this.#statuses.isWhole) this.#askStatuses(never, clock.now());
  }

  #askStatuses(since: number, now: number): number {
    const runs = this.#statuses.ask(since, now);
    for (const { begin, count } of runs)
      this.#parts.requests.snack(SnackType.status, reservedTag, reservedTag, begin, count);
    return runs.length;
  }

  /** A data PDU or R2T with this number has come. False: it came before. */
  takes(slot: Slot, number: number): boolean {
    return this.#within(() => slot.progress?.numbers.take(number) ?? false);
  }

  /** Data-in was put in its place: what is missing before it is asked for, and the A bit answered. */
  tookData(slot: Slot, view: ReturnType<typeof DataIn.over>): void {
    const { progress } = slot;
    if (!progress) return;
    progress.tries = 0;
    progress.dataPdus++;
    if (view.acknowledge) {
      progress.ackTag = view.transferTag;
      progress.ackLun = view.lun;
    }
    this.ask(slot);
    if (progress.ackTag === reservedTag || !progress.numbers.isWhole) return;
    const { requests } = this.#parts;
    requests.snack(
      SnackType.dataAck,
      reservedTag,
      progress.ackTag,
      progress.numbers.next,
      0,
      progress.ackLun,
    );
    progress.ackTag = reservedTag;
  }

  /** Asks for the data and R2Ts that are missing and were not asked for since. */
  ask(slot: Slot, since = never): void {
    const { progress } = slot;
    if (!progress || progress.numbers.isWhole) return;
    const runs = progress.numbers.ask(since, this.#parts.clock.now());
    if (runs.length > 0 && ++progress.tries > maxTries) this.#giveUp('data does not come');
    for (const { begin, count } of runs)
      this.#parts.requests.snack(SnackType.data, slot.tag, reservedTag, begin, count);
  }

  #damaged(pdu: Pdu): void {
    const { tag, dataSn } = DataIn.over(pdu.header);
    const slot = this.#tasks.slots.at(tag);
    if (!slot?.progress) return;
    const { numbers } = slot.progress;
    this.#within(() => numbers.expect(advance(dataSn)));
    this.ask(slot);
  }

  /** A status came that `dataPdus` came before. True: some of them are missing, and it has to wait. */
  withholds(slot: Slot, dataPdus: number): boolean {
    const { progress, task } = slot;
    const statSn = this.#current;
    if (!progress || !task || statSn === undefined || progress.lost) return false;
    if (slot.got >= task.dataInLength - Math.max(0, task.residual)) return false; // R2Ts matter no more
    const { numbers } = progress;
    const tail = dataPdus - progress.dataPdus - numbers.missing;
    if (tail > 0) this.#within(() => numbers.expect(advance(numbers.next, tail)));
    if (numbers.isWhole) return false;
    progress.statSn = statSn;
    this.#withheld.add(statSn);
    this.ask(slot);
    return true;
  }

  /** The command has ended: its status may be acknowledged. */
  ended(slot: Slot): void {
    const statSn = slot.progress?.statSn;
    if (statSn !== undefined) this.#withheld.delete(statSn);
  }

  /** Takes in a Reject of one of our requests. False: it is none that recovery knows. @throws ProtocolError */
  rejected(reason: number, header: Uint8Array): boolean {
    const { opcode, tag } = Header.over(header);
    if (opcode === InitiatorOpcode.dataOut) return true; // the target asks for it again
    const slot = this.#tasks.slots.at(tag);
    if (opcode === InitiatorOpcode.scsiCommand && reason === RejectReason.dataDigest) {
      if (slot) this.#retry(slot);
      return true;
    }
    return opcode === InitiatorOpcode.snack && this.#snackRejected(Snack.over(header), slot);
  }

  #snackRejected({ type }: ReturnType<typeof Snack.over>, slot: Slot | undefined): boolean {
    if (type === SnackType.status) this.#giveUp('a status can not be had again');
    if (type !== SnackType.data || !slot?.progress || !slot.task) return true;
    slot.progress.numbers.forget();
    if (slot.task.dataInLength === 0) return true;
    slot.progress.lost = true;
    this.#tasks.concludes(slot);
    return true;
  }

  /** The same command once more (RFC 7143 §7.2.1). */
  #retry(slot: Slot): void {
    const { progress } = slot;
    if (!progress) return;
    if (++progress.tries > maxTries) this.#giveUp('a command is not taken');
    this.#tasks.resend(slot);
  }

  #giveUp(why: string): never {
    throw new ProtocolError(why);
  }

  /** When `tick` has something to do. `pinged`: an answer to a ping is waited for. */
  due(pinged: boolean): number {
    const idle = this.#tasks.queued === 0 && this.#parts.errands.size === 0 && this.#statuses.isWhole;
    return idle && !pinged ? Number.POSITIVE_INFINITY : this.#looked + interval;
  }

  /** Asks and sends again; `silent`: since when nothing has come. @throws ProtocolError */
  tick(now: number, silent: number, pinged: boolean): void {
    if (now < this.due(pinged)) return;
    this.#looked = now;
    const again = this.#askStatuses(now - patience, now);
    if (again > 0 && ++this.#tries > maxTries) this.#giveUp('a status does not come');
    this.#retryCommands(now);
    const { errands, manage } = this.#parts;
    if (!errands.remind(now, managementPatience, maxTries, manage))
      this.#giveUp('task management is not answered');
    if (now - Math.max(silent, this.#probed) < patience) return;
    this.#probed = now;
    this.#parts.probe();
  }

  #retryCommands(now: number): void {
    const { window } = this.#parts.numbers;
    let isStuck = window.unacknowledged !== window.next;
    for (const slot of this.#tasks.slots.all) {
      if (!slot.task || !slot.sent || !slot.progress) continue;
      this.ask(slot, now - patience);
      if (slot.cmdSn !== window.unacknowledged) continue;
      isStuck = false;
      if (now - slot.progress.sentAt >= patience) this.#retry(slot);
    }
    // The command that the target waits for was ended by other means: nobody will send it again.
    if (!isStuck) this.#stuckSince = now;
    else if (now - this.#stuckSince > managementPatience)
      this.#giveUp('the target waits for a command that is no more');
  }
}
