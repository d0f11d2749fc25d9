import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import { type JoinOptions, type TransportHarness, transportContract } from '../../../contract/transport.ts';
import type { Target } from '../../scsi/command.ts';
import type { InitiatorNexus, Port } from '../transport.ts';
import type { Wishes } from './keys.ts';
import { IscsiPort } from './port.ts';

const nameOf = (id: number) => `iqn.2026-01.org.example:${id}`;

/** Ports of one process, joined by TCP on loopback. */
class Lab implements TransportHarness {
  readonly #wishes: Partial<Wishes>;
  readonly #ports: IscsiPort[] = [];
  readonly #initiators: IscsiPort[] = [];
  /** TCP ports by SCSI ID: a target that comes back is found at the same place. */
  readonly #places = new Map<number, number>();
  initiator!: Port;
  target!: Port;
  nexus!: InitiatorNexus;

  constructor(wishes: Partial<Wishes>) {
    this.#wishes = wishes;
  }

  async open(target: Target): Promise<this> {
    this.target = await this.join({ id: 1, target });
    this.initiator = await this.join({ id: 0 });
    while (!this.initiator.targets.has(1)) await this.drive();
    this.nexus = this.initiator.targets.get(1) as InitiatorNexus;
    return this;
  }

  async join({ id = this.#ports.length + 1, target }: JoinOptions): Promise<Port> {
    const port = new IscsiPort({
      bus: 'lab',
      id: target ? id : -1,
      width: 8,
      name: nameOf(id),
      wishes: this.#wishes,
      retry: { first: 1, most: 16 },
    });
    port.target = target;
    this.#ports.push(port);
    if (target) {
      await port.listen(`127.0.0.1:${this.#places.get(id) ?? 0}`);
      const known = this.#places.has(id);
      this.#places.set(id, port.portals[0]?.port ?? 0);
      if (!known) for (const initiator of this.#initiators) this.#reach(initiator, id);
    } else {
      this.#initiators.push(port);
      for (const known of this.#places.keys()) this.#reach(port, known);
    }
    return port;
  }

  #reach(port: IscsiPort, id: number): void {
    if (!port.closed) port.reach(id, { portal: `127.0.0.1:${this.#places.get(id)}`, target: nameOf(id) });
  }

  async drive(): Promise<void> {
    let done = 0;
    for (const port of this.#ports) done += port.poll();
    await (done === 0 ? pause(1) : turn());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const port of this.#ports) port[Symbol.dispose]();
    await turn();
  }
}

const digests = ['CRC32C'];
transportContract('iSCSI', (target) => new Lab({}).open(target));
transportContract('iSCSI with digests', (target) =>
  new Lab({ HeaderDigest: digests, DataDigest: digests }).open(target),
);
transportContract('iSCSI at error recovery level 1, with digests', (target) =>
  new Lab({
    HeaderDigest: digests,
    DataDigest: digests,
    ErrorRecoveryLevel: 1,
    MaxBurstLength: 16384,
    MaxRecvDataSegmentLength: 4096,
  }).open(target),
);
transportContract('iSCSI, all data solicited, short bursts', (target) =>
  new Lab({
    InitialR2T: true,
    ImmediateData: false,
    MaxBurstLength: 8192,
    MaxRecvDataSegmentLength: 1024,
  }).open(target),
);
