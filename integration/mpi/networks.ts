/** IP networks between the machines of a test: a switch in a namespace of its own for each, and cables that can be pulled. */

import { Lab } from '../../src/sys/lab.ts';
import { configure } from '../lab/configure.ts';
import type { Place } from '../lab/processes.ts';
import type { Machines } from './machines.ts';

const placeOf = (namespace: number): Place => ({ namespace, path: `/proc/${process.pid}/fd/${namespace}` });

export class Networks implements Disposable {
  readonly #lab = new Lab();
  readonly #switches: readonly Place[];

  /** Each network joins some machines, by index: the third is 10.77.0.3 in the first network. */
  constructor(machines: Machines, networks: readonly (readonly number[])[]) {
    this.#switches = networks.map(() => placeOf(this.#lab.namespace()));
    for (const [network, members] of networks.entries()) {
      const place = this.#switches[network] as Place;
      configure(place, (netlink) => {
        netlink.createBridge('br0');
        netlink.setLink('br0', { up: true });
      });
      for (const machine of members) {
        const namespace = machines.namespaces[machine] as number;
        const name = `net${network}`;
        configure(place, (netlink) => {
          netlink.createVeth(`cable${machine}`, { name, namespace });
          netlink.setLink(`cable${machine}`, { master: 'br0', up: true });
        });
        configure(placeOf(namespace), (netlink) => {
          netlink.addAddress(name, `10.77.${network}.${machine + 1}/24`);
          netlink.setLink(name, { up: true });
        });
      }
    }
  }

  /** Pulls a machine's cable at the switch, or plugs it in again. */
  cable(network: number, machine: number, up: boolean): void {
    const place = this.#switches[network] as Place;
    configure(place, (netlink) => netlink.setLink(`cable${machine}`, { up }));
  }

  [Symbol.dispose](): void {
    this.#lab[Symbol.dispose]();
  }
}
