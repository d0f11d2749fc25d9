/**
 * IP over SCSI (RFC 2143): frames of one interface, datagrams on the bus. Puts the parts together and follows peers as
 * they come and go. Everything happens in the thread that polls the port. Not here: the interface itself (net/), the
 * device server (scsi/).
 */

import { formatMac } from '../bytes/addresses.ts';
import type { Counters } from '../observe/counters.ts';
import { type Logger, silent } from '../observe/logger.ts';
import type { Nexus } from '../scsi/command.ts';
import type { MessageService } from '../scsi/message-service.ts';
import type { Clock } from '../time/clock.ts';
import type { InitiatorNexus, Port, PortListener } from '../transport/transport.ts';
import { type LinkCounter, newLinkCounters, valuesOf } from './counters.ts';
import { busMac } from './ethernet.ts';
import { encodeExtensions, type FeatureName, featureBits, featureNames, wholePage } from './extensions.ts';
import { type Frame, FramePool, slabSize } from './frame.ts';
import { type GuardMode, SourceGuard } from './guard.ts';
import { Header } from './header.ts';
import { helloOf, longHello } from './hello.ts';
import { Inlet } from './inlet.ts';
import { Outbound } from './outbound.ts';
import { Outlet } from './outlet.ts';
import { Peers } from './peers.ts';
import { Receiver } from './receiver.ts';
import { maxIds, Roster } from './roster.ts';
import type { Disposition, LinkSnapshot, Sink } from './sink.ts';
import { Sources } from './sources.ts';
import { Transmitter } from './transmitter.ts';

export interface LinkOptions {
  readonly port: Port;
  /** Default: made of the bus's name and our ID. */
  readonly mac?: Uint8Array;
  readonly mtu: number;
  readonly hostName?: string;
  readonly guard?: GuardMode;
  /** Addresses that belong to an ID, as text. */
  readonly pins?: readonly (readonly [id: number, address: string])[];
  /** Our own addresses with their prefix lengths, as text. */
  readonly prefixes?: readonly string[];
  readonly clock: Clock;
  readonly logger?: Logger;
  /** What our interface accepts, and is announced to peers. Default: all. Without 'messages': a strict RFC 2143 host. */
  readonly features?: readonly FeatureName[];
  /** GET MESSAGEs to keep outstanding at every target that serves them; default 0: peers push. */
  readonly pull?: number;
  /** Slabs of 128 KiB that frames to be sent lie in; default 64. */
  readonly slabs?: number;
  readonly sink: Sink;
}

const defaultSlabs = 64;

/** What a link allocates, in bytes: the slabs, and a hello as long as it may be. */
export const linkMemory = (slabs: number): number => slabs * slabSize + longHello;

export class Link implements PortListener {
  readonly mac: Uint8Array;
  /** To be plugged into the device server. */
  readonly messages: MessageService;
  /** What no single peer accounts for; may be read by another thread. */
  readonly counters: Counters<LinkCounter> = newLinkCounters();
  readonly #page: Uint8Array | undefined;
  readonly #pool: FramePool;
  readonly #roster: Roster;
  readonly #guard: SourceGuard;
  readonly #header: Header;
  readonly #outlet: Outlet;
  readonly #transmitter: Transmitter;
  readonly #peers: Peers;
  #exhausted = false;

  /** Takes over the port's listener and meets the targets that are there. @throws TransportError when memory is used up */
  constructor(options: LinkOptions) {
    const { port, clock, sink, logger = silent, slabs = defaultSlabs } = options;
    const values = valuesOf(this.counters);
    this.mac = options.mac?.slice(0, 6) ?? busMac(port.bus, Math.max(0, port.id));
    const named = featureBits(options.features ?? featureNames);
    const features = named & 1 ? named : 0;
    this.#page = features ? pageOf(options, features, this.mac) : undefined;
    const hello = helloOf(this.#page);
    const memory = port.allocate(linkMemory(slabs));
    memory.set(hello, slabs * slabSize);

    this.#pool = new FramePool(memory, slabs, maxIds);
    this.#roster = new Roster(port.bus, this.mac);
    this.#guard = new SourceGuard(options.guard ?? 'off', options.pins ?? [], logger);
    const outbound = new Outbound(this.#roster, this.#guard, clock, values);
    this.#header = new Header(this.mac, outbound.ownSide);
    this.#outlet = new Outlet(this.#pool, this.#roster.all, clock);
    this.#transmitter = new Transmitter(this.#roster, outbound, this.#outlet, this.#pool, clock, values);
    const sources = new Sources(this.#guard, this.#roster, outbound);
    const receiver = new Receiver(sink, sources, this.#header, features);
    this.#peers = new Peers({
      roster: this.#roster,
      guard: this.#guard,
      outlet: this.#outlet,
      receiver,
      clock,
      logger,
      hello: this.#page ? memory.subarray(slabs * slabSize) : undefined,
      helloLength: hello.length,
      pull: options.pull ?? 0,
    });
    this.messages = new Inlet(this.#roster, receiver, this.#peers, port.id, features !== 0, values);
    this.setPrefixes(options.prefixes ?? []);
    port.listener = this;
    for (const nexus of port.targets.values()) this.appeared(nexus);
  }

  /** VPD page C0h, whole, with its four bytes of header; undefined for a strict host. */
  vendorPage(): Uint8Array | undefined {
    return this.#page && wholePage(this.#page);
  }

  /** Our addresses, with their prefix lengths, have changed. */
  setPrefixes(prefixes: readonly string[]): void {
    this.#guard.configure(prefixes);
    this.#header.configure(prefixes);
    for (const peer of this.#roster.all) peer.distrust();
  }

  /**
   * Where to read the next frame to: `bytes` from `start`, at most `capacity`; the same place until transmit() has taken
   * it. Undefined: all memory is in flight; come back after the next poll.
   */
  frame(): Frame | undefined {
    const frame = this.#pool.current();
    if (frame === undefined && !this.#exhausted) this.counters.add('memoryExhausted');
    this.#exhausted = frame === undefined;
    return frame;
  }

  /** A frame of `length` bytes, from its virtio_net_hdr on, lies at `frame.start`. 'full': not taken, try again by `retryAt`. */
  transmit(frame: Frame, length: number): Disposition {
    return this.#transmitter.transmit(frame, length);
  }

  /** After 'full': when to transmit the same frame again at the latest, in the clock's milliseconds; else infinity. */
  get retryAt(): number {
    return this.#transmitter.retryAt;
  }

  /** To be passed to Port.arm(): something waits for tasks to end. */
  get waiting(): boolean {
    return this.#transmitter.retryAt !== Number.POSITIVE_INFINITY || this.#outlet.waiting;
  }

  /** Makes targets notice what was submitted since the last flush. */
  flush(): void {
    this.#outlet.flush();
  }

  /** Does what is due and flushes; returns the clock's milliseconds at which to be called again, or infinity. */
  poll(now: number): number {
    const next = Math.min(this.#outlet.poll(now), this.#peers.poll(now), this.#transmitter.retryAt);
    this.#outlet.flush();
    return next;
  }

  appeared(nexus: InitiatorNexus): void {
    this.#peers.appeared(nexus);
  }

  vanished(nexus: InitiatorNexus): void {
    this.#peers.vanished(nexus);
  }

  /** An initiator's nexus to our target is lost: to be called from Target.nexusLost. */
  nexusLost(nexus: Nexus): void {
    this.#peers.nexusLost(nexus);
  }

  snapshot(): LinkSnapshot {
    return {
      mac: formatMac(this.mac),
      counters: this.counters.snapshot(),
      peers: this.#roster.all.map((peer) => ({
        id: peer.id,
        hostName: peer.hostName,
        mac: formatMac(peer.mac),
        extensions: peer.extensions,
        commandSet: peer.commandSet,
        addresses: peer.addresses,
        since: peer.since,
        queued: peer.outstanding + peer.pending.length,
        state: peer.state,
        counters: peer.counters.snapshot(),
      })),
    };
  }
}

function pageOf(options: LinkOptions, features: number, mac: Uint8Array): Uint8Array {
  return encodeExtensions({
    features,
    mac,
    mtu: options.mtu,
    maxMessage: slabSize,
    hostName: options.hostName ?? '',
  });
}
