/** The network that carries iSCSI in tests: a switch in a namespace of its own, a cable to each host; and the bus's file. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configure } from './configure.ts';
import type { Place } from './processes.ts';

export interface UnderlayWish {
  /** Hosts' IDs run from 1 to this; 16 of them have all IDs, from 0. */
  readonly hosts: number;
  /** Hosts that nobody can log in to. */
  readonly initiatorsOnly?: readonly number[];
  readonly digests?: 'off' | 'header' | 'on';
  /** Bytes, on the cables; 1500 unless told. */
  readonly mtu?: number;
  readonly chap?: boolean;
  /** Portals by which others reach a host, where that is not its own. */
  readonly portals?: Readonly<Record<number, string>>;
  /** Seconds of silence before a ping, and of patience. */
  readonly pingSeconds?: number;
}

const port = 3260;
const bridge = 'br0';

export class Underlay {
  /** The bus's file. */
  readonly file: string;
  /** Where the switch is. */
  readonly place: Place;
  readonly #mtu: number;

  constructor(wish: UnderlayWish, files: string, place: Place) {
    this.place = place;
    this.#mtu = wish.mtu ?? 1500;
    this.file = join(files, 'lab.toml');
    writeFileSync(this.file, fileOf(wish, files), { mode: 0o644 });
    configure(place, (netlink) => {
      netlink.createBridge(bridge);
      netlink.addAddress(bridge, '192.168.77.254/24');
      netlink.setLink(bridge, { up: true });
    });
  }

  /** The address of a host on this network. */
  address(id: number): string {
    return `192.168.77.${100 + id}`;
  }

  /** Lays the cable to a host. */
  attach(host: Place, id: number): void {
    const mtu = this.#mtu;
    configure(this.place, (netlink) => {
      netlink.createVeth(`cable${id}`, { name: 'eth0', namespace: host.namespace });
      netlink.setLink(`cable${id}`, { mtu, master: bridge, up: true });
    });
    configure(host, (netlink) => {
      netlink.addAddress('eth0', `${this.address(id)}/24`);
      netlink.setLink('eth0', { mtu, up: true });
    });
  }

  /** Pulls a host's cable at the switch, or plugs it in again. */
  cable(id: number, up: boolean): void {
    configure(this.place, (netlink) => netlink.setLink(`cable${id}`, { up }));
  }
}

function fileOf(wish: UnderlayWish, files: string): string {
  const { hosts, initiatorsOnly = [], digests = 'off', chap, portals = {}, pingSeconds } = wish;
  const lines = ['bus = "lab"', `digests = "${digests}"`];
  const first = hosts === 16 ? 0 : 1;
  if (pingSeconds !== undefined)
    lines.push(
      '[iscsi]',
      ...['ping-interval', 'ping-timeout', 'login-timeout'].map((name) => `${name} = ${pingSeconds}`),
    );
  for (let id = first; id < first + hosts; id++) {
    lines.push(`[hosts.lab${id}]`, `id = ${id}`);
    const own = `192.168.77.${100 + id}:${port}`;
    if (!initiatorsOnly.includes(id))
      lines.push(`portals = ["${portals[id] ?? own}"]`, `listen = ["${own}"]`);
    if (chap) {
      const secret = join(files, `lab${id}.secret`);
      writeFileSync(secret, `the secret of lab${id}, no other\n`, { mode: 0o600 });
      lines.push(`chap = { name = "lab${id}", secret-file = "${secret}" }`);
    }
  }
  return `${lines.join('\n')}\n`;
}
