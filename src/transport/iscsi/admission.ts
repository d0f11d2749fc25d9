/** Whose connection a target takes, and what it tells about its portals: the same for every kind of socket. */

import { formatPortal, type Portal } from './addresses.ts';
import { TargetConnection } from './target-connection.ts';
import type { TargetNode } from './target-node.ts';

/** Connections at once without a normal session, from one address and from all, and connections in all; more are closed at once. */
const maxOfOne = 16;
const maxStrangers = 64;
const maxConnections = 1024;

export class Admission {
  readonly connections = new Set<TargetConnection>();
  readonly #node: TargetNode;

  constructor(node: TargetNode, portals: () => readonly Portal[]) {
    this.#node = node;
    node.portals = (local) => announced(portals(), local).map((address) => `${address},1`);
  }

  /** A connection for a caller; undefined: there are too many. */
  admit(remote: string, local: string): TargetConnection | undefined {
    const { counters } = this.#node;
    const address = remote.replace(/^::ffff:/, '');
    let strangers = 0;
    let same = 0;
    for (const one of this.connections) {
      if (one.session) continue;
      strangers++;
      if (one.address === address) same++;
    }
    if (same >= maxOfOne) counters.crowded++;
    if (same >= maxOfOne || this.connections.size >= maxConnections || strangers >= maxStrangers) {
      counters.droppedConnections++;
      return undefined;
    }
    const connection = new TargetConnection(this.#node, address, local);
    this.connections.add(connection);
    return connection;
  }
}

/** Portals for SendTargets: of one that listens everywhere, the address by which it was reached. */
const announced = (portals: readonly Portal[], local: string): string[] =>
  portals.map(({ host, port }) =>
    formatPortal({ host: host === '0.0.0.0' || host === '::' ? local : host, port }),
  );
