/** The way from a port to one target: connects, logs in, and comes back after a loss, less and less often while it fails. */

import { connect as connectSocket } from 'node:net';
import type { Clock } from '../../time/clock.ts';
import type { Portal } from './addresses.ts';
import { InitiatorConnection, type InitiatorOptions } from './initiator-connection.ts';
import { type InitiatorChap, withMd5Alone } from './initiator-login.ts';
import { SocketLink } from './socket-link.ts';

/** Milliseconds between attempts: the first time, and at most. */
export interface Retry {
  readonly first: number;
  readonly most: number;
}

export interface RouteOptions {
  readonly portal: Portal;
  readonly login: InitiatorOptions;
  readonly retry: Retry;
  readonly clock: Clock;
}

/** Told by a route, from within poll(). */
export interface RouteEvents {
  ready(connection: InitiatorConnection, link: SocketLink): void;
  lost(connection: InitiatorConnection, why: Error | undefined): void;
}

export class Route {
  link: SocketLink | undefined;
  connection: InitiatorConnection | undefined;
  readonly #options: RouteOptions;
  readonly #events: RouteEvents;
  /** Who we are in the next attempt, if otherwise than usual. */
  #fallback: InitiatorChap | undefined;
  #delay: number;
  #next: number;

  constructor(options: RouteOptions, events: RouteEvents) {
    this.#options = options;
    this.#events = events;
    this.#delay = options.retry.first;
    this.#next = options.clock.now();
  }

  get pending(): boolean {
    return this.link?.pending ?? false;
  }

  poll(): number {
    if (!this.link) {
      if (this.#options.clock.now() >= this.#next) this.#open();
      return 0;
    }
    this.connection?.tick();
    return this.link?.poll() ?? 0;
  }

  #open(): void {
    const { portal, login, clock, retry } = this.#options;
    this.#next = clock.now() + this.#delay;
    this.#delay = Math.min(2 * this.#delay, retry.most);
    const chap = this.#fallback ?? login.chap;
    this.#fallback = undefined;
    const connection: InitiatorConnection = new InitiatorConnection(
      { ...login, chap },
      {
        ready: () => {
          this.#delay = retry.first;
          this.#events.ready(connection, link);
        },
        over: (why) => {
          this.link = undefined;
          this.connection = undefined;
          this.#next = clock.now() + this.#delay;
          this.#fallback = withMd5Alone(login.chap === chap ? chap : undefined, why);
          this.#events.lost(connection, why);
          if (link.socket.connecting) link.socket.destroy();
          link.schedule();
        },
      },
    );
    const socket = connectSocket(portal);
    const link = new SocketLink(socket, connection, false);
    socket.once('connect', () => connection.start());
    this.link = link;
    this.connection = connection;
  }

  /** Logs out for good. */
  close(): void {
    const { link } = this;
    this.connection?.close('closed');
    if (link?.socket.connecting) link.socket.destroy();
    link?.flush();
  }
}
