/**
 * A port on a bus made of iSCSI sessions: initiator to the targets it has routes to, target to those who log in. Poll-mode
 * to the ground: connections are made, accepted and kept alive by poll() alone, so that its thread may block for good.
 */

import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { type Logger, silent } from '../../observe/logger.ts';
import type { Target } from '../../scsi/command.ts';
import { Window } from '../../sys/memory.ts';
import type { TcpOptions } from '../../sys/socket.ts';
import { type Clock, realClock } from '../../time/clock.ts';
import {
  type InitiatorNexus,
  type Limits,
  type Port,
  type PortListener,
  TransportError,
} from '../transport.ts';
import { type Portal, parsePortal } from './addresses.ts';
import { defaultInitiator, randomIsid } from './connect.ts';
import type { InitiatorConnection } from './initiator-connection.ts';
import { refuseSharedSecret } from './initiator-login.ts';
import { maxSlots } from './initiator-slots.ts';
import { defaultWishes, type Wishes } from './keys.ts';
import { IscsiNexus, type NexusHost } from './nexus.ts';
import type { PolledLink } from './polled-link.ts';
import { PolledListener } from './polled-listener.ts';
import { Reactor } from './polled-reactor.ts';
import type { OwnCounters, PortCounters } from './port-counters.ts';
import { Reasons } from './reasons.ts';
import { type Retry, Route, type RouteTo } from './route.ts';
import { Seats } from './seats.ts';
import { defaultTimeouts, TargetNode, type TargetNodeOptions, type Timeouts } from './target-node.ts';

export interface IscsiPortOptions {
  readonly bus: string;
  /** Our SCSI ID; -1: an initiator only. */
  readonly id: number;
  readonly width: number;
  /** Our name, as initiator and target. */
  readonly name?: string;
  /** Bytes of data of one command, either way. */
  readonly maxTransfer?: number;
  /** Commands outstanding at once, per target. */
  readonly depth?: number;
  readonly wishes?: Partial<Wishes>;
  readonly timeouts?: Partial<Timeouts>;
  readonly retry?: Retry;
  /** As a target: who may log in. */
  readonly served?: Omit<TargetNodeOptions, 'name' | 'device' | 'wishes' | 'timeouts'>;
  /**
   * The SCSI ID of an initiator by its name (in small letters) and address; undefined: it is not let in. Must agree with
   * `reach`. Without it the name of a target that we reach has that target's ID, and others any free one (seats.ts).
   */
  readonly idOf?: (initiator: string, address: string) => number | undefined;
  /**
   * The numeric addresses of a host whose portal has a name, asked before each attempt; none: not known (yet). It must
   * not block: look names up elsewhere, before the port is made or in another thread, and answer from what was found.
   * Without it only numeric addresses are reached.
   */
  readonly resolve?: (host: string) => readonly string[];
  /** Of our connections' sockets. */
  readonly tcp?: TcpOptions;
  readonly clock?: Clock;
  /** Told why targets are not reached. */
  readonly logger?: Logger;
}

const usualRetry: Retry = { first: 200, most: 10_000 };

export class IscsiPort implements Port, NexusHost {
  readonly id: number;
  readonly width: number;
  readonly bus: string;
  readonly targets = new Map<number, InitiatorNexus>();
  listener: PortListener | undefined;
  closed = false;
  readonly #options: IscsiPortOptions;
  readonly #counters: OwnCounters = {
    refused: 0,
    connects: 0,
    reconnects: 0,
    failedConnects: 0,
    digestErrors: 0,
  };
  readonly #reactor: Reactor;
  readonly #node: TargetNode;
  readonly #serving: PolledListener;
  readonly #limits: Limits;
  readonly #isid = randomIsid();
  readonly #routes = new Map<number, Route>();
  readonly #names = new Map<number, string>();
  /** Where each nexus' PDUs go. */
  readonly #links = new Map<InitiatorConnection, PolledLink>();
  readonly #windows: Window[] = [];
  #failing: (() => void)[] = [];
  /** Inside poll(): what there is to send is sent at its end. */
  #polling = false;

  constructor(options: IscsiPortOptions) {
    this.#options = options;
    this.id = options.id;
    this.width = options.width;
    this.bus = options.bus;
    const maxTransfer = options.maxTransfer ?? 1 << 20;
    const depth = Math.min(options.depth ?? 64, maxSlots);
    this.#limits = { maxDataOut: maxTransfer, maxDataIn: maxTransfer, maxQueued: depth };
    const { wishes = {}, timeouts = {}, served, clock = realClock } = options;
    const allow = (initiator: string, address: string): boolean => {
      const allowed = served?.allow?.(initiator, address) ?? true;
      if (allowed && seats.allows(initiator, address)) return true;
      this.#counters.refused++;
      return false;
    };
    this.#node = new TargetNode(
      { maxDataOut: maxTransfer, ...served, name: this.#name, device: undefined, wishes, timeouts, allow },
      { clock, random: (bytes) => randomBytes(bytes) },
    );
    const seats = new Seats({
      id: options.id,
      width: options.width,
      idOf: options.idOf,
      routes: () => this.#names,
      sessions: this.#node.sessions,
    });
    this.#node.numberOf = (initiator, address) => {
      const number = seats.take(initiator, address);
      // Who logs in to us is there to be logged in to.
      if (number !== undefined) this.#routes.get(number)?.hasten();
      return number;
    };
    this.#reactor = new Reactor(clock);
    this.#serving = new PolledListener(this.#node, this.#reactor, options.tcp);
  }

  get #name(): string {
    return this.#options.name ?? defaultInitiator;
  }

  get target(): Target | undefined {
    return this.#node.device;
  }

  set target(target: Target | undefined) {
    this.#node.device = target;
  }

  /** As they are now. */
  get counters(): PortCounters {
    const { logins, failedLogins, droppedConnections, crowded, commands, digestErrors } = this.#node.counters;
    const own = this.#counters;
    const wrong = own.digestErrors + digestErrors;
    return { ...own, logins, failedLogins, droppedConnections, crowded, commands, digestErrors: wrong };
  }

  /** Where we listen. */
  get portals(): readonly Portal[] {
    return this.#serving.portals;
  }

  /** Lets initiators in at a portal, "address:port", "[::]:3260". @throws SystemError; RangeError for a host without an address */
  listen(portal: string): void {
    const { host, port } = parsePortal(portal);
    const [address] = this.#resolve(host);
    if (address === undefined) throw new RangeError(`${host}: no address is known`);
    this.#serving.listen({ host: address, port });
  }

  #resolve(host: string): readonly string[] {
    return isIP(host) ? [host] : (this.#options.resolve?.(host) ?? []);
  }

  /** Looks for a target at an ID, from now on and for ever. @throws RangeError */
  reach(id: number, to: RouteTo): void {
    const portals = [...(to.portal === undefined ? [] : [to.portal]), ...(to.portals ?? [])].map(parsePortal);
    if (portals.length === 0) throw new RangeError(`target ${id}: it has no portal`);
    if (this.#routes.has(id)) throw new RangeError(`target ${id}: there is a route already`);
    if (to.chap) refuseSharedSecret(to.chap, to.chap.target);
    const counters = this.#counters;
    const login = {
      initiator: this.#name,
      target: to.target,
      chap: to.chap,
      wishes: { ...defaultWishes, ...this.#options.wishes },
      isid: this.#isid,
      timeouts: { ...defaultTimeouts, ...this.#options.timeouts },
      clock: this.#reactor.clock,
      random: (bytes: number) => randomBytes(bytes),
    };
    const retry = this.#options.retry ?? usualRetry;
    const resolve = (host: string) => this.#resolve(host);
    const { logger = silent } = this.#options;
    const reasons = new Reasons(logger, { id, target: to.target });
    let met = false;
    const route = new Route(
      this.#reactor,
      { portals, login, retry, resolve, tcp: this.#options.tcp },
      {
        ready: (connection, link) => {
          counters.connects++;
          reasons.reached();
          if (met) counters.reconnects++;
          met = true;
          this.#appeared(id, connection, link);
        },
        lost: (connection) => this.#vanished(id, connection),
        failed: (why) => {
          counters.failedConnects++;
          reasons.failed(why);
        },
        damaged: () => counters.digestErrors++,
      },
    );
    this.#names.set(id, to.target);
    this.#routes.set(id, route);
  }

  #appeared(id: number, connection: InitiatorConnection, link: PolledLink): void {
    const nexus = new IscsiNexus(this, id, this.#limits, connection);
    this.#links.set(connection, link);
    this.targets.set(id, nexus);
    this.listener?.appeared(nexus);
  }

  #vanished(id: number, connection: InitiatorConnection): void {
    this.#links.delete(connection);
    const nexus = this.targets.get(id);
    if (!(nexus instanceof IscsiNexus) || nexus.connection !== connection || this.closed) return;
    this.targets.delete(id);
    this.listener?.vanished(nexus);
  }

  failLater(end: () => void): void {
    this.#failing.push(end);
  }

  submitted(nexus: IscsiNexus): void {
    this.#links.get(nexus.connection)?.touch();
  }

  flush(nexus: IscsiNexus): void {
    if (!this.#polling) this.#links.get(nexus.connection)?.flush();
  }

  poll(): number {
    if (this.#polling) return 0; // called from within: what is being handled has to be done first
    let done = 0;
    if (this.#failing.length > 0) {
      const failing = this.#failing;
      this.#failing = [];
      for (const end of failing) end();
      done = failing.length;
    }
    if (this.closed) return done;
    this.#polling = true;
    try {
      return done + this.#reactor.poll();
    } finally {
      this.#polling = false;
    }
  }

  wait(timeoutMs: number): boolean {
    if (this.closed) return false;
    if (this.#failing.length > 0 || !this.#reactor.rest()) return true;
    return this.#reactor.wait(Number.isFinite(timeoutMs) ? Math.max(0, Math.ceil(timeoutMs)) : -1);
  }

  get fd(): number {
    return this.closed ? -1 : this.#reactor.fd;
  }

  arm(_completions: boolean): boolean {
    return !this.closed && this.#failing.length === 0 && this.#reactor.rest();
  }

  disarm(): void {
    // the descriptor tells of what is there, not of what happened: nothing to take back
  }

  allocate(bytes: number): Uint8Array {
    if (this.closed) throw new TransportError('closed', `${this.bus}:${this.id} is closed`);
    const window = Window.own(bytes);
    this.#windows.push(window);
    return window.bytes.subarray(0, bytes);
  }

  [Symbol.dispose](): void {
    if (this.closed) return;
    this.closed = true;
    this.targets.clear();
    for (const route of this.#routes.values()) route.close();
    this.#serving.close();
    this.#reactor[Symbol.dispose]();
    for (const window of this.#windows) window.release();
  }
}
