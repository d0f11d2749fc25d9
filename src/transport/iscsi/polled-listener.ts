/** The listening sockets of a target that is polled, and a link for each connection. */

import { EPOLLIN } from '../../sys/epoll.ts';
import { closeDescriptor } from '../../sys/libc.ts';
import {
  acceptTcp,
  listenTcp,
  localAddress,
  remoteAddress,
  type TcpOptions,
  tuneTcp,
} from '../../sys/socket.ts';
import type { Portal } from './addresses.ts';
import { Admission } from './admission.ts';
import { PolledLink } from './polled-link.ts';
import type { Reactor, Timed } from './polled-reactor.ts';
import type { TargetConnection } from './target-connection.ts';
import type { TargetNode } from './target-node.ts';

/** Connections taken in one round, of each portal. */
const turn = 16;
/** Milliseconds for which nobody is let in when descriptors or memory have run out. */
const pauseMs = 100;

interface Door {
  readonly fd: number;
  readonly portal: Portal;
  readonly key: number;
}

export class PolledListener implements Timed {
  readonly links = new Map<PolledLink, TargetConnection>();
  readonly #node: TargetNode;
  readonly #reactor: Reactor;
  readonly #tcp: TcpOptions | undefined;
  readonly #admission: Admission;
  readonly #doors: Door[] = [];
  /** Nobody is let in until then. */
  #closedUntil = Number.POSITIVE_INFINITY;

  constructor(node: TargetNode, reactor: Reactor, tcp: TcpOptions | undefined) {
    this.#node = node;
    this.#reactor = reactor;
    this.#tcp = tcp;
    this.#admission = new Admission(node, () => this.portals);
    reactor.time(this);
  }

  /** @throws SystemError; SyntaxError for a host that is no numeric address */
  listen(portal: Portal): void {
    const fd = listenTcp(portal);
    const key = this.#reactor.watch(fd, EPOLLIN, {
      ready: () => this.#accept(fd),
      finish: () => closeDescriptor(fd),
    });
    this.#doors.push({ fd, key, portal: localAddress(fd) });
  }

  /** Where we listen. */
  get portals(): Portal[] {
    return this.#doors.map((door) => door.portal);
  }

  #accept(door: number): number {
    let done = 0;
    try {
      for (let fd = acceptTcp(door); fd >= 0; fd = acceptTcp(door)) {
        this.#admit(fd);
        if (++done === turn) break;
      }
    } catch (error) {
      this.#node.logger.log('warn', 'iscsi accepts nobody for a while', { why: (error as Error).message });
      this.#pause();
    }
    return done;
  }

  /** @throws SystemError: there is no room for more */
  #admit(fd: number): void {
    let connection: TargetConnection | undefined;
    try {
      tuneTcp(fd, this.#tcp);
      connection = this.#admission.admit(remoteAddress(fd).host, localAddress(fd).host);
    } catch {
      // gone again already
    }
    if (!connection) {
      closeDescriptor(fd);
      return;
    }
    try {
      this.#join(fd, connection);
    } catch (error) {
      this.#admission.connections.delete(connection);
      closeDescriptor(fd);
      throw error;
    }
  }

  /** @throws SystemError: it can't be watched */
  #join(fd: number, connection: TargetConnection): void {
    const link = new PolledLink(this.#reactor, fd, connection, true);
    this.links.set(link, connection);
    link.onGone = () => {
      this.links.delete(link);
      this.#admission.connections.delete(connection);
    };
  }

  #pause(): void {
    for (const { fd, key } of this.#doors) this.#reactor.change(fd, 0, key);
    this.#closedUntil = this.#reactor.clock.now() + pauseMs;
    this.#reactor.note(this.#closedUntil);
  }

  get due(): number {
    return this.#closedUntil;
  }

  tick(): void {
    this.#closedUntil = Number.POSITIVE_INFINITY;
    for (const { fd, key } of this.#doors) this.#reactor.change(fd, EPOLLIN, key);
  }

  /** Says goodbye to everybody and stops listening. */
  close(): void {
    for (const { fd, key } of this.#doors.splice(0)) {
      this.#reactor.forget(key);
      closeDescriptor(fd);
    }
    this.#reactor.untime(this);
    for (const [link, connection] of [...this.links]) {
      connection.shutDown();
      link.finish();
    }
  }
}
