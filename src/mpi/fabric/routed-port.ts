/**
 * A rank's port over several buses. Ranks on a passthrough rail are handed its own nexuses; every other rank has a nexus whose
 * tasks travel as messages of the router. Forwarders are no targets. A rank without a way is waited for, then it has vanished.
 */

import type { Target } from '../../scsi/command.ts';
import { maxCdbLength, maxSenseLength } from '../../transport/task.ts';
import {
  type InitiatorNexus,
  type Port,
  type PortListener,
  TransportError,
} from '../../transport/transport.ts';
import type { Arrival } from './arrival.ts';
import { type FabricHost, FabricNode, type FabricOptions, type Outgoing } from './node.ts';
import { MessageKind, ReadMessage } from './packet.ts';
import { Pair } from './pair.ts';
import { maxData, type NexusHost, RoutedNexus } from './routed-nexus.ts';
import { Served } from './served.ts';
import { StoredMessage } from './stored-message.ts';

export interface RoutedPortOptions extends FabricOptions {
  /** Nodes 0 to ranks - 1 are ranks, the others forwarders. */
  readonly ranks: number;
  /** Milliseconds for which a rank without a way is waited for. */
  readonly patience?: number;
  /** The name of it all. */
  readonly bus?: string;
}

const usualPatience = 30_000;

export class RoutedPort implements Port, FabricHost, NexusHost {
  readonly id: number;
  readonly width: number;
  readonly bus: string;
  readonly targets = new Map<number, InitiatorNexus>();
  listener: PortListener | undefined = undefined;
  closed = false;
  readonly node: FabricNode;
  readonly #patience: number;
  /** Ranks that messages go to and come from, by rank. */
  readonly #pairs: (Pair | undefined)[] = [];
  readonly #message = new ReadMessage();
  #target: Target | undefined = undefined;
  #later: (() => void)[] = [];

  constructor(options: RoutedPortOptions) {
    const { node, network, rails, ranks, patience = usualPatience, bus = 'routed' } = options;
    if (!(node >= 0 && node < ranks && ranks <= network.nodes))
      throw new RangeError(`rank ${node} of ${ranks} in a network of ${network.nodes} nodes`);
    this.id = node;
    this.width = ranks;
    this.bus = bus;
    this.#patience = patience;
    const direct = rails.filter(({ passthrough }) => passthrough);
    for (let rank = 0; rank < ranks; rank++)
      if (rank !== node && !direct.some((rail) => network.portOn(rail.bus, rank) >= 0))
        this.#pairs[rank] = new Pair(rank);
    this.node = new FabricNode(options, this);
    for (const rail of this.node.rails) {
      if (!rail.passthrough) continue;
      for (const nexus of rail.port.targets.values()) this.#met(nexus);
      rail.through = {
        appeared: (nexus) => {
          if (this.#met(nexus)) this.listener?.appeared(nexus);
        },
        vanished: (nexus) => {
          if (this.targets.get(nexus.target) !== nexus) return;
          this.targets.delete(nexus.target);
          this.listener?.vanished(nexus);
        },
      };
    }
  }

  #met(nexus: InitiatorNexus): boolean {
    if (nexus.target >= this.width) return false;
    this.targets.set(nexus.target, nexus);
    return true;
  }

  get target(): Target | undefined {
    return this.#target;
  }

  set target(target: Target | undefined) {
    this.#target = target;
    for (const rail of this.node.rails) if (rail.passthrough) rail.serve(target);
  }

  poll(): number {
    let done = this.node.poll();
    if (this.#later.length > 0) {
      const later = this.#later;
      this.#later = [];
      for (const end of later) end();
      done += later.length;
    }
    return done;
  }

  wait(timeoutMs: number): boolean {
    return this.#later.length > 0 || (!this.closed && this.node.wait(timeoutMs));
  }

  get fd(): number {
    return this.node.fd;
  }

  arm(completions: boolean): boolean {
    return this.#later.length === 0 && this.node.arm(completions);
  }

  disarm(): void {
    this.node.disarm();
  }

  allocate(bytes: number): Uint8Array {
    if (this.closed) throw new TransportError('closed', `${this.bus}:${this.id} is closed`);
    const direct = this.node.rails.find(({ passthrough }) => passthrough);
    return direct ? direct.port.allocate(bytes) : new Uint8Array(bytes);
  }

  /** Why a target has vanished, if there is more to say than that it has gone. */
  lossOf(id: number): string | undefined {
    return this.#pairs[id]?.why;
  }

  send(to: number, what: Outgoing): void {
    this.node.send(to, what);
  }

  kick(): void {
    this.node.kick();
  }

  later(end: () => void): void {
    this.#later.push(end);
  }

  epochOf(rank: number): number {
    return this.#pairs[rank]?.epoch ?? 0;
  }

  judge(arrival: Arrival): 'good' | 'stale' | 'false' {
    const pair = this.#pairs[arrival.source];
    if (!(pair && this.#isMessage(arrival))) return 'false';
    const { sourceLife, targetLife, epoch } = arrival;
    if (targetLife !== this.node.life || sourceLife <= pair.gone || sourceLife < pair.life) return 'stale';
    this.node.learn(pair.rank, sourceLife);
    if (epoch < pair.epoch) return 'stale';
    if (epoch > pair.epoch) {
      this.#lose(pair, 'it has begun anew');
      pair.epoch = epoch;
      pair.greets = false;
      this.#look(pair);
    }
    return 'good';
  }

  #isMessage(arrival: Arrival): boolean {
    const message = this.#message;
    if (!arrival.ends || !message.read(arrival.view, arrival.at, arrival.bytes)) return false;
    const { kind, extra, data } = message;
    if (data > maxData) return false;
    if (kind === MessageKind.command) return extra <= maxCdbLength;
    return kind === MessageKind.answer ? extra <= maxSenseLength : extra === 0 && data === 0;
  }

  delivered(arrival: Arrival, rides: boolean): boolean {
    const pair = this.#pairs[arrival.source];
    const message = this.#message;
    if (!pair || !message.read(arrival.view, arrival.at, arrival.bytes)) return true;
    switch (message.kind) {
      case MessageKind.command:
        return this.#serve(pair).command(message, arrival, this.#target, rides);
      case MessageKind.management:
        this.#serve(pair).manage(message, this.#target);
        break;
      case MessageKind.answer:
        if (!pair.nexus?.answered(message, arrival)) this.node.counters.strays++;
        break;
      case MessageKind.response:
        if (!pair.nexus?.responded(message)) this.node.counters.strays++;
        break;
      default: // a hello says nothing
    }
    return true;
  }

  #serve(pair: Pair): Served {
    if (pair.served) return pair.served;
    const { rank } = pair;
    const served = new Served(rank, `${this.bus}:${rank}`, (what) => this.send(rank, what));
    pair.served = served;
    this.#target?.nexusEstablished(served);
    return served;
  }

  lives(node: number, life: number): void {
    const pair = this.#pairs[node];
    if (!pair || life <= pair.life) return;
    if (pair.life >= 0) this.#lose(pair, 'another has come in its place');
    pair.life = life;
    pair.epoch = 0;
    pair.greets = false;
    this.#look(pair);
  }

  departed(node: number, life: number): void {
    const pair = this.#pairs[node];
    if (!pair) return;
    pair.gone = Math.max(pair.gone, life);
    if (life >= pair.life) this.#lose(pair, undefined);
  }

  unreachable(node: number, since: number | undefined): void {
    const pair = this.#pairs[node];
    if (!pair) return;
    pair.cut = since;
    if (since === undefined) this.#look(pair);
    else if (pair.nexus || pair.served)
      this.node.timers.at(this.node.clock.now() + this.#patience, () => this.#expire(pair, since));
  }

  /** Patience is over. */
  #expire(pair: Pair, since: number): void {
    if (pair.cut !== since || !(pair.nexus || pair.served)) return;
    const cut = this.node.router.table.cut(this.id).join(', ');
    const seconds = this.#patience / 1000;
    this.#lose(
      pair,
      `there has been no way to it for ${seconds} s${cut && `, since these have failed: ${cut}`}`,
    );
    pair.epoch++;
    pair.greets = true;
  }

  /** It may have appeared. */
  #look(pair: Pair): void {
    if (pair.nexus || pair.life <= pair.gone || pair.cut !== undefined || this.closed) return;
    pair.nexus = new RoutedNexus(pair.rank, this);
    pair.why = undefined;
    this.targets.set(pair.rank, pair.nexus);
    if (pair.greets) this.send(pair.rank, new StoredMessage(MessageKind.hello));
    pair.greets = false;
    this.listener?.appeared(pair.nexus);
  }

  #lose(pair: Pair, why: string | undefined): void {
    const { nexus, served } = pair;
    pair.nexus = undefined;
    pair.served = undefined;
    pair.why = why;
    this.node.forget(pair.rank);
    served?.end();
    if (served) this.#target?.nexusLost(served);
    if (!nexus) return;
    this.targets.delete(pair.rank);
    nexus.alive = false;
    // First the news, with its reason; then the tasks, which can't say why.
    this.listener?.vanished(nexus);
    nexus.end('nexus-lost');
  }

  [Symbol.dispose](): void {
    if (this.closed) return;
    this.closed = true;
    this.targets.clear();
    for (const pair of this.#pairs) {
      const { nexus, served } = pair ?? {};
      served?.end();
      if (served) this.#target?.nexusLost(served);
      nexus?.end('closed');
    }
    this.node[Symbol.dispose]();
  }
}
