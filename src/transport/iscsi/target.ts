/** An iSCSI target as a library: `createTarget` listens and answers by itself, in the event loop of its caller. */

import { randomBytes } from 'node:crypto';
import { realClock } from '../../time/clock.ts';
import { every } from '../../time/timer.ts';
import { formatPortal, type Portal, parsePortal } from './addresses.ts';
import { Listener } from './listener.ts';
import { type TargetCounters, TargetNode, type TargetNodeOptions } from './target-node.ts';

export interface TargetOptions extends TargetNodeOptions {
  /** Where to listen: "127.0.0.1:3260", "[::1]:0" (any free port). */
  readonly portals: readonly string[];
}

/** A target that listens. */
export interface IscsiTarget extends AsyncDisposable {
  readonly name: string;
  readonly portals: readonly Portal[];
  /** The first portal, "address:port". */
  readonly address: string;
  readonly counters: Readonly<TargetCounters>;
  /** Initiators in full feature phase, "name,i,0xISID". */
  readonly sessions: readonly string[];
  /** Asks every initiator to log out within so many seconds. */
  requestLogout(seconds: number): void;
  /** Tells every initiator that it goes, and goes. */
  close(): void;
}

/** How often timeouts are looked at, in milliseconds. */
const tickMs = 500;

/** Listens on its portals. @throws RangeError for options that make no sense; Error of node:net */
export async function createTarget(options: TargetOptions): Promise<IscsiTarget> {
  const node = new TargetNode(options, { clock: realClock, random: (bytes) => randomBytes(bytes) });
  const listener = new Listener(node);
  const portals = options.portals.map(parsePortal);
  try {
    for (const portal of portals) await listener.listen(portal);
  } catch (error) {
    listener.close();
    throw error;
  }
  const timer = every(tickMs, () => listener.tick());
  const close = () => {
    timer[Symbol.dispose]();
    listener.close();
  };
  return {
    name: node.policy.name,
    get portals() {
      return listener.portals;
    },
    get address() {
      const [first] = listener.portals;
      return first ? formatPortal(first) : '';
    },
    counters: node.counters,
    get sessions() {
      return [...node.sessions.keys()];
    },
    requestLogout: (seconds) => {
      for (const connection of node.sessions.values()) connection.requestLogout(seconds);
    },
    close,
    [Symbol.asyncDispose]: async () => close(),
  };
}
