/** What a plan takes if each message goes the best way and holds the ports at its ends, or a shared bus, for α + nβ. */

import { Heap } from './heap.ts';
import { costOf, type Path, type Table } from './table.ts';

/** It is sent once all in `after`, which end at its sender, have come. */
export interface Message {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
  readonly after: readonly number[];
}

/** A way between two nodes, and what it holds. */
interface Link {
  readonly path: Path;
  readonly leaves: number;
  readonly enters: number;
}

class Links {
  readonly #table: Table;
  readonly #known = new Map<number, Link>();

  constructor(table: Table) {
    this.#table = table;
  }

  /** For messages of about the size of the first one that was asked for. @throws Error if there is no way */
  of({ from, to, bytes }: Message): Link {
    const { network } = this.#table;
    const key = from * network.nodes + to;
    const known = this.#known.get(key);
    if (known) return known;
    const path = this.#table.best(from, to, bytes);
    if (path === undefined) throw new Error(`no way from ${network.names[from]} to ${network.names[to]}`);
    const link = {
      path,
      leaves: this.#held(path.hops[0]?.from ?? 0, 0),
      enters: this.#held(path.hops.at(-1)?.to ?? 0, 1),
    };
    this.#known.set(key, link);
    return link;
  }

  /** A port sends and receives at once; a shared bus is held as a whole. */
  #held(port: number, entering: number): number {
    const { network } = this.#table;
    const { shared } = network.busOf(port);
    return shared ? 2 * network.ports + network.busIndexOf(port) : 2 * port + entering;
  }
}

/** µs. Of messages that wait for a port the one goes first that could go first. */
export function estimate(table: Table, messages: readonly Message[]): number {
  const links = new Links(table);
  const free = new Float64Array(2 * table.network.ports + table.network.buses.length);
  const ready = new Float64Array(messages.length);
  const missing = Int32Array.from(messages, ({ after }) => after.length);
  const next: number[][] = messages.map(() => []);
  const heap = new Heap();
  messages.forEach(({ after }, i) => {
    for (const each of after) next[each]?.push(i);
    if (after.length === 0) heap.push(0, i, i);
  });
  let last = 0;
  const top = { first: 0, second: 0, node: 0 };
  while (heap.pop(top)) {
    const { first, node: index } = top;
    const message = messages[index] as Message;
    const { path, leaves, enters } = links.of(message);
    const end = Math.max(first, free[leaves] ?? 0, free[enters] ?? 0) + costOf(path, message.bytes);
    free[leaves] = free[enters] = end;
    last = Math.max(last, end);
    for (const each of next[index] ?? []) {
      ready[each] = Math.max(ready[each] ?? 0, end);
      missing[each] = (missing[each] ?? 0) - 1;
      if (missing[each] === 0) heap.push(ready[each] ?? 0, each, each);
    }
  }
  return last;
}
