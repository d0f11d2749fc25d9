/**
 * The way from a port to one target: connects, logs in, and comes back after a loss. A target's portals are tried in turn,
 * and the turns come less and less often while none of them answers.
 */

import { closeDescriptor } from '../../sys/libc.ts';
import { connectTcp, type TcpOptions, tuneTcp } from '../../sys/socket.ts';
import { type Portal, parsePortal } from './addresses.ts';
import { InitiatorConnection } from './initiator-connection.ts';
import { type InitiatorChap, LoginError, withMd5Alone } from './initiator-login.ts';
import type { InitiatorOptions } from './initiator-options.ts';
import { PolledLink } from './polled-link.ts';
import type { Reactor, Timed } from './polled-reactor.ts';

/** A target to be reached. */
export interface RouteTo {
  /** "10.0.0.2:3260", "[fd00::2]". */
  readonly portal?: string;
  /** Several of them, tried in turn, after `portal`. */
  readonly portals?: readonly string[];
  readonly target: string;
  readonly chap?: InitiatorChap;
}

import { ProtocolError } from './protocol-error.ts';

/** Milliseconds between attempts: the first time, and at most. */
export interface Retry {
  readonly first: number;
  readonly most: number;
}

export interface RouteOptions {
  readonly portals: readonly Portal[];
  readonly login: InitiatorOptions;
  readonly retry: Retry;
  /** A host as numeric addresses; none when it is not known (now). They are tried in turn, too. */
  readonly resolve: (host: string) => readonly string[];
  readonly tcp: TcpOptions | undefined;
}

/** Told by a route, from within poll(). */
export interface RouteEvents {
  ready(connection: InitiatorConnection, link: PolledLink): void;
  /** `connection` was ready before. */
  lost(connection: InitiatorConnection, why: Error | undefined): void;
  /** An attempt failed. */
  failed(why: Error): void;
  /** A digest was wrong. */
  damaged(): void;
}

/** Times in a row that we follow a target that has moved (RFC 7143 §11.13.5). */
const maxMoves = 4;

export class Route implements Timed {
  readonly #reactor: Reactor;
  readonly #options: RouteOptions;
  readonly #events: RouteEvents;
  #link: PolledLink | undefined;
  #connection: InitiatorConnection | undefined;
  /** Who we are in the next attempt, if otherwise than usual. */
  #fallback: InitiatorChap | undefined;
  /** Where the target said that it is now. */
  #moved: Portal | undefined;
  #moves = 0;
  /** Which portal is next. */
  #turn = 0;
  /** How often all of them failed: by this a host's addresses change. */
  #rounds = 0;
  #delay: number;
  #next: number;
  #closed = false;

  constructor(reactor: Reactor, options: RouteOptions, events: RouteEvents) {
    this.#reactor = reactor;
    this.#options = options;
    this.#events = events;
    this.#delay = options.retry.first;
    this.#next = reactor.clock.now();
    reactor.time(this);
  }

  get due(): number {
    return this.#connection ? Number.POSITIVE_INFINITY : this.#next;
  }

  tick(): void {
    const { portals, login } = this.#options;
    const portal = this.#moved ?? (portals[this.#turn] as Portal);
    const chap = this.#fallback ?? login.chap;
    this.#moved = undefined;
    this.#fallback = undefined;
    const connection = this.#connect(chap);
    try {
      this.#open(portal, connection);
    } catch (error) {
      this.#connection = undefined;
      this.#failed(error as Error);
    }
  }

  #connect(chap: InitiatorChap | undefined): InitiatorConnection {
    const { login } = this.#options;
    let ready = false;
    const connection: InitiatorConnection = new InitiatorConnection(
      { ...login, chap },
      {
        ready: () => {
          ready = true;
          this.#delay = this.#options.retry.first;
          this.#moves = 0;
          this.#events.ready(connection, this.#link as PolledLink);
        },
        over: (why) => {
          this.#link?.touch();
          this.#link = undefined;
          this.#connection = undefined;
          if (ready) this.#lost(connection, why);
          else this.#failed(why ?? new LoginError('closed'), login.chap === chap ? chap : undefined);
        },
        damaged: () => this.#events.damaged(),
      },
    );
    this.#connection = connection;
    return connection;
  }

  /** @throws SystemError; RangeError for a host without an address */
  #open({ host, port }: Portal, connection: InitiatorConnection): void {
    const addresses = this.#options.resolve(host);
    const address = addresses[this.#rounds % addresses.length];
    if (address === undefined) throw new RangeError(`${host}: no address is known`);
    const fd = connectTcp({ host: address, port });
    try {
      tuneTcp(fd, this.#options.tcp);
      this.#link = new PolledLink(this.#reactor, fd, connection, false);
    } catch (error) {
      closeDescriptor(fd);
      throw error;
    }
    this.#link.onConnected = () => connection.start();
  }

  #lost(connection: InitiatorConnection, why: Error | undefined): void {
    this.#later(why instanceof ProtocolError ? 1_000 * why.time2Wait : 0);
    this.#events.lost(connection, why);
  }

  /** An attempt failed: another portal at once, or all of them again after a while. */
  #failed(why: Error, chap?: InitiatorChap): void {
    if (this.#closed) return;
    this.#events.failed(why);
    const { portals } = this.#options;
    this.#fallback = withMd5Alone(chap, why);
    this.#moved = this.#whereTo(why);
    if (this.#moved || this.#fallback) this.#soon();
    else {
      this.#moves = 0;
      this.#turn = (this.#turn + 1) % portals.length;
      if (this.#turn > 0) this.#soon();
      else {
        this.#rounds++;
        this.#later();
      }
    }
  }

  #whereTo(why: Error): Portal | undefined {
    const address = why instanceof LoginError ? why.movedTo : undefined;
    if (address === undefined || ++this.#moves > maxMoves) return undefined;
    try {
      return parsePortal(address);
    } catch {
      return undefined; // it talks nonsense: as if it had refused
    }
  }

  /** The target has just shown that it is there: no need to wait any longer. */
  hasten(): void {
    if (this.#connection || this.#closed) return;
    this.#delay = this.#options.retry.first;
    this.#soon();
  }

  #soon(): void {
    this.#next = this.#reactor.clock.now();
    this.#reactor.note(this.#next);
  }

  #later(atLeast = 0): void {
    this.#next = this.#reactor.clock.now() + Math.max(this.#delay, atLeast);
    this.#delay = Math.min(2 * this.#delay, this.#options.retry.most);
    this.#reactor.note(this.#next);
  }

  /** Logs out for good. */
  close(): void {
    this.#closed = true;
    this.#reactor.untime(this);
    const link = this.#link;
    this.#connection?.close('closed');
    link?.finish();
  }
}
