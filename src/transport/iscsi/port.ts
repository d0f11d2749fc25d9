/**
 * A port on a bus made of iSCSI sessions: initiator to the targets it has routes to, target to those who log in. Poll-mode,
 * as the contract has it; but connections are made and accepted by the event loop, which therefore has to run now and then.
 */

import { randomBytes } from 'node:crypto';
import type { Target } from '../../scsi/command.ts';
import { EPOLLIN, Epoll } from '../../sys/epoll.ts';
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
import type { InitiatorChap } from './initiator-login.ts';
import { maxSlots } from './initiator-tasks.ts';
import { defaultWishes, type Wishes } from './keys.ts';
import { Listener } from './listener.ts';
import { IscsiNexus, type NexusHost } from './nexus.ts';
import { type Retry, Route } from './route.ts';
import type { SocketLink } from './socket-link.ts';
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
  readonly clock?: Clock;
}

/** A target to be reached. */
export interface RouteTo {
  readonly portal: string;
  readonly target: string;
  readonly chap?: InitiatorChap;
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
  readonly #node: TargetNode;
  readonly #serving: Listener;
  readonly #limits: Limits;
  readonly #isid = randomIsid();
  readonly #routes = new Map<number, Route>();
  /** Where each nexus' PDUs go. */
  readonly #links = new Map<InitiatorConnection, SocketLink>();
  #failing: (() => void)[] = [];
  #epoll: Epoll | undefined;
  readonly #watched = new Map<number, SocketLink>();
  #watchKey = 0;

  constructor(options: IscsiPortOptions) {
    this.#options = options;
    this.id = options.id;
    this.width = options.width;
    this.bus = options.bus;
    const maxTransfer = options.maxTransfer ?? 1 << 20;
    const depth = Math.min(options.depth ?? 64, maxSlots);
    this.#limits = { maxDataOut: maxTransfer, maxDataIn: maxTransfer, maxQueued: depth };
    const { wishes = {}, timeouts = {}, served } = options;
    this.#node = new TargetNode(
      { maxDataOut: maxTransfer, ...served, name: this.#name, device: undefined, wishes, timeouts },
      { clock: this.#clock, random: (bytes) => randomBytes(bytes) },
    );
    this.#serving = new Listener(this.#node, false);
    this.#serving.onLink = (link) => this.#watch(link);
  }

  get #name(): string {
    return this.#options.name ?? defaultInitiator;
  }

  get #clock(): Clock {
    return this.#options.clock ?? realClock;
  }

  get target(): Target | undefined {
    return this.#node.device;
  }

  set target(target: Target | undefined) {
    this.#node.device = target;
  }

  /** Where we listen. */
  get portals(): readonly Portal[] {
    return this.#serving.portals;
  }

  /** Lets initiators in at a portal, "address:port". @throws Error of node:net */
  listen(portal: string): Promise<void> {
    return this.#serving.listen(parsePortal(portal));
  }

  /** Looks for a target at an ID, from now on and for ever. */
  reach(id: number, to: RouteTo): void {
    const login = {
      initiator: this.#name,
      target: to.target,
      chap: to.chap,
      wishes: { ...defaultWishes, ...this.#options.wishes },
      isid: this.#isid,
      timeouts: { ...defaultTimeouts, ...this.#options.timeouts },
      clock: this.#clock,
      random: (bytes: number) => randomBytes(bytes),
    };
    const options = {
      portal: parsePortal(to.portal),
      login,
      retry: this.#options.retry ?? usualRetry,
      clock: this.#clock,
    };
    const route = new Route(options, {
      ready: (connection, link) => this.#appeared(id, connection, link),
      lost: (connection) => this.#vanished(id, connection),
    });
    this.#routes.set(id, route);
  }

  #appeared(id: number, connection: InitiatorConnection, link: SocketLink): void {
    const nexus = new IscsiNexus(this, id, this.#limits, connection);
    this.#links.set(connection, link);
    this.targets.set(id, nexus);
    this.#watch(link);
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

  flush(nexus: IscsiNexus): void {
    this.#links.get(nexus.connection)?.flush();
  }

  poll(): number {
    let done = 0;
    if (this.#failing.length > 0) {
      const failing = this.#failing;
      this.#failing = [];
      for (const end of failing) end();
      done = failing.length;
    }
    if (this.closed) return done;
    for (const route of this.#routes.values()) done += route.poll();
    if (!this.closed) this.#serving.tick();
    for (const link of this.#serving.links.keys()) done += link.poll();
    return done;
  }

  get #pending(): boolean {
    if (this.#failing.length > 0) return true;
    for (const route of this.#routes.values()) if (route.pending) return true;
    for (const link of this.#serving.links.keys()) if (link.pending) return true;
    return false;
  }

  wait(timeoutMs: number): boolean {
    if (this.closed) return false;
    if (this.#pending) return true;
    const epoll = this.#polling();
    const events = epoll.wait(Number.isFinite(timeoutMs) ? timeoutMs : -1);
    for (let i = 0; i < events; i++) this.#watched.get(epoll.key(i))?.readNow();
    return events > 0;
  }

  get fd(): number {
    return this.closed ? -1 : this.#polling().fd;
  }

  #polling(): Epoll {
    if (this.#epoll) return this.#epoll;
    this.#epoll = new Epoll();
    for (const link of [...this.#links.values(), ...this.#serving.links.keys()]) this.#watch(link);
    return this.#epoll;
  }

  /** A descriptor that is closed leaves the set by itself. */
  #watch(link: SocketLink): void {
    if (!this.#epoll || link.fd < 0) return;
    const key = ++this.#watchKey;
    this.#epoll.add(link.fd, EPOLLIN, key);
    this.#watched.set(key, link);
    link.socket.once('close', () => this.#watched.delete(key));
  }

  arm(_completions: boolean): boolean {
    return !this.closed && !this.#pending;
  }

  disarm(): void {
    const epoll = this.#epoll;
    if (!epoll || this.closed) return;
    const events = epoll.wait(0);
    for (let i = 0; i < events; i++) this.#watched.get(epoll.key(i))?.readNow();
  }

  allocate(bytes: number): Uint8Array {
    if (this.closed) throw new TransportError('closed', `${this.bus}:${this.id} is closed`);
    return new Uint8Array(bytes);
  }

  [Symbol.dispose](): void {
    if (this.closed) return;
    this.closed = true;
    this.targets.clear();
    for (const route of this.#routes.values()) route.close();
    this.#serving.close();
    this.#watched.clear();
    this.#epoll?.[Symbol.dispose]();
  }
}
