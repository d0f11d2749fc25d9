/** One connection at the initiator, from login to logout (RFC 7143 §8.1, initiator states). One connection is one session. */

import { TaskManagement, type TaskManagementResponse } from '../../scsi/command.ts';
import type { Task, TransportFault } from '../task.ts';
import { TransportError } from '../transport.ts';
import { type Errand, Errands, functionOf } from './errands.ts';
import { Framer, FramingError, type Pdu } from './framer.ts';
import { InitiatorLogin } from './initiator-login.ts';
import type { InitiatorEvents, InitiatorOptions } from './initiator-options.ts';
import type { InitiatorRecovery, RecoveryParts } from './initiator-recovery.ts';
import { InitiatorRequests, pingTag } from './initiator-requests.ts';
import { InitiatorTasks, type Numbers } from './initiator-tasks.ts';
import { InitiatorText } from './initiator-text.ts';
import { type Settings, segmentLimits } from './keys.ts';
import { type Machine, pingDue } from './machine.ts';
import { AsyncEvent, InitiatorOpcode, RejectReason, reservedTag, TargetOpcode } from './opcodes.ts';
import { Outbox } from './outbox.ts';
import * as pdus from './pdu.ts';
import { ProtocolError } from './protocol-error.ts';
import { advance, ahead } from './serial.ts';
import type { Pair } from './text.ts';
import { InitiatorWindow } from './window.ts';

/** A StatSN further off than this tells of a connection that has failed. */
const maxGap = 1 << 16;

export class InitiatorConnection implements Machine, Numbers {
  readonly outbox = new Outbox();
  readonly window = new InitiatorWindow(1);
  expStatSn = 0;
  onOutput: () => void = () => undefined;
  ended = false;
  readonly holding = false;
  readonly lends = true;
  tasks: InitiatorTasks | undefined;
  /** Above error recovery level 0. */
  #recovery: InitiatorRecovery | undefined;
  readonly #options: InitiatorOptions;
  readonly #events: InitiatorEvents;
  readonly #framer: Framer;
  readonly #requests: InitiatorRequests;
  readonly #login: InitiatorLogin;
  readonly #errands = new Errands();
  readonly #text: InitiatorText;
  readonly #since: number;
  #heard: number;
  #pinged: number | undefined;

  constructor(options: InitiatorOptions, events: InitiatorEvents) {
    this.#options = options;
    this.#events = events;
    this.#since = options.clock.now();
    this.#heard = this.#since;
    this.#login = new InitiatorLogin(options);
    this.#requests = new InitiatorRequests(this.outbox, this, options.isid);
    this.#text = new InitiatorText(this.#requests);
    const longest = Math.max(segmentLimits.default, options.wishes.MaxRecvDataSegmentLength);
    this.#framer = new Framer(longest, (pdu) => this.#pdu(pdu));
    this.#framer.holding = () => this.holding;
  }

  /** What was agreed on. */
  get settings(): Settings {
    return this.#login.settings;
  }

  /** The TCP connection is there: logs in. */
  start(): void {
    this.#requests.login(this.#login.start());
  }

  get due(): number {
    const { timeouts } = this.#options;
    if (this.ended) return Number.POSITIVE_INFINITY;
    if (!this.tasks) return this.#since + timeouts.login + 1;
    const ping = pingDue(timeouts, this.#heard, this.#pinged);
    return this.#recovery ? Math.min(ping, this.#recovery.due(this.#pinged !== undefined)) : ping;
  }

  receive(chunk: Uint8Array): void {
    this.#heard = this.#options.clock.now();
    this.#guarded(() => this.#framer.push(chunk));
  }

  /** What breaks the protocol ends the session. */
  #guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const known = error instanceof FramingError || error instanceof ProtocolError || !this.tasks;
      if (!known) throw error;
      if (error instanceof FramingError && error.code === 'header-digest') this.#events.damaged?.();
      this.#over(error);
    }
  }

  tick(): void {
    if (this.ended) return;
    const { login, ping, pong } = this.#options.timeouts;
    const now = this.#options.clock.now();
    if (!this.tasks) {
      if (now - this.#since > login) this.#over(new ProtocolError('login takes too long'));
      return;
    }
    if (this.#pinged !== undefined && this.#heard >= this.#pinged) this.#pinged = undefined;
    if (this.#pinged !== undefined) {
      if (now - this.#pinged > pong) this.#over(new ProtocolError('no answer to a ping'));
    } else if (ping > 0 && now - this.#heard > ping) {
      this.#pinged = now;
      this.#requests.nopOut(pingTag, reservedTag, 0);
    }
    if (!this.ended) this.#guarded(() => this.#recovery?.tick(now, this.#heard, this.#pinged !== undefined));
  }

  lost(why?: Error): void {
    this.#over(why ?? new ProtocolError('the connection was lost'));
  }

  /** Logs out and ends; tasks end with `fault`. */
  close(fault: TransportFault): void {
    if (this.ended) return;
    if (this.tasks) this.#requests.logout();
    this.#finish(fault);
    this.#events.over(undefined);
  }

  #over(why: Error): void {
    if (this.ended) return;
    this.#finish('nexus-lost');
    this.#events.over(why);
  }

  #finish(fault: TransportFault): void {
    this.ended = true;
    this.#framer.stopped = true;
    const gone = new TransportError(fault, `${this.#options.target ?? 'discovery'}: ${fault}`);
    this.tasks?.failAll(fault);
    this.#errands.failAll(gone);
    this.#text.fail(gone);
  }

  /** Asks for the end of a task that the target may have. */
  abort(task: Task): void {
    const found = this.tasks?.find(task);
    if (!found?.sent) return;
    if (!this.#errands.concerns(found.tag))
      this.manage(TaskManagement.abortTask, task.lun, task).catch(() => undefined);
  }

  manage(what: TaskManagement, lun: number, task: Task | undefined): Promise<TaskManagementResponse> {
    const found = task && this.tasks?.find(task);
    const named = found?.tag ?? reservedTag;
    const errand = { what, lun, tag: named, cmdSn: this.window.next, refCmdSn: found?.cmdSn ?? 0 };
    const tag = this.#send(errand);
    this.onOutput();
    return this.#errands.add(tag, errand, this.#options.clock.now());
  }

  #send({ what, lun, tag, refCmdSn }: Errand): number {
    return this.#requests.management(functionOf(what), lun, tag, refCmdSn);
  }

  /** One exchange of text (RFC 7143 §11.10): what the target says to our pairs. */
  ask(pairs: readonly Pair[]): Promise<Pair[]> {
    const promise = this.#text.ask(pairs);
    this.onOutput();
    return promise;
  }

  #pdu(pdu: Pdu): void {
    if (!pdu.intact) this.#events.damaged?.();
    const { opcode } = pdus.Header.over(pdu.header);
    if (!this.tasks) {
      if (opcode !== TargetOpcode.loginResponse) throw new ProtocolError('the target answers no login');
      this.#loginResponse(pdu);
      return;
    }
    const view = pdus.ScsiResponse.over(pdu.header); // the serial numbers are at the same place in all
    if (this.#recovery) {
      if (!this.#recovery.admits(opcode, pdu)) return;
    } else this.#count(opcode, pdu, view.statSn);
    this.window.update(view.expCmdSn, view.maxCmdSn);
    this.#inFullFeature(opcode, pdu, this.tasks);
    this.#recovery?.settle();
    this.tasks?.advance();
  }

  /** At level 0 nothing is asked for again: what is damaged or far out of sequence ends the session (RFC 7143 §4.2.2.2, §7.8). */
  #count(opcode: number, pdu: Pdu, statSn: number): void {
    if (!pdu.intact) throw new ProtocolError('a data digest is wrong');
    if (!this.#isNumbered(opcode, pdu)) return;
    if (Math.abs(ahead(statSn, this.expStatSn)) > maxGap)
      throw new ProtocolError(`StatSN ${statSn}, where ${this.expStatSn} is due`);
    this.expStatSn = advance(statSn);
  }

  /** It takes a StatSN: all but R2T, data without status, and NOP-In of the target's own accord. */
  #isNumbered(opcode: number, pdu: Pdu): boolean {
    if (opcode === TargetOpcode.dataIn) return pdus.DataIn.over(pdu.header).hasStatus === 1;
    if (opcode === TargetOpcode.nopIn) return pdus.NopIn.over(pdu.header).tag !== reservedTag;
    return opcode !== TargetOpcode.readyToTransfer;
  }

  #loginResponse(pdu: Pdu): void {
    const view = pdus.LoginResponse.over(pdu.header);
    this.expStatSn = advance(view.statSn);
    const next = this.#login.receive(view, pdu.data);
    this.window.update(view.expCmdSn, view.maxCmdSn);
    if (next) {
      this.#requests.login(next);
      return;
    }
    const { settings } = this.#login;
    const headerDigest = settings.HeaderDigest === 'CRC32C';
    const dataDigest = settings.DataDigest === 'CRC32C';
    Object.assign(this.#framer, { headerDigest, dataDigest });
    Object.assign(this.outbox, { headerDigest, dataDigest });
    this.tasks = new InitiatorTasks(settings, this.outbox, this);
    if (settings.ErrorRecoveryLevel > 0) this.#recovery = this.tasks.recover(this.#recoveryParts());
    this.#events.ready();
  }

  #recoveryParts(): RecoveryParts {
    return {
      clock: this.#options.clock,
      numbers: this,
      requests: this.#requests,
      errands: this.#errands,
      manage: (errand) => this.#send(errand),
      probe: () => this.#requests.nopOut(pingTag, reservedTag, 0),
    };
  }

  #inFullFeature(opcode: number, pdu: Pdu, tasks: InitiatorTasks): void {
    switch (opcode) {
      case TargetOpcode.dataIn:
        tasks.dataIn(pdu);
        break;
      case TargetOpcode.scsiResponse:
        tasks.response(pdu);
        break;
      case TargetOpcode.readyToTransfer:
        tasks.readyToTransfer(pdu);
        break;
      case TargetOpcode.taskManagementResponse:
        this.#managed(pdu, tasks);
        break;
      case TargetOpcode.nopIn:
        this.#nopIn(pdu);
        break;
      case TargetOpcode.textResponse:
        this.#text.receive(pdu);
        break;
      case TargetOpcode.asyncMessage:
        this.#asynchronous(pdu);
        break;
      case TargetOpcode.reject:
        this.#rejected(pdu);
        break;
      default:
        throw new ProtocolError(`the target sends opcode ${opcode.toString(16)}h`);
    }
  }

  #managed(pdu: Pdu, tasks: InitiatorTasks): void {
    const { tag, response } = pdus.ManagementReply.over(pdu.header);
    this.#errands.settle(tag, response, ({ what, lun, tag: named, cmdSn }) =>
      tasks.aborted(what, lun, named, cmdSn),
    );
  }

  #nopIn(pdu: Pdu): void {
    const { transferTag, lun } = pdus.NopIn.over(pdu.header);
    if (transferTag !== reservedTag) this.#requests.nopOut(reservedTag, transferTag, lun);
  }

  /** RFC 7143 §11.9: asked to go, or told that we are gone, we go; the owner comes back. */
  #asynchronous(pdu: Pdu): void {
    const { event, parameter2 } = pdus.AsyncMessage.over(pdu.header);
    const { logoutRequested, renegotiate, connectionDropped, allConnectionsDropped } = AsyncEvent;
    const isDropped = event === connectionDropped || event === allConnectionsDropped;
    if (event === logoutRequested || event === renegotiate) this.#requests.logout();
    else if (!isDropped) return;
    this.#over(new ProtocolError(`the target ends the session (event ${event})`, isDropped ? parameter2 : 0));
  }

  /** A rejected request ends the session, unless recovery knows what to do; rejected data ends its task, by the target. */
  #rejected(pdu: Pdu): void {
    const { reason } = pdus.Reject.over(pdu.header);
    if (reason === RejectReason.waitingForLogout) return;
    if (pdu.data.length >= pdus.headerSize) {
      if (this.#recovery?.rejected(reason, pdu.data)) return;
      const { opcode } = pdus.Header.over(pdu.data);
      if (reason === RejectReason.dataDigest && opcode === InitiatorOpcode.dataOut) return;
    }
    throw new ProtocolError(`the target rejects a request: reason ${reason}`);
  }
}
