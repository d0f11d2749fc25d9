/** One connection at the initiator, from login to logout (RFC 7143 §8.1, initiator states). One connection is one session. */

import { TaskManagement, type TaskManagementResponse } from '../../scsi/command.ts';
import type { Clock } from '../../time/clock.ts';
import type { Task, TransportFault } from '../task.ts';
import { TransportError } from '../transport.ts';
import { Errands, functionOf } from './errands.ts';
import { Framer, FramingError, type Pdu } from './framer.ts';
import { type InitiatorChap, InitiatorLogin } from './initiator-login.ts';
import { InitiatorRequests, pingTag } from './initiator-requests.ts';
import { InitiatorTasks, type Numbers, ProtocolError } from './initiator-tasks.ts';
import { type Settings, segmentLimits, type Wishes } from './keys.ts';
import { type Machine, pingDue } from './machine.ts';
import { AsyncEvent, InitiatorOpcode, RejectReason, reservedTag, TargetOpcode } from './opcodes.ts';
import { Outbox } from './outbox.ts';
import * as pdus from './pdu.ts';
import { advance } from './serial.ts';
import { encodeText, type Pair, TextGatherer } from './text.ts';
import { InitiatorWindow } from './window.ts';

export interface InitiatorOptions {
  readonly initiator: string;
  /** Undefined: a discovery session. */
  readonly target: string | undefined;
  readonly chap: InitiatorChap | undefined;
  readonly wishes: Wishes;
  /** Six bytes; the same again means the same initiator port. */
  readonly isid: Uint8Array;
  /** Milliseconds. */
  readonly timeouts: { readonly login: number; readonly ping: number; readonly pong: number };
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
}

/** What the owner of a connection is told. */
export interface InitiatorEvents {
  /** Full feature phase has begun. */
  ready(): void;
  /** It is over; why is undefined after a logout of ours. */
  over(why: Error | undefined): void;
  /** A digest was wrong. */
  damaged?(): void;
}

interface Asking {
  readonly gatherer: TextGatherer;
  readonly resolve: (pairs: Pair[]) => void;
  readonly reject: (error: Error) => void;
}

const maxText = 1 << 20;

export class InitiatorConnection implements Machine, Numbers {
  readonly outbox = new Outbox();
  readonly window = new InitiatorWindow(1);
  expStatSn = 0;
  onOutput: () => void = () => undefined;
  ended = false;
  readonly holding = false;
  tasks: InitiatorTasks | undefined;
  readonly #options: InitiatorOptions;
  readonly #events: InitiatorEvents;
  readonly #framer: Framer;
  readonly #requests: InitiatorRequests;
  readonly #login: InitiatorLogin;
  readonly #errands = new Errands();
  readonly #since: number;
  #asking: Asking | undefined;
  #heard: number;
  #pinged: number | undefined;

  constructor(options: InitiatorOptions, events: InitiatorEvents) {
    this.#options = options;
    this.#events = events;
    this.#since = options.clock.now();
    this.#heard = this.#since;
    this.#login = new InitiatorLogin(options);
    this.#requests = new InitiatorRequests(this.outbox, this, options.isid);
    this.#framer = new Framer(
      Math.max(segmentLimits.default, options.wishes.MaxRecvDataSegmentLength),
      (pdu) => this.#pdu(pdu),
    );
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
    return this.tasks ? pingDue(timeouts, this.#heard, this.#pinged) : this.#since + timeouts.login + 1;
  }

  receive(chunk: Uint8Array): void {
    this.#heard = this.#options.clock.now();
    try {
      this.#framer.push(chunk);
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
    if (this.#pinged !== undefined && this.#heard > this.#pinged) this.#pinged = undefined;
    if (this.#pinged !== undefined) {
      if (now - this.#pinged > pong) this.#over(new ProtocolError('no answer to a ping'));
    } else if (ping > 0 && now - this.#heard > ping) {
      this.#pinged = now;
      this.#requests.nopOut(pingTag, reservedTag, 0);
    }
  }

  lost(): void {
    this.#over(new ProtocolError('the connection was lost'));
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
    this.#asking?.reject(gone);
    this.#asking = undefined;
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
    const errand = { what, lun, tag: named, cmdSn: this.window.next };
    const tag = this.#requests.management(functionOf(what), lun, named, found?.cmdSn ?? 0);
    this.onOutput();
    return this.#errands.add(tag, errand);
  }

  /** One exchange of text (RFC 7143 §11.10): what the target says to our pairs. */
  ask(pairs: readonly Pair[]): Promise<Pair[]> {
    const promise = new Promise<Pair[]>((resolve, reject) => {
      this.#asking = { gatherer: new TextGatherer(maxText), resolve, reject };
    });
    this.#requests.text(encodeText(pairs), reservedTag);
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
    const counts = opcode !== TargetOpcode.dataIn || pdus.DataIn.over(pdu.header).hasStatus === 1;
    if (counts && opcode !== TargetOpcode.readyToTransfer && !this.#isPing(opcode, pdu))
      this.expStatSn = advance(view.statSn);
    this.window.update(view.expCmdSn, view.maxCmdSn);
    this.#inFullFeature(opcode, pdu, this.tasks);
    this.tasks?.advance();
  }

  /** NOP-In of the target's own accord takes no StatSN. */
  #isPing(opcode: number, pdu: Pdu): boolean {
    return opcode === TargetOpcode.nopIn && pdus.NopIn.over(pdu.header).tag === reservedTag;
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
    this.#events.ready();
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
        this.#textResponse(pdu);
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

  #textResponse(pdu: Pdu): void {
    const view = pdus.TextResponse.over(pdu.header);
    const asking = this.#asking;
    if (!asking) return;
    const pairs = asking.gatherer.add(pdu.data, view.final === 0);
    if (!pairs) {
      this.#requests.text(new Uint8Array(0), view.transferTag);
      return;
    }
    this.#asking = undefined;
    asking.resolve(pairs);
  }

  /** RFC 7143 §11.9: asked to go, or told that we are gone, we go; the owner comes back. */
  #asynchronous(pdu: Pdu): void {
    const { event } = pdus.AsyncMessage.over(pdu.header);
    const { logoutRequested, renegotiate, connectionDropped, allConnectionsDropped } = AsyncEvent;
    if (event === logoutRequested || event === renegotiate) this.#requests.logout();
    else if (event !== connectionDropped && event !== allConnectionsDropped) return;
    this.#over(new ProtocolError(`the target ends the session (event ${event})`));
  }

  /** At error recovery level 0 a rejected request ends the session; rejected data ends its task, by the target. */
  #rejected(pdu: Pdu): void {
    const { reason } = pdus.Reject.over(pdu.header);
    const isData =
      pdu.data.length >= pdus.headerSize && pdus.Header.over(pdu.data).opcode === InitiatorOpcode.dataOut;
    if (reason === RejectReason.dataDigest && isData) return;
    if (reason === RejectReason.waitingForLogout) return;
    throw new ProtocolError(`the target rejects a request: reason ${reason}`);
  }
}
