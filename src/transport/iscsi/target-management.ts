/**
 * Task management at the target (RFC 7143 §11.5, §4.2.3; RFC 7144 §6.3). Functions that end many tasks wait until the older
 * commands have come and the data asked for has stopped; commands that the device server does not know yet are ended here.
 */

import { TaskManagement } from '../../scsi/command.ts';
import type { Clock } from '../../time/clock.ts';
import type { Delivery } from './delivery.ts';
import type { Settings } from './keys.ts';
import { ManagementFunction, ManagementResponse, RejectReason } from './opcodes.ts';
import type { ManagementRequest } from './pdu.ts';
import { advance, ahead } from './serial.ts';
import type { TargetTask } from './target-task.ts';
import type { TargetWindow } from './window.ts';

/** Functions waiting at once, and how long one waits for data-out that does not come, in milliseconds. */
const maxWaiting = 16;
const patience = 10_000;

/** Functions that end several tasks (RFC 7143 §4.2.3.2). */
const multiple: ReadonlySet<number> = new Set([
  ManagementFunction.abortTaskSet,
  ManagementFunction.clearTaskSet,
  ManagementFunction.logicalUnitReset,
  ManagementFunction.targetWarmReset,
  ManagementFunction.targetColdReset,
]);
/** Those that end other initiators' tasks too; and those of them that end everybody's, at all logical units. */
const shared: ReadonlySet<number> = new Set(
  [...multiple].filter((one) => one !== ManagementFunction.abortTaskSet),
);
const everywhere: ReadonlySet<number> = new Set([
  ManagementFunction.targetWarmReset,
  ManagementFunction.targetColdReset,
]);
/** Those that do not spare younger commands. */
const resets: ReadonlySet<number> = new Set([ManagementFunction.logicalUnitReset, ...everywhere]);

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

/** A request, as long as it is not answered. */
interface Request {
  readonly function: number;
  readonly lun: number;
  readonly tag: number;
  readonly referencedTag: number;
  readonly cmdSn: number;
  readonly refCmdSn: number;
  readonly since: number;
}

/** What task management needs of its session. */
export interface Managed {
  readonly settings: Settings;
  readonly window: TargetWindow;
  readonly tasks: ReadonlyMap<number, TargetTask>;
  readonly delivery: Delivery;
  /** Ends a command that the device server does not know, without an answer. */
  drop(task: TargetTask): void;
  /** Lets the device server carry out a function; gives SAM's response. `silent`: what it abandons gets no response. */
  atDevice(what: TaskManagement, lun: number, tag: number, silent: boolean): number;
  /** Other sessions' commands at this logical unit, or at all, are ended. */
  tellOthers(lun: number | undefined): void;
  /** Counts a command as received that will not come; false: it is too late or too early for that. */
  plug(cmdSn: number): boolean;
}

export class TargetManagement {
  readonly #session: Managed;
  readonly #clock: Clock;
  readonly #answer: (tag: number, response: number, what: number) => void;
  readonly #waiting: Request[] = [];

  constructor(session: Managed, clock: Clock, answer: (tag: number, response: number, what: number) => void) {
    this.#session = session;
    this.#clock = clock;
    this.#answer = answer;
  }

  /** Gives why the request is rejected, if it is. */
  receive(header: ReturnType<typeof ManagementRequest.over>, lun: number): number | undefined {
    const { function: what, tag, referencedTag, cmdSn, refCmdSn } = header;
    if (this.#waiting.some((one) => one.tag === tag)) return RejectReason.taskInProgress;
    const request = { function: what, lun, tag, referencedTag, cmdSn, refCmdSn, since: this.#clock.now() };
    if (!multiple.has(what) || (this.#waiting.length === 0 && this.#isReady(request))) {
      this.#carryOut(request);
      return undefined;
    }
    if (this.#waiting.length >= maxWaiting) return RejectReason.immediateRejected;
    for (const task of this.#session.tasks.values()) if (this.#concerns(request, task)) task.doomed = true;
    this.#waiting.push(request);
    this.#session.delivery.fence = this.#waiting[0]?.cmdSn;
    return undefined;
  }

  /** When it is no longer waited for data. */
  get due(): number {
    const [first] = this.#waiting;
    return first ? first.since + patience : Number.POSITIVE_INFINITY;
  }

  /** Carries out what had to wait, if it need not any more. */
  advance(): void {
    if (this.#waiting.length === 0) return;
    const now = this.#clock.now();
    for (let first = this.#waiting[0]; first; first = this.#waiting[0]) {
      if (!this.#isReady(first) && now - first.since < patience) return;
      this.#waiting.shift();
      this.#session.delivery.fence = this.#waiting[0]?.cmdSn;
      this.#carryOut(first);
    }
  }

  /** All older commands are there, and none of those meant expects data (RFC 7143 §4.2.3.3, steps a and b). */
  #isReady(request: Request): boolean {
    const { window, tasks } = this.#session;
    const early = ahead(request.cmdSn, window.expected) > 0 && ahead(request.cmdSn, advance(window.max)) <= 0;
    if (early) return false;
    for (const task of tasks.values()) if (task.expectsData && this.#concerns(request, task)) return false;
    return true;
  }

  #concerns(request: Request, task: TargetTask): boolean {
    if (!task.isUndelivered || !(everywhere.has(request.function) || task.lun === request.lun)) return false;
    const age = ahead(request.cmdSn, task.cmdSn);
    return resets.has(request.function) || age > 0 || (task.immediate && age === 0);
  }

  #carryOut(request: Request): void {
    const what = functions[request.function];
    const response = what === undefined ? this.#otherwise(request) : this.#atDevice(request, what);
    this.#answer(request.tag, response, request.function);
    this.#session.delivery.advance();
  }

  #atDevice(request: Request, what: TaskManagement): number {
    const { lun, referencedTag } = request;
    const named = this.#session.tasks.get(referencedTag);
    const known = what === TaskManagement.queryTask ? this.#known(named, lun) : undefined;
    if (known !== undefined) return known;
    const single = what === TaskManagement.abortTask;
    if (single && this.#waiting.some((one) => one.tag === referencedTag)) return ManagementResponse.rejected;
    if (single && named?.isUndelivered) this.#session.drop(named);
    const several = multiple.has(request.function);
    if (several) this.#dropAll(request);
    const response = this.#session.atDevice(what, lun, referencedTag, single || several);
    const done = responses[response] === ManagementResponse.complete;
    if (done && shared.has(request.function))
      this.#session.tellOthers(everywhere.has(request.function) ? undefined : lun);
    if (done && single && !named && !this.#plug(request)) return ManagementResponse.noSuchTask;
    return responses[response] ?? ManagementResponse.rejected;
  }

  /** QUERY TASK about a command that the device server does not know; undefined: it is asked. */
  #known(named: TargetTask | undefined, lun: number): number | undefined {
    if (this.#session.settings.iSCSIProtocolLevel < 2) return ManagementResponse.unsupported;
    return named?.isUndelivered && named.lun === lun ? ManagementResponse.succeeded : undefined;
  }

  #dropAll(request: Request): void {
    for (const task of [...this.#session.tasks.values()])
      if (this.#concerns(request, task)) this.#session.drop(task);
  }

  /** A command that was aborted before it came counts as received (RFC 7143 §11.6.1). */
  #plug({ cmdSn, refCmdSn }: Request): boolean {
    return ahead(refCmdSn, cmdSn) < 0 && this.#session.plug(refCmdSn);
  }

  #otherwise({ function: what, lun }: Request): number {
    const { tasks, settings } = this.#session;
    if (what === ManagementFunction.taskReassign) return ManagementResponse.reassignmentUnsupported;
    if (settings.iSCSIProtocolLevel < 2) return ManagementResponse.unsupported;
    if (what === ManagementFunction.queryTaskSet) {
      const found = [...tasks.values()].some((task) => task.lun === lun);
      return found ? ManagementResponse.succeeded : ManagementResponse.complete;
    }
    // The connection goes after the answer. QUERY ASYNCHRONOUS EVENT: targets do not say what unit attentions are pending.
    return what === ManagementFunction.nexusReset
      ? ManagementResponse.complete
      : ManagementResponse.unsupported;
  }
}
