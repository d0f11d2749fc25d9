/** For tests: hosts with links on a memory bus under a virtual clock, and frames to send between them. */

import type { Logger } from '../observe/logger.ts';
import type { Command, Nexus, Target, TaskManagement } from '../scsi/command.ts';
import { DeviceServer } from '../scsi/device-server.ts';
import { communicationsUnit, type LogicalUnit, processorUnit } from '../scsi/logical-unit.ts';
import { MemoryBus, type MemoryBusOptions } from '../transport/memory/bus.ts';
import type { Port } from '../transport/transport.ts';
import { messageBufferId } from './command-set.ts';
import { busMac, datagramAt } from './ethernet.ts';
import { extensionsPage, type FeatureName } from './extensions.ts';
import { Link, type LinkOptions } from './link.ts';

import { concat } from './packets.test.ts';

/** A frame as the interface got it. */
export interface Received {
  readonly vnet: Uint8Array;
  readonly destination: Uint8Array;
  readonly source: Uint8Array;
  readonly etherType: number;
  readonly datagram: Uint8Array;
}

/** Every command that a host was sent, before its device server saw it. */
export interface Seen {
  readonly initiator: number;
  readonly cdb: Uint8Array;
  readonly dataOut: Uint8Array;
}

export interface HostOptions extends Partial<Omit<LinkOptions, 'port' | 'clock' | 'sink'>> {
  readonly lun?: number;
  readonly processor?: boolean;
  /** Cannot be selected. */
  readonly initiatorOnly?: boolean;
  /** Refuse or swallow commands: true means that this one has been dealt with. */
  readonly intercept?: (command: Command) => boolean;
  readonly deliver?: () => boolean;
}

export class LabHost {
  readonly id: number;
  readonly port: Port;
  readonly link: Link;
  readonly received: Received[] = [];
  readonly seen: Seen[] = [];
  readonly logged: string[] = [];
  readonly mac: Uint8Array;
  /** When its link wants to be called again. */
  due = 0;
  /** It does not poll: SIGSTOP. */
  stopped = false;
  intercept: ((command: Command) => boolean) | undefined;

  constructor(bus: MemoryBus, id: number, options: HostOptions) {
    this.id = id;
    this.intercept = options.intercept;
    this.port = bus.attach(id);
    const logger: Logger = { log: (level, event) => this.logged.push(`${level} ${event}`) };
    const sink = {
      deliver: (
        header: Uint8Array,
        headerLength: number,
        data: Uint8Array,
        offset: number,
        length: number,
      ) => {
        const rest = data.slice(offset, offset + length);
        if (rest.length !== length) throw new Error('delivered bytes that are not there');
        const whole = concat(header.subarray(0, headerLength), rest);
        this.received.push({
          vnet: whole.slice(0, 10),
          destination: whole.slice(10, 16),
          source: whole.slice(16, 22),
          etherType: ((whole[22] ?? 0) << 8) | (whole[23] ?? 0),
          datagram: whole.slice(datagramAt),
        });
        return options.deliver?.() ?? true;
      },
    };
    this.link = new Link({
      mtu: 65280,
      slabs: 8,
      ...options,
      port: this.port,
      clock: bus.clock,
      logger,
      sink,
    });
    this.mac = this.link.mac;
    if (!options.initiatorOnly) this.port.target = this.#target(options);
  }

  #target(options: HostOptions): Target {
    const page = this.link.vendorPage()?.subarray(4);
    const unit = (options.processor ? processorUnit : communicationsUnit)({
      identity: { vendor: 'IPSCSI', product: 'test', revision: '1', serial: String(this.id) },
      service: this.link.messages,
      vendorPages: page ? new Map([[extensionsPage, () => page]]) : new Map(),
      messageBufferId,
    });
    const units = new Map<number, LogicalUnit>([[options.lun ?? 0, unit]]);
    const server = new DeviceServer(units);
    return {
      command: (command: Command) => {
        const { cdb, cdbLength, dataOut, dataOutOffset, dataOutLength, nexus } = command;
        this.seen.push({
          initiator: nexus.initiator,
          cdb: cdb.slice(0, cdbLength),
          dataOut: dataOut.slice(dataOutOffset, dataOutOffset + dataOutLength),
        });
        if (!this.intercept?.(command)) server.command(command);
      },
      manage: (nexus: Nexus, what: TaskManagement, lun: number, tag: number) =>
        server.manage(nexus, what, lun, tag),
      nexusEstablished: (nexus: Nexus) => server.nexusEstablished(nexus),
      nexusLost: (nexus: Nexus) => {
        server.nexusLost(nexus);
        this.link.nexusLost(nexus);
      },
    };
  }

  /** Sends a frame: Ethernet header and datagram, after a virtio_net_hdr of zeros unless given. */
  send(frame: Uint8Array, vnet: Uint8Array = new Uint8Array(10)): string {
    const place = this.link.frame();
    if (!place) return 'no memory';
    place.bytes.set(vnet, place.start);
    place.bytes.set(frame, place.start + 10);
    return this.link.transmit(place, 10 + frame.length);
  }

  /** The counters of one of its peers. */
  counters(id: number): Readonly<Record<string, number>> {
    return this.link.snapshot().peers.find((peer) => peer.id === id)?.counters ?? {};
  }

  state(id: number): string {
    return this.link.snapshot().peers.find((peer) => peer.id === id)?.state ?? 'none';
  }

  /** CDBs of the messages that it was sent. */
  get messages(): Seen[] {
    return this.seen.filter(({ cdb }) => [0x2a, 0xaa, 0x0a, 0x3b].includes(cdb[0] ?? 0));
  }

  poll(now: number): number {
    if (this.stopped) return 0;
    const done = this.port.poll();
    this.due = this.link.poll(now);
    return done;
  }
}

export class Lab {
  readonly bus: MemoryBus;
  readonly hosts: LabHost[] = [];
  /** Longest jump of the clock: what is on its way must not be jumped over. */
  readonly #step: number;

  constructor(options: MemoryBusOptions = {}) {
    this.#step = options.latency ? options.latency / 2 : Number.POSITIVE_INFINITY;
    this.bus = new MemoryBus({ name: 'lab', ...options });
  }

  host(id: number, options: HostOptions = {}): LabHost {
    const host = new LabHost(this.bus, id, options);
    this.hosts.push(host);
    return host;
  }

  /** Everything that happens within `ms`. */
  run(ms = 0): void {
    const end = this.bus.clock.now() + ms;
    for (let rounds = 0; rounds < 100_000; rounds++) {
      const now = this.bus.clock.now();
      let done = 0;
      for (const host of this.hosts) done += host.poll(now);
      if (done > 0) continue;
      const due = Math.min(end, ...this.hosts.filter((host) => !host.stopped).map((host) => host.due));
      if (due <= now && now >= end) return;
      this.bus.clock.advance(Math.max(Math.min(due - now, this.#step), 0.01));
    }
    throw new Error('it never comes to rest');
  }

  /** Two hosts, or more, that know each other. */
  static of(count: number, options: HostOptions = {}, bus: MemoryBusOptions = {}): [Lab, ...LabHost[]] {
    const lab = new Lab(bus);
    for (let id = 1; id <= count; id++) lab.host(id, options);
    lab.run(50);
    for (const host of lab.hosts) host.seen.length = 0;
    return [lab, ...lab.hosts];
  }
}

/** Two hosts that know each other. */
export function pair(options: HostOptions = {}, bus: MemoryBusOptions = {}) {
  const [lab, one, two] = Lab.of(2, options, bus);
  if (!one || !two) throw new Error('no two hosts');
  return { lab, one, two };
}

export const labMac = (id: number): Uint8Array => busMac('lab', id);
export const everybody = new Uint8Array(6).fill(0xff);
export const strictFeatures: readonly FeatureName[] = [];
