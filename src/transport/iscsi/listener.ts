/** The sockets of a target: its portals, and a link for each connection. */

import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Portal } from './addresses.ts';
import { Admission } from './admission.ts';
import { SocketLink } from './socket-link.ts';
import type { TargetConnection } from './target-connection.ts';
import type { TargetNode } from './target-node.ts';

export class Listener {
  readonly links = new Map<SocketLink, TargetConnection>();
  readonly #admission: Admission;
  readonly #servers: Server[] = [];

  constructor(node: TargetNode) {
    this.#admission = new Admission(node, () => this.portals);
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

  #accept(socket: Socket): void {
    const connection = this.#admission.admit(socket.remoteAddress ?? '', socket.localAddress ?? '');
    if (!connection) {
      socket.destroy();
      return;
    }
    const link = new SocketLink(socket, connection);
    this.links.set(link, connection);
    link.onGone = () => {
      this.links.delete(link);
      this.#admission.connections.delete(connection);
    };
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
