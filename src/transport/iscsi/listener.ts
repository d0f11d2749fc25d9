/** The sockets of a target: its portals, and a link for each connection. */

import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { formatPortal, type Portal } from './addresses.ts';
import { SocketLink } from './socket-link.ts';
import { TargetConnection } from './target-connection.ts';
import type { TargetNode } from './target-node.ts';

/** Connections at once that have not logged in, and in all; more are closed at once. */
const maxStrangers = 64;
const maxConnections = 1024;

export class Listener {
  readonly links = new Map<SocketLink, TargetConnection>();
  readonly #node: TargetNode;
  readonly #selfDriven: boolean;
  readonly #servers: Server[] = [];
  /** Told of each new link. */
  onLink: (link: SocketLink) => void = () => undefined;

  constructor(node: TargetNode, selfDriven: boolean) {
    this.#node = node;
    this.#selfDriven = selfDriven;
    node.portals = (local) => this.#announced(local).map((address) => `${address},1`);
  }

  /** @throws Error of node:net */
  async listen(portal: Portal): Promise<void> {
    const server = createServer((socket) => this.#accept(socket));
    this.#servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(portal.port, portal.host, resolve);
    });
  }

  /** Where we listen. */
  get portals(): Portal[] {
    return this.#servers.flatMap((server) => {
      const address = server.address() as AddressInfo | null;
      return address ? [{ host: address.address, port: address.port }] : [];
    });
  }

  /** Portals for SendTargets: of one that listens everywhere, the address by which it was reached. */
  #announced(local: string): string[] {
    return this.portals.map(({ host, port }) =>
      formatPortal({ host: host === '0.0.0.0' || host === '::' ? local : host, port }),
    );
  }

  #accept(socket: Socket): void {
    let strangers = 0;
    for (const one of this.links.values()) if (!one.session) strangers++;
    if (this.links.size >= maxConnections || strangers >= maxStrangers) {
      this.#node.counters.droppedConnections++;
      socket.destroy();
      return;
    }
    const remote = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    const connection = new TargetConnection(this.#node, remote, socket.localAddress ?? '');
    const link = new SocketLink(socket, connection, this.#selfDriven);
    this.links.set(link, connection);
    link.onGone = () => this.links.delete(link);
    this.onLink(link);
  }

  tick(): void {
    for (const [link, connection] of this.links) {
      connection.tick();
      link.flush();
    }
  }

  /** Says goodbye to everybody and stops listening. */
  close(): void {
    for (const server of this.#servers) server.close();
    for (const [link, connection] of this.links) {
      connection.shutDown();
      link.flush();
    }
  }
}
