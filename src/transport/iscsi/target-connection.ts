/** One connection at the target, from its first byte to its last (RFC 7143 §8.1, target states): login, then full feature phase. */

import { toHex } from '../../bytes/hex.ts';
import type { Nexus } from '../../scsi/command.ts';
import { Discovery } from './discovery-text.ts';
import { Framer, FramingError, type Pdu } from './framer.ts';
import { defaultSettings, segmentLimits } from './keys.ts';
import { type Machine, pingDue } from './machine.ts';
import { AsyncEvent, InitiatorOpcode, LoginStatus } from './opcodes.ts';
import { Outbox } from './outbox.ts';
import { LoginRequest } from './pdu.ts';
import { TargetDispatch } from './target-dispatch.ts';
import { TargetLogin } from './target-login.ts';
import type { TargetNode } from './target-node.ts';
import { TargetReplies } from './target-replies.ts';
import { TargetSession } from './target-session.ts';
import { TargetWindow } from './window.ts';

/** The tag of our pings: no transfer has it. */
const pingTag = 0xfffffffe;
/** Time for a response to be acknowledged, in milliseconds. */
const probeAfter = 3_000;
/** Time for a discovery session, from connection to logout, in milliseconds: while it lasts it keeps others out. */
const discoveryTime = 60_000;

type State =
  | { readonly at: 'login'; readonly login: TargetLogin }
  | { readonly at: 'full-feature'; readonly dispatch: TargetDispatch }
  | { readonly at: 'ended' };

export class TargetConnection implements Machine {
  readonly outbox = new Outbox();
  readonly lends = false;
  onOutput: () => void = () => undefined;
  readonly #node: TargetNode;
  /** Who calls. */
  readonly address: string;
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
  /** When we last asked for the other side's numbers. */
  #probed = 0;
  #connection = 0;
  /** Inside receive() or tick(): the caller will look at the outbox. */
  #busy = false;

  /** `remote`: who calls; `local`: the address that it called, as it may be told to others. */
  constructor(node: TargetNode, remote: string, local: string) {
    this.#node = node;
    this.address = remote;
    this.#since = node.lent.clock.now();
    this.#heard = this.#since;
    this.#state = { at: 'login', login: new TargetLogin(node.policy, remote) };
    this.#framer = new Framer(segmentLimits.default, (pdu) => this.#pdu(pdu));
    this.#framer.holding = () => this.holding;
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
    return this.#state.at === 'full-feature' ? this.#state.dispatch.session : undefined;
  }

  get due(): number {
    const { timeouts } = this.#node;
    if (this.#state.at === 'login') return this.#since + timeouts.login + 1;
    if (this.ended) return Number.POSITIVE_INFINITY;
    const ping = pingDue(timeouts, this.#heard, this.#pinged);
    return Math.min(ping, this.#probeDue, this.session?.due ?? this.#since + discoveryTime + 1);
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
    const now = this.#node.lent.clock.now();
    const age = now - this.#since;
    if (this.#state.at === 'login') {
      if (age > this.#node.timeouts.login) this.#drop('login takes too long');
    } else if (this.#state.at === 'full-feature') {
      if (!this.session && age > discoveryTime) this.#drop('discovery takes too long');
      else this.#keepAlive(now);
    }
    this.session?.tick();
    this.#probe(now);
  }

  /** Asks whether a silent peer is there. */
  #keepAlive(now: number): void {
    const { ping, pong } = this.#node.timeouts;
    if (ping === 0) return;
    if (this.#pinged !== undefined && this.#heard >= this.#pinged) this.#pinged = undefined;
    if (this.#pinged !== undefined) {
      if (now - this.#pinged > pong) this.#drop('no answer to a ping');
    } else if (now - this.#heard > ping) {
      this.#pinged = now;
      this.#replies.ping(pingTag);
    }
  }

  /** Above level 0: a response that is long not acknowledged may be lost, and so may a ping or its answer (RFC 7143 §7.1.4.2). */
  #probe(now: number): void {
    if (now < this.#probeDue) return;
    this.#probed = now;
    this.#replies.ping(pingTag);
  }

  get #probeDue(): number {
    const { kept } = this.#replies;
    const since = kept?.oldest ?? (kept && this.#pinged);
    if (since === undefined || this.ended) return Number.POSITIVE_INFINITY;
    return Math.max(since, this.#probed) + probeAfter;
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
    this.#node.logger.log('warn', 'iscsi connection dropped', { from: this.address, why });
    this.#end();
  }

  #end(): void {
    const state = this.#state;
    this.#state = { at: 'ended' };
    this.#framer.stopped = true;
    if (this.#key !== undefined && this.#node.sessions.get(this.#key) === this)
      this.#node.sessions.delete(this.#key);
    if (state.at === 'full-feature') state.dispatch.session?.close();
    if (!this.#busy) this.onOutput();
  }

  #pdu(pdu: Pdu): void {
    if (!pdu.intact) this.#node.counters.digestErrors++;
    const state = this.#state;
    if (state.at === 'full-feature') state.dispatch.pdu(pdu);
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
        from: this.address,
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
    const session = login.discovery ? undefined : this.#open(login, isid);
    if (this.ended) return;
    if (session && settings.ErrorRecoveryLevel > 0) this.#replies.keep(node.lent.clock);
    const dispatch: TargetDispatch = new TargetDispatch({
      node,
      replies: this.#replies,
      discovery: this.#discovery,
      session,
      connection: this.#connection,
      end: () => this.#end(),
    });
    this.#state = { at: 'full-feature', dispatch };
  }

  /** A normal session begins; undefined: there is no place for it, and the connection is dropped. */
  #open(login: TargetLogin, isid: string): TargetSession | undefined {
    const node = this.#node;
    this.#key = `${login.initiator},i,0x${isid}`;
    node.sessions.get(this.#key)?.lost(); // session reinstatement (RFC 7143 §6.3.5)
    node.sessions.set(this.#key, this);
    const initiator = node.numberOf(login.initiator, this.address);
    if (initiator === undefined) {
      this.#drop('there is no SCSI ID for it');
      return undefined;
    }
    const nexus: Nexus = { initiator, name: this.#key };
    return new TargetSession(node, this.#replies, nexus, login.settings, this.#window, (what, response) => {
      if (this.#state.at === 'full-feature') this.#state.dispatch.managed(what, response);
    });
  }
}
