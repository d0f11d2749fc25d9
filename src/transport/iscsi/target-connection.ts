/** One connection at the target, from its first byte to its last (RFC 7143 §8.1, target states): login, then full feature phase. */

import { toHex } from '../../bytes/hex.ts';
import type { Nexus } from '../../scsi/command.ts';
import { Discovery } from './discovery-text.ts';
import { Framer, FramingError, type Pdu } from './framer.ts';
import { defaultSettings, segmentLimits } from './keys.ts';
import { decodeLun } from './lun.ts';
import { type Machine, pingDue } from './machine.ts';
import {
  AsyncEvent,
  InitiatorOpcode,
  LoginStatus,
  LogoutReason,
  LogoutResponseCode,
  ManagementFunction,
  RejectReason,
  reservedTag,
} from './opcodes.ts';
import { Outbox } from './outbox.ts';
import { Header, LoginRequest, LogoutRequest, ManagementRequest, NopOut, TextRequest } from './pdu.ts';
import { TargetLogin } from './target-login.ts';
import type { TargetNode } from './target-node.ts';
import { TargetReplies } from './target-replies.ts';
import { TargetSession } from './target-session.ts';
import { TargetWindow } from './window.ts';

/** The tag of our pings: no transfer has it. */
const pingTag = 0xfffffffe;

type State =
  | { readonly at: 'login'; readonly login: TargetLogin }
  | { readonly at: 'full-feature'; readonly session: TargetSession | undefined }
  | { readonly at: 'ended' };

export class TargetConnection implements Machine {
  readonly outbox = new Outbox();
  onOutput: () => void = () => undefined;
  readonly #node: TargetNode;
  readonly #address: string;
  readonly #framer: Framer;
  readonly #replies: TargetReplies;
  readonly #discovery: Discovery;
  #window = new TargetWindow(0, 1);
  #state: State;
  /** The key of our session among the node's; while it is in there. */
  #key: string | undefined;
  readonly #since: number;
  /** When we last heard of the other side, and when we asked whether it is there. */
  #heard: number;
  #pinged: number | undefined;
  #connection = 0;
  /** Inside receive() or tick(): the caller will look at the outbox. */
  #busy = false;

  /** `remote`: who calls; `local`: the address that it called, as it may be told to others. */
  constructor(node: TargetNode, remote: string, local: string) {
    this.#node = node;
    this.#address = remote;
    this.#since = node.lent.clock.now();
    this.#heard = this.#since;
    this.#state = { at: 'login', login: new TargetLogin(node.policy, remote) };
    this.#framer = new Framer(segmentLimits.default, (pdu) => this.#pdu(pdu));
    this.#replies = new TargetReplies(this.#notifying(), 0, this.#window, defaultSettings);
    this.#discovery = new Discovery(this.#replies, () => [node.policy.name, node.portals(local)]);
  }

  /** The outbox, such that the rim hears of what is put in from outside. */
  #notifying(): Outbox {
    const { outbox } = this;
    const put = outbox.put.bind(outbox);
    outbox.put = (data, stable, ahs) => {
      put(data, stable, ahs);
      if (!this.#busy) this.onOutput();
    };
    return outbox;
  }

  get ended(): boolean {
    return this.#state.at === 'ended';
  }

  /** The session in full feature phase, for looking at. */
  get session(): TargetSession | undefined {
    return this.#state.at === 'full-feature' ? this.#state.session : undefined;
  }

  get due(): number {
    const { timeouts } = this.#node;
    if (this.#state.at === 'login') return this.#since + timeouts.login + 1;
    return this.ended ? Number.POSITIVE_INFINITY : pingDue(timeouts, this.#heard, this.#pinged);
  }

  get holding(): boolean {
    return this.session?.holding ?? false;
  }

  receive(chunk: Uint8Array): void {
    this.#heard = this.#node.lent.clock.now();
    this.#busy = true;
    try {
      this.#framer.push(chunk);
    } catch (error) {
      if (!(error instanceof FramingError)) throw error;
      if (error.code === 'header-digest') this.#node.counters.digestErrors++;
      this.#drop(error.message);
    } finally {
      this.#busy = false;
    }
  }

  tick(): void {
    const { login, ping, pong } = this.#node.timeouts;
    const now = this.#node.lent.clock.now();
    if (this.#state.at === 'login') {
      if (now - this.#since > login) this.#drop('login takes too long');
    } else if (this.#state.at === 'full-feature' && ping > 0) {
      if (this.#pinged !== undefined && this.#heard > this.#pinged) this.#pinged = undefined;
      if (this.#pinged !== undefined) {
        if (now - this.#pinged > pong) this.#drop('no answer to a ping');
      } else if (now - this.#heard > ping) {
        this.#pinged = now;
        this.#replies.ping(pingTag);
      }
    }
  }

  lost(): void {
    this.#end();
  }

  /** Tells the initiator that we go away (RFC 7143 §11.9), and ends. */
  shutDown(): void {
    if (this.session) this.#replies.asynchronous(AsyncEvent.allConnectionsDropped, [0, 0, 0]);
    this.#end();
  }

  /** Asks the initiator to log out within `seconds` (RFC 7143 §11.9.1, event 1). */
  requestLogout(seconds: number): void {
    this.#replies.asynchronous(AsyncEvent.logoutRequested, [0, 0, seconds]);
  }

  #drop(why: string): void {
    this.#node.counters.droppedConnections++;
    this.#node.logger.log('warn', 'iscsi connection dropped', { from: this.#address, why });
    this.#end();
  }

  #end(): void {
    const state = this.#state;
    this.#state = { at: 'ended' };
    this.#framer.stopped = true;
    if (this.#key !== undefined && this.#node.sessions.get(this.#key) === this)
      this.#node.sessions.delete(this.#key);
    if (state.at === 'full-feature') state.session?.close();
    if (!this.#busy) this.onOutput();
  }

  #pdu(pdu: Pdu): void {
    if (!pdu.intact) this.#node.counters.digestErrors++;
    const state = this.#state;
    if (state.at === 'full-feature') this.#inFullFeature(pdu, state.session);
    else if (state.at === 'login') this.#inLogin(pdu, state.login);
  }

  #inLogin(pdu: Pdu, login: TargetLogin): void {
    const request = LoginRequest.over(pdu.header);
    if (request.opcode !== InitiatorOpcode.loginRequest) {
      this.#drop('something else than a login came first');
      return;
    }
    if (login.initiator === '') {
      this.#window = new TargetWindow(request.cmdSn, this.#node.depth);
      this.#replies.window = this.#window;
      this.#replies.statSn = request.expStatSn;
      this.#connection = request.connection;
    }
    const reply = login.receive(request, pdu.data);
    const tsih = login.done ? this.#node.nextTsih() : request.tsih;
    this.#replies.login({ isid: request.isid, tag: request.tag }, tsih, reply);
    if (reply.status !== LoginStatus.success) {
      this.#node.counters.failedLogins++;
      this.#node.logger.log('warn', 'iscsi login failed', {
        from: this.#address,
        initiator: login.initiator,
        why: login.failure,
      });
      this.#end();
    } else if (login.done) this.#enter(login, toHex(request.isid));
  }

  /** Full feature phase begins. */
  #enter(login: TargetLogin, isid: string): void {
    const { settings } = login;
    const node = this.#node;
    node.counters.logins++;
    this.#replies.settings = settings;
    const headerDigest = settings.HeaderDigest === 'CRC32C';
    const dataDigest = settings.DataDigest === 'CRC32C';
    Object.assign(this.#framer, { headerDigest, dataDigest, maxData: settings.ownSegment });
    Object.assign(this.outbox, { headerDigest, dataDigest });
    if (login.discovery) {
      this.#state = { at: 'full-feature', session: undefined };
      return;
    }
    this.#key = `${login.initiator},i,0x${isid}`;
    node.sessions.get(this.#key)?.lost(); // session reinstatement (RFC 7143 §6.3.5)
    node.sessions.set(this.#key, this);
    const initiator = node.numberOf(login.initiator, this.#address);
    if (initiator === undefined) {
      this.#drop('there is no SCSI ID for it');
      return;
    }
    const nexus: Nexus = { initiator, name: this.#key };
    const session = new TargetSession(node, this.#replies, nexus, settings, this.#window);
    this.#state = { at: 'full-feature', session };
  }

  #inFullFeature(pdu: Pdu, session: TargetSession | undefined): void {
    const { opcode, immediate, tag } = Header.over(pdu.header);
    if (opcode === InitiatorOpcode.dataOut) {
      session?.dataOut(pdu);
      return;
    }
    if (!pdu.intact) {
      this.#reject(RejectReason.dataDigest, pdu);
      return;
    }
    // SNACK has no CmdSN; a ping that wants no answer and is immediate neither counts nor is numbered.
    if (opcode === InitiatorOpcode.snack) this.#reject(RejectReason.protocol, pdu);
    else if (opcode === InitiatorOpcode.loginRequest) this.#reject(RejectReason.protocol, pdu);
    else if (immediate || this.#window.take(NopOut.over(pdu.header).cmdSn)) {
      if (!immediate) this.#window.open(this.#node.depth - (session?.tasks.size ?? 0));
      this.#request(opcode, tag, pdu, session);
    }
  }

  #request(opcode: number, tag: number, pdu: Pdu, session: TargetSession | undefined): void {
    if (session && opcode === InitiatorOpcode.scsiCommand) session.command(pdu);
    else if (opcode === InitiatorOpcode.nopOut) {
      if (tag !== reservedTag) this.#replies.pong(tag, pdu.data);
    } else if (session && opcode === InitiatorOpcode.taskManagementRequest) this.#manage(pdu, session);
    else if (opcode === InitiatorOpcode.textRequest)
      this.#discovery.receive(TextRequest.over(pdu.header), pdu, session !== undefined);
    else if (opcode === InitiatorOpcode.logoutRequest) this.#logout(pdu);
    else this.#reject(RejectReason.unsupported, pdu);
  }

  #manage(pdu: Pdu, session: TargetSession): void {
    const header = ManagementRequest.over(pdu.header);
    const response = session.manage(header, decodeLun(pdu.header));
    this.#replies.management(header.tag, response);
    if (header.function !== ManagementFunction.targetColdReset || response !== 0) return;
    for (const other of [...this.#node.sessions.values()]) if (other !== this) other.shutDown();
    this.#end();
  }

  #logout(pdu: Pdu): void {
    const { reason, connection, tag } = LogoutRequest.over(pdu.header);
    if (reason === LogoutReason.recovery) this.#replies.logout(tag, LogoutResponseCode.recoveryUnsupported);
    else if (reason === LogoutReason.connection && connection !== this.#connection)
      this.#replies.logout(tag, LogoutResponseCode.noSuchConnection);
    else {
      this.#replies.logout(tag, LogoutResponseCode.closed);
      this.#end();
    }
  }

  #reject(reason: number, pdu: Pdu): void {
    this.#node.counters.rejects++;
    this.#replies.reject(reason, pdu);
  }
}
