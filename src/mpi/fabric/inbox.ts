/** Chunks that came: checked, handed to the router, held until it says how they end. */

import type { Command } from '../../scsi/command.ts';
import { AdditionalSense, SenseKey } from '../../scsi/sense.ts';
import { encodeSense } from '../../scsi/sense-data.ts';
import { Status } from '../../scsi/status.ts';
import type { Ended } from '../route/packet.ts';
import { Arrival } from './arrival.ts';
import type { FabricNode } from './node.ts';
import { headerBytes, hopBytes } from './packet.ts';
import type { Rail } from './rail.ts';
import { type Way, Ways } from './ways.ts';

const malformed = encodeSense({
  key: SenseKey.illegalRequest,
  code: AdditionalSense.invalidFieldInParameterList,
});
const failed = encodeSense({
  key: SenseKey.abortedCommand,
  code: AdditionalSense.logicalUnitCommunicationFailure,
});

export class Inbox {
  readonly #node: FabricNode;
  readonly #ways: Ways;
  /** Messages that wait for earlier ones, by their source and their name. */
  readonly #early: (Map<number, Arrival> | undefined)[] = [];
  readonly #spare: Arrival[] = [];
  /** What the router is being handed. */
  #current: Arrival | undefined = undefined;

  constructor(node: FabricNode) {
    this.#node = node;
    this.#ways = new Ways(node.network, node.node);
  }

  /** Messages that wait for earlier ones. */
  get open(): number {
    return this.#early.reduce((sum, early) => sum + (early?.size ?? 0), 0);
  }

  forget(source: number): void {
    this.#early[source]?.clear();
  }

  refuse(command: Command): void {
    this.#node.counters.malformed++;
    command.complete(Status.checkCondition, malformed);
  }

  chunk(rail: Rail, command: Command, view: DataView): void {
    const start = command.dataOutOffset;
    const arrival = this.#spare.pop() ?? new Arrival((one, how) => this.#ended(one, how));
    arrival.read(view, command, rail);
    const hops = view.getUint8(start + 6);
    const head = headerBytes + hops * hopBytes;
    const way =
      head + arrival.bytes === command.dataOutLength
        ? this.#ways.read(view, start + headerBytes, hops)
        : undefined;
    if (!(way && this.#believes(arrival, way, command.nexus.initiator))) {
      this.#recycle(arrival);
      this.refuse(command);
      return;
    }
    arrival.way = way.hops;
    arrival.at = start + head;
    if (arrival.target === this.#node.node) this.#take(arrival, way.at);
    else this.#pass(arrival, way.at);
  }

  /** Its way begins and ends where it says, and it came over the hop that leads to us. */
  #believes(arrival: Arrival, way: Way, from: number): boolean {
    const { network } = this.#node;
    const hop = way.hops[way.at];
    return (
      way.source === arrival.source &&
      way.target === arrival.target &&
      hop !== undefined &&
      network.busIndexOf(hop.from) === arrival.rail?.bus &&
      network.nodeOf(hop.from) === from
    );
  }

  #pass(arrival: Arrival, at: number): void {
    this.#node.router.arrived(arrival, at, arrival.end);
    if (arrival.command) arrival.rail?.hold(arrival.command.nexus, arrival);
  }

  #take(arrival: Arrival, at: number): void {
    const { counters, host, router } = this.#node;
    const command = arrival.command as Command;
    const verdict = host.judge(arrival);
    if (verdict !== 'good') {
      this.#recycle(arrival);
      if (verdict === 'false') {
        this.refuse(command);
        return;
      }
      counters.stale++;
      command.complete(Status.conditionMet);
      return;
    }
    this.#current = arrival;
    router.arrived(arrival, at, arrival.end);
    this.#current = undefined;
    if (arrival.command) arrival.rail?.hold(arrival.command.nexus, arrival);
    else if (!arrival.stored) this.#recycle(arrival);
  }

  #recycle(arrival: Arrival): void {
    arrival.rest();
    this.#spare.push(arrival);
  }

  /** It is not its turn yet: its memory goes with its command, so it is copied. */
  store(arrival: Arrival): void {
    arrival.keep();
    const early = this.#early[arrival.source];
    if (early) early.set(arrival.message, arrival);
    else this.#early[arrival.source] = new Map([[arrival.message, arrival]]);
  }

  delivered(source: number, message: number, rides: boolean): boolean {
    const current = this.#current;
    if (current?.source === source && current.message === message && !current.stored)
      return this.#node.host.delivered(current, rides);
    const early = this.#early[source]?.get(message);
    if (!early) return true;
    this.#early[source]?.delete(message);
    return this.#node.host.delivered(early, rides);
  }

  #ended(arrival: Arrival, how: Ended): void {
    const { command, rail } = arrival;
    if (!command) return; // its nexus was lost
    arrival.command = undefined;
    rail?.release(command.nexus, arrival);
    if (how === 'answered') command.complete(Status.good);
    else if (how === 'taken') command.complete(Status.conditionMet);
    else if (how === 'busy') command.complete(Status.busy);
    else command.complete(Status.checkCondition, failed);
  }
}
