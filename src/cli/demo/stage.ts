/** What the demo sets up and takes away: a bus, a namespace for each host, the hosts, and guests in some of them. */

import { setMaxListeners } from 'node:events';
import { closeSync, mkdtempSync, rmSync } from 'node:fs';
import { createNamespace, withNamespace } from '../../sys/namespaces.ts';
import { type Link, Netlink } from '../../sys/netlink.ts';
import { widths } from '../arguments.ts';
import { Guest } from './guest-process.ts';
import { HostProcess } from './host-process.ts';

/** Hosts brought up at the same time. */
const atOnce = 4;

/** One host's place: its namespace is there while the host itself comes and goes. */
export interface Place {
  readonly id: number;
  readonly ipv4: string;
  readonly ipv6: string;
  /** A descriptor. */
  readonly namespace: number;
  /** How another process opens it. */
  readonly path: string;
}

export class Stage implements AsyncDisposable {
  readonly bus: string;
  readonly places: readonly Place[];
  /** Fires when all is to end: told to from outside, or because a host ended by itself. */
  readonly stop: AbortSignal;
  /** Rejects when a host ends by itself. */
  readonly failed: Promise<never>;
  readonly #end = new AbortController();
  #fail: (error: Error) => void = () => undefined;
  readonly #ipv6: boolean;
  readonly #directory: string;
  readonly #width: number;
  readonly #hosts = new Map<number, HostProcess>();
  readonly #guests: Guest[] = [];

  /** Makes the namespaces; when `stop` fires, hosts and guests end. */
  constructor(count: number, ipv6: boolean, stop: AbortSignal) {
    this.stop = AbortSignal.any([stop, this.#end.signal]);
    setMaxListeners(0, this.stop); // one for each process
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => undefined); // whether or not anyone waits for it
    this.#ipv6 = ipv6;
    this.#width = Math.max(16, widths.find((width) => width > count) ?? 256);
    // A directory of our own rather than a bus's name: names belong to user IDs, which user namespaces change.
    this.#directory = mkdtempSync('/dev/shm/ipscsi-demo-');
    this.bus = `shm:${this.#directory}`;
    const places: Place[] = [];
    this.places = places;
    try {
      for (let id = 1; id <= count; id++) places.push(place(id));
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  /** @throws RangeError when there is no such host. */
  place(id: number): Place {
    const found = this.places[id - 1];
    if (!found) throw new RangeError(`the demo has no host ${id}`);
    return found;
  }

  /** Brings up all hosts, a few at a time. @throws Error with the reason of the first that failed */
  async startHosts(): Promise<HostProcess[]> {
    const started: HostProcess[] = [];
    for (let first = 0; first < this.places.length; first += atOnce) {
      const some = this.places.slice(first, first + atOnce);
      const results = await Promise.allSettled(some.map(({ id }) => this.startHost(id)));
      for (const result of results) {
        if (result.status === 'rejected') throw result.reason;
        started.push(result.value);
      }
    }
    return started;
  }

  /** Brings up one host in its place. */
  async startHost(id: number): Promise<HostProcess> {
    const { ipv4, ipv6, namespace } = this.place(id);
    const addresses = [`${ipv4}/24`, ...(this.#ipv6 ? [`${ipv6}/64`] : [])];
    const plan = { bus: this.bus, id, width: this.#width, addresses, namespace };
    const host = await HostProcess.start(plan, this.stop);
    this.#hosts.set(id, host);
    void this.#watch(host);
    return host;
  }

  /** A host that ends while it is on stage has failed. */
  async #watch(host: HostProcess): Promise<void> {
    const how = await host.ended;
    if (this.#hosts.get(host.id) === host && !this.stop.aborted)
      this.#fail(new Error(`host ${host.id} ended by itself (${how})`));
  }

  /** Kills a host; its namespace and its guests stay. */
  async crashHost(id: number): Promise<void> {
    const host = this.#hosts.get(id);
    this.#hosts.delete(id);
    await host?.crash();
  }

  /** One more guest in a host's namespace. */
  async startGuest(id: number, name = `guest of host ${id}`): Promise<Guest> {
    const guest = await Guest.start(name, this.place(id).namespace, this.stop);
    this.#guests.push(guest);
    return guest;
  }

  /** The interfaces that a host's namespace holds. */
  links(id: number): Link[] {
    return withNamespace(this.place(id).namespace, () => {
      using netlink = new Netlink();
      return netlink.links();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    const ending = [...this.#guests, ...this.#hosts.values()];
    await Promise.allSettled(ending.map((each) => each[Symbol.asyncDispose]()));
    this.#release();
  }

  #release(): void {
    for (const { namespace } of this.places) closeSync(namespace);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function place(id: number): Place {
  const namespace = createNamespace();
  const path = `/proc/${process.pid}/fd/${namespace}`;
  return { id, ipv4: `10.90.0.${id}`, ipv6: `fd90::${id}`, namespace, path };
}
