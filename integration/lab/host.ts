/** One `ipscsi up`. */

import { readdirSync, readFileSync } from 'node:fs';
import { formatIP, parsePrefix } from '../../src/bytes/addresses.ts';
import { parseBusUrl } from '../../src/cli/bus-url.ts';
import { askStatus } from '../../src/cli/control/client.ts';
import type { GuardMode } from '../../src/link/guard.ts';
import type { HostStatus, PeerStatus } from '../../src/net/host.ts';
import { inNamespace, type Place, Process } from './processes.ts';

export interface HostWish {
  readonly id: number;
  /** Default: 10.90.0.ID/24 and fd90::ID/64. */
  readonly addresses?: readonly string[];
  readonly mtu?: number;
  readonly guard?: GuardMode;
  readonly width?: number;
  readonly name?: string;
  readonly logLevel?: string;
  /** Another bus than the lab's. */
  readonly bus?: string;
  /** Default: a new one. */
  readonly place?: Place;
  /** Other options. */
  readonly options?: readonly string[];
}

export type HostPlan = HostWish & { readonly bus: string; readonly place: Place };

const readyLimit = 20_000;

function commandLine(program: string, plan: HostPlan, addresses: readonly string[]): string[] {
  const { bus, id, place, width = 16, mtu, guard, name, logLevel, options = [] } = plan;
  const up = [process.execPath, program, 'up', '--json', '--bus', bus];
  // A file says who we are; and its sessions leave from the same namespace that the interface is in.
  const isFile = bus.startsWith('iscsi:');
  return [
    ...(isFile ? inNamespace(place, up) : [...up, '--netns', place.path]),
    ...(isFile
      ? ['--host', `lab${id}`]
      : ['--id', String(id), '--width', String(width), '--host-name', `lab${id}`]),
    ...addresses.flatMap((address) => ['--address', address]),
    ...(mtu === undefined ? [] : ['--mtu', String(mtu)]),
    ...(guard === undefined ? [] : ['--guard', guard]),
    ...(name === undefined ? [] : ['--name', name]),
    ...(logLevel === undefined ? [] : ['--log-level', logLevel]),
    ...options,
  ];
}

/** The address alone. */
const bare = (text: string) => formatIP(parsePrefix(text).address);

export class Host extends Process {
  readonly id: number;
  readonly bus: string;
  readonly place: Place;
  readonly interface: string;
  readonly #addresses: readonly string[];

  constructor(program: string, plan: HostPlan) {
    const { id, bus, place, name = 'scsi0' } = plan;
    const addresses = plan.addresses ?? [`10.90.0.${id}/24`, `fd90::${id}/64`];
    super(commandLine(program, plan, addresses));
    this.id = id;
    this.bus = bus;
    this.place = place;
    this.interface = name;
    this.#addresses = addresses.map(bare);
  }

  /** Its first IPv4 address. */
  get ipv4(): string {
    return this.#addresses.find((address) => !address.includes(':')) ?? '';
  }

  /** Its first IPv6 address. */
  get ipv6(): string {
    return this.#addresses.find((address) => address.includes(':')) ?? '';
  }

  get mac(): string {
    return /"mac":"([0-9a-f:]+)"/.exec(this.out)?.[1] ?? '';
  }

  async ready(): Promise<void> {
    await this.says(/"event":"ready".*\n/, readyLimit);
  }

  /** What its control socket says. */
  status(): Promise<HostStatus> {
    return askStatus(parseBusUrl(this.bus).directory, this.id, 5000);
  }

  /** What it knows of a peer. @throws Error when it knows none with that ID */
  async peer(id: number): Promise<PeerStatus> {
    const found = (await this.status()).peers.find((peer) => peer.id === id);
    if (!found) throw new Error(`host ${this.id} knows no peer ${id}`);
    return found;
  }

  /** A counter of a peer. */
  async counted(peer: number, name: string): Promise<number> {
    return (await this.peer(peer)).counters[name] ?? 0;
  }

  /** Nanoseconds of processor time of all its threads (/proc/PID/task/TID/schedstat). */
  processorTime(): number {
    const tasks = `/proc/${this.pid}/task`;
    return readdirSync(tasks)
      .map((task) => Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]))
      .reduce((sum, time) => sum + time, 0);
  }
}
