/** Hosts of the benchmark's own, a network namespace each, joined by cables. All ends with us: only descriptors hold a namespace. */

import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../../integration/lab/until.ts';
import { createNamespace, withNamespace } from '../../src/sys/namespaces.ts';
import { Netlink } from '../../src/sys/netlink.ts';
import { Teardown } from '../net/teardown.ts';

/** A network of its own: a pair of veth interfaces, or two pairs with a switch between. */
export interface Cable {
  /** Numbers of the hosts at its ends. */
  readonly ends: readonly [number, number];
  readonly switched?: true;
  /** What it carries each way at most; undefined: what the machine can. */
  readonly megabits?: number;
}

const networkOf = (cable: number) => `10.${95 + cable}.0`;
const interfaceOf = (cable: number) => `cable${cable}`;
/** The bucket holds a whole segment of TCP's offload; the queue in front of it some milliseconds. */
const shape = (megabits: number) => ['rate', `${megabits}mbit`, 'burst', '128kb', 'latency', '10ms'];

const bridge = 'br0';

function configure(namespace: number, work: (netlink: Netlink) => void): void {
  withNamespace(namespace, () => {
    using netlink = new Netlink();
    work(netlink);
  });
}

function limit(device: string, megabits: number): void {
  const args = ['qdisc', 'add', 'dev', device, 'root', 'tbf', ...shape(megabits)];
  const { status, stderr, error } = spawnSync('tc', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`tc ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
}

/** Takes `HOW HOST WORD …`: `words` runs them as they are; `shell` as ssh would, joined, by a shell. */
const script = (cases: readonly string[]) => `#!/bin/sh
how=$1 host=$2
shift 2
case $host in
${cases.join('\n')}
*) echo "there is no host $host" >&2; exit 1 ;;
esac
case $how in
shell) set -- sh -c "$*" ;;
esac
exec nsenter --net=$net -- unshare --uts -- sh -c 'hostname "$0" && exec "$@"' "$name" "$@"
`;

export class Lab implements AsyncDisposable {
  readonly #own = new Teardown();
  readonly #namespaces: readonly number[];
  readonly #cables: readonly Cable[];
  /** Namespaces of the switches, by the cables' numbers. */
  readonly #switches = new Map<number, number>();
  readonly #directory: string;

  /** @throws Error when the machine does not allow it */
  static async build(hosts: number, cables: readonly Cable[]): Promise<Lab> {
    const lab = new Lab(hosts, cables);
    try {
      for (let i = 0; i < cables.length; i++) lab.#lay(i);
      await until('every interface is running', () => cables.every((_, cable) => lab.#runs(cable)));
      return lab;
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(hosts: number, cables: readonly Cable[]) {
    this.#cables = cables;
    this.#directory = mkdtempSync(join(tmpdir(), 'ipscsi-bench-'));
    this.#own.add(() => rmSync(this.#directory, { recursive: true, force: true }));
    this.#namespaces = Array.from({ length: hosts }, () => this.#makeNamespace());
    const cases = this.#namespaces.map(
      (_, host) => `${this.name(host)}) net=${this.namespace(host)} name=bench${host} ;;`,
    );
    writeFileSync(this.#script, script(cases), { mode: 0o755 });
  }

  /** Where a file of the lab may be; it goes with it. */
  file(name: string): string {
    return join(this.#directory, name);
  }

  #makeNamespace(): number {
    const made = createNamespace();
    this.#own.add(() => closeSync(made));
    return made;
  }

  get #script(): string {
    return this.file('on-host');
  }

  /** A host's name for launchers: an address that others reach it by. */
  name(host: number): string {
    return this.address(
      host,
      this.#cables.findIndex(({ ends }) => ends.includes(host)),
    );
  }

  address(host: number, cable: number): string {
    return `${networkOf(cable)}.${host + 1}`;
  }

  /** All networks, as Open MPI takes them. */
  get networks(): string {
    return this.#cables.map((_, cable) => `${networkOf(cable)}.0/24`).join(',');
  }

  /** How other processes open a host's namespace. */
  namespace(host: number): string {
    return `/proc/${process.pid}/fd/${this.#namespaces[host]}`;
  }

  /** What a launcher starts programs on a host with: the host's name follows, and the program as words, or as for a shell. */
  launcher(how: 'words' | 'shell'): string {
    return `${this.#script} ${how}`;
  }

  /** A command that runs on a host. */
  on(host: number, command: readonly string[]): readonly string[] {
    return [this.#script, 'words', this.name(host), ...command];
  }

  /** A hostfile of ours with so many ranks on each, in this order. */
  hostfile(order: readonly number[], slots: number): string {
    const path = this.file(`hosts-${order.join('-')}-${slots}`);
    const lines = order.map((host) => {
      const addresses = this.#cables.flatMap(({ ends }, cable) =>
        ends.includes(host) ? [this.address(host, cable)] : [],
      );
      return `${this.name(host)} slots=${slots} ${addresses.join(' ')}\n`;
    });
    writeFileSync(path, lines.join(''));
    return path;
  }

  /** Pulls a cable out at a host, or plugs it in again: that end's interface is down, the other's has no carrier. */
  plug(host: number, cable: number, up: boolean): void {
    configure(this.#namespaceOf(host), (netlink) => netlink.setLink(interfaceOf(cable), { up }));
  }

  /** Stops a cable's switch, or starts it again: both ends keep their carrier. */
  switch(cable: number, up: boolean): void {
    configure(this.#switches.get(cable) as number, (netlink) => netlink.setLink(bridge, { up }));
  }

  /** Bytes that a host has sent by a cable. */
  sent(host: number, cable: number): number {
    const table = withNamespace(this.#namespaceOf(host), () =>
      readFileSync('/proc/thread-self/net/dev', 'utf8'),
    );
    const words = new RegExp(`${interfaceOf(cable)}:(.*)`).exec(table)?.[1]?.trim().split(/\s+/);
    return Number(words?.[8]);
  }

  /** Lets a host's kernel hand on IP datagrams from one of its cables to another, both ways. */
  routeThrough(host: number, [near, far]: readonly [near: number, far: number]): void {
    withNamespace(this.#namespaceOf(host), () => writeFileSync('/proc/sys/net/ipv4/ip_forward', '1'));
    for (const [cable, other] of [
      [near, far],
      [far, near],
    ] as const) {
      const end = this.#cables[cable]?.ends.find((each) => each !== host) as number;
      const route = { to: `${networkOf(other)}.0/24`, via: this.address(host, cable) };
      configure(this.#namespaceOf(end), (netlink) => netlink.addRoute(route));
    }
  }

  #lay(cable: number): void {
    const { ends, megabits, switched } = this.#cables[cable] as Cable;
    const device = interfaceOf(cable);
    const [near, far] = ends.map((host) => this.#namespaceOf(host)) as [number, number];
    if (switched) this.#switches.set(cable, this.#laySwitch(device, [near, far]));
    else configure(near, (netlink) => netlink.createVeth(device, { name: device, namespace: far }));
    for (const host of ends) {
      const namespace = this.#namespaceOf(host);
      configure(namespace, (netlink) => {
        netlink.addAddress(device, `${this.address(host, cable)}/24`);
        netlink.setLink(device, { up: true });
      });
      if (megabits !== undefined) withNamespace(namespace, () => limit(device, megabits));
    }
  }

  /** As programs see it, which is a while after its carrier is there. */
  #runs(cable: number): boolean {
    return (this.#cables[cable] as Cable).ends.every((host) =>
      withNamespace(this.#namespaceOf(host), () => networkInterfaces()[interfaceOf(cable)] !== undefined),
    );
  }

  #laySwitch(device: string, ends: readonly number[]): number {
    const namespace = this.#makeNamespace();
    configure(namespace, (netlink) => {
      netlink.createBridge(bridge);
      netlink.setLink(bridge, { up: true });
      ends.forEach((end, i) => {
        netlink.createVeth(`port${i}`, { name: device, namespace: end });
        netlink.setLink(`port${i}`, { master: bridge, up: true });
      });
    });
    return namespace;
  }

  #namespaceOf(host: number): number {
    return this.#namespaces[host] as number;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#own[Symbol.asyncDispose]();
  }
}
