/** Peers' lives: met, asked, served one way or another, lost. A host that comes back is a new peer. */

import { formatMac } from '../bytes/addresses.ts';
import type { Logger } from '../observe/logger.ts';
import type { Nexus } from '../scsi/command.ts';
import type { Clock } from '../time/clock.ts';
import type { InitiatorNexus } from '../transport/transport.ts';
import { PeerIndex } from './counters.ts';
import { type Extensions, Feature } from './extensions.ts';
import { endGets, endOldGets, forgetGetsOf } from './gets.ts';
import type { SourceGuard } from './guard.ts';
import type { InletListener } from './inlet.ts';
import { type Finding, Negotiator } from './negotiator.ts';
import { same } from './octets.ts';
import type { Outlet } from './outlet.ts';
import type { Peer } from './peer.ts';
import { Puller } from './puller.ts';
import type { Receiver } from './receiver.ts';
import type { Roster } from './roster.ts';

export interface PeersOptions {
  readonly roster: Roster;
  readonly guard: SourceGuard;
  readonly outlet: Outlet;
  readonly receiver: Receiver;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Introduces us in its first `helloLength` bytes, zeros follow; undefined: we are a strict host. */
  readonly hello: Uint8Array | undefined;
  readonly helloLength: number;
  /** GET MESSAGEs to keep outstanding. */
  readonly pull: number;
}

/** A GET MESSAGE waits for one to two of these: less than the 30 s that initiators allow a command. */
const sweepMs = 10_000;

export class Peers implements InletListener {
  readonly #roster: Roster;
  readonly #guard: SourceGuard;
  readonly #outlet: Outlet;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #negotiator: Negotiator;
  readonly #puller: Puller;
  readonly #pull: number;
  /** When to look for GET MESSAGEs that wait too long; infinity: there are none. */
  #sweepAt = Number.POSITIVE_INFINITY;

  constructor(options: PeersOptions) {
    const { roster, guard, outlet, receiver, clock, logger, hello, helloLength, pull } = options;
    this.#roster = roster;
    this.#guard = guard;
    this.#outlet = outlet;
    this.#clock = clock;
    this.#logger = logger;
    this.#pull = pull;
    this.#negotiator = new Negotiator(clock, hello, helloLength, (peer, finding) =>
      this.#settled(peer, finding),
    );
    this.#puller = new Puller(clock, pull, (peer, data, length) => {
      receiver.records(peer, data, 0, length);
    });
    receiver.hello = (peer, extensions) => this.#introduced(peer, extensions);
  }

  poll(now: number): number {
    if (now >= this.#sweepAt) this.#sweep(now);
    return Math.min(this.#negotiator.poll(now), this.#puller.poll(now), this.#sweepAt);
  }

  #sweep(now: number): void {
    let left = false;
    for (const peer of this.#roster.all) left = endOldGets(peer) || left;
    this.#sweepAt = left ? now + sweepMs : Number.POSITIVE_INFINITY;
  }

  /** A target is there. */
  appeared(nexus: InitiatorNexus): void {
    const known = this.#roster.byId[nexus.target];
    if (known?.nexus) this.#lose(known);
    const peer = this.#roster.byId[nexus.target] ?? this.#roster.add(nexus.target, this.#clock.now());
    peer.nexus = nexus;
    // One that fetches may go on doing so; what it accepts is worth asking for all the same.
    if (peer.gets.length === 0) peer.to('negotiating');
    this.#logger.log('info', 'peer appeared', { id: peer.id });
    this.#negotiator.begin(peer);
  }

  vanished(nexus: InitiatorNexus): void {
    const peer = this.#roster.byId[nexus.target];
    if (peer?.nexus === nexus) this.#lose(peer);
  }

  met(id: number, nexus: Nexus): Peer {
    let peer = this.#roster.byId[id];
    if (peer === undefined) {
      peer = this.#roster.add(id, this.#clock.now());
      // Not a target, or not yet: it will have to fetch.
      peer.to('pull');
    } else if (peer.source !== undefined) this.#begunAnew(peer, peer.source);
    peer.source = nexus;
    return peer;
  }

  asked(peer: Peer): void {
    if (peer.state !== 'pull') peer.to('pull');
    if (this.#sweepAt === Number.POSITIVE_INFINITY) this.#sweepAt = this.#clock.now() + sweepMs;
    this.#outlet.serve(peer);
  }

  nexusLost(nexus: Nexus): void {
    const peer = this.#roster.byId[nexus.initiator];
    if (peer?.source !== nexus) return;
    this.#begunAnew(peer, nexus);
    peer.source = undefined;
    if (peer.nexus === undefined) this.#lose(peer);
  }

  /** What rested on a peer's old nexus is void. */
  #begunAnew(peer: Peer, old: Nexus): void {
    forgetGetsOf(peer, old);
    this.#guard.release(peer.id);
    peer.distrust();
  }

  #lose(peer: Peer): void {
    this.#negotiator.forget(peer);
    this.#puller.forget(peer);
    endGets(peer);
    this.#roster.remove(peer);
    peer.to('gone');
    this.#outlet.discard(peer, PeerIndex['drops.gone']);
    this.#guard.release(peer.id);
    this.#logger.log('info', 'peer vanished', { id: peer.id });
  }

  /** A hello: counts where we cannot ask, or asked in vain. */
  #introduced(peer: Peer, extensions: Extensions): void {
    if (peer.nexus === undefined) this.#believe(peer, extensions);
    else if (peer.state === 'refused') {
      peer.to('negotiating');
      this.#negotiator.begin(peer);
    }
  }

  #believe(peer: Peer, extensions: Extensions): void {
    const { mac } = extensions;
    peer.features = extensions.features;
    peer.maxMessage = Math.min(extensions.maxMessage, peer.nexus?.limits.maxDataOut ?? extensions.maxMessage);
    peer.hostName = extensions.hostName;
    if (same(mac, 0, peer.mac, 0, 6)) return;
    if (this.#roster.isTakenFrom(peer.id, mac, 0)) {
      this.#logger.log('warn', 'MAC address announced twice', { id: peer.id, mac: formatMac(mac) });
      return;
    }
    peer.mac = mac;
    this.#roster.macs.learn(mac, 0, peer.id);
  }

  #settled(peer: Peer, finding: Finding): void {
    if (finding.kind === 'extended') {
      this.#believe(peer, finding.extensions);
      peer.commandSet = finding.commandSet;
    }
    this.#logger.log('info', 'peer known', { id: peer.id, ...finding });
    if (peer.state !== 'negotiating') return;
    if (finding.kind === 'refused') {
      peer.to('refused');
      this.#outlet.discard(peer, PeerIndex['drops.refused']);
      return;
    }
    peer.to('push');
    this.#outlet.drain(peer);
    if (this.#pull > 0 && (peer.features & Feature.pull) !== 0) this.#puller.begin(peer);
  }
}
