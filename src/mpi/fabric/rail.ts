/**
 * One of a node's ports: packets go out by it in order, those that come by it are handed to the node, and so is the news of
 * neighbours. On a passthrough rail LUN 0 is the rank's own and nothing here stands in its way.
 */

import {
  type Command,
  type Nexus,
  type Target,
  type TaskManagement,
  TaskManagementResponse,
} from '../../scsi/command.ts';
import { Opcode } from '../../scsi/opcodes.ts';
import { AdditionalSense, SenseKey } from '../../scsi/sense.ts';
import { encodeSense } from '../../scsi/sense-data.ts';
import { Status } from '../../scsi/status.ts';
import type { InitiatorNexus, Port, PortListener } from '../../transport/transport.ts';
import type { Ended } from '../route/packet.ts';
import type { Arrival } from './arrival.ts';
import { type Buffer, Buffers, greatestPacket } from './buffers.ts';
import { Carrier, routerLun } from './carrier.ts';
import { headerBytes } from './packet.ts';

export interface RailOptions {
  readonly port: Port;
  /** Index of its bus in the network. A node's SCSI ID there is the node's number. */
  readonly bus: number;
  /** Ranks on this bus are handed the rail's own nexuses, LUN 0 commands go straight to the rank: shared memory. */
  readonly passthrough: boolean;
}

/** What a rail needs of its node. */
export interface RailHost {
  /** A packet came; its command is to be ended. */
  packet(rail: Rail, command: Command): void;
  /** A neighbour can be reached by this rail, or no longer. */
  heard(rail: Rail, node: number, hears: boolean): void;
}

const nothing = new Uint8Array(0);
const noSuchUnit = encodeSense({
  key: SenseKey.illegalRequest,
  code: AdditionalSense.logicalUnitNotSupported,
});

export class Rail {
  readonly port: Port;
  readonly bus: number;
  /** Our port on that bus, as the network numbers it. */
  readonly own: number;
  readonly passthrough: boolean;
  readonly buffers: Buffers;
  /** Neighbours' nexuses by node. */
  readonly nexuses: (InitiatorNexus | undefined)[] = [];
  /** Commands that came and have not ended, by their nexus. */
  readonly held = new Map<Nexus, Set<Arrival>>();
  /** Told of nexuses on a passthrough rail. */
  through: PortListener | undefined = undefined;
  /** Packets that were sent, and of those that have not ended. */
  sent = 0;
  outstanding = 0;
  readonly #host: RailHost;
  readonly #spare: Carrier[] = [];
  #touched: InitiatorNexus[] = [];
  /** The memory of the last packet, and a view of it. */
  #seen: Uint8Array = nothing;
  #view: DataView = new DataView(nothing.buffer);

  constructor({ port, bus, passthrough }: RailOptions, own: number, host: RailHost) {
    this.port = port;
    this.bus = bus;
    this.own = own;
    this.passthrough = passthrough;
    this.#host = host;
    this.buffers = passthrough ? new Buffers((bytes) => port.allocate(bytes)) : new Buffers();
    this.serve(undefined);
    port.listener = {
      appeared: (nexus) => this.#appeared(nexus),
      vanished: (nexus) => this.#vanished(nexus),
    };
  }

  /** Takes up the neighbours that are there already. */
  begin(): void {
    for (const nexus of this.port.targets.values()) this.#appeared(nexus);
  }

  /** What LUN 0 is, on a passthrough rail. */
  serve(rank: Target | undefined): void {
    const inner = this.passthrough ? rank : undefined;
    const { brief } = inner ?? {};
    this.port.target = {
      command: (command) => {
        if (command.lun === routerLun) this.#host.packet(this, command);
        else if (inner) inner.command(command);
        else refuse(command);
      },
      ...(brief && inner && { brief: brief.bind(inner) }),
      manage: (nexus: Nexus, what: TaskManagement, lun: number, tag: number) =>
        inner && lun !== routerLun ? inner.manage(nexus, what, lun, tag) : TaskManagementResponse.rejected,
      nexusEstablished: (nexus) => inner?.nexusEstablished(nexus),
      nexusLost: (nexus) => {
        this.#drop(nexus);
        inner?.nexusLost(nexus);
      },
    };
  }

  /** A view of a packet's memory; undefined: it can't be a packet. */
  viewOf({ dataOut, dataOutOffset, dataOutLength }: Command): DataView | undefined {
    if (dataOutLength < headerBytes || dataOutLength > greatestPacket) return undefined;
    if (dataOutOffset + dataOutLength > dataOut.length) return undefined; // far data are no packet, either
    if (this.#seen !== dataOut) {
      this.#seen = dataOut;
      this.#view = new DataView(dataOut.buffer, dataOut.byteOffset, dataOut.byteLength);
    }
    return this.#view;
  }

  /**
   * Sends a packet to a neighbour, and gives its buffer back in the end. `ended` is told how it went, later; false: the queue is
   * full, nothing was sent.
   */
  send(buffer: Buffer, length: number, to: InitiatorNexus, ended: (how: Ended) => void): boolean {
    const carrier = this.#spare.pop() ?? new Carrier((one) => this.#over(one));
    carrier.load(buffer, length, ended);
    if (!to.submit(carrier)) {
      this.#give(carrier);
      return false;
    }
    this.sent++;
    this.outstanding++;
    if (!this.#touched.includes(to)) this.#touched.push(to);
    return true;
  }

  #give(carrier: Carrier): void {
    if (carrier.buffer) this.buffers.give(carrier.buffer);
    carrier.unload();
    this.#spare.push(carrier);
  }

  #over(carrier: Carrier): void {
    const { how, ended } = carrier;
    this.outstanding--;
    this.#give(carrier);
    ended(how);
  }

  /** Makes neighbours notice what was sent. */
  kick(): void {
    if (this.#touched.length === 0) return;
    const touched = this.#touched;
    this.#touched = [];
    for (const nexus of touched) nexus.kick();
  }

  /** Its command does not end at once. */
  hold(nexus: Nexus, arrival: Arrival): void {
    const held = this.held.get(nexus);
    if (held) held.add(arrival);
    else this.held.set(nexus, new Set([arrival]));
  }

  release(nexus: Nexus, arrival: Arrival): void {
    const held = this.held.get(nexus);
    if (held?.delete(arrival) && held.size === 0) this.held.delete(nexus);
  }

  /** Commands of a nexus that was lost are dead, and so is their memory. */
  #drop(nexus: Nexus): void {
    for (const arrival of this.held.get(nexus) ?? []) arrival.command = undefined;
    this.held.delete(nexus);
    this.#seen = nothing;
  }

  #appeared(nexus: InitiatorNexus): void {
    this.nexuses[nexus.target] = nexus;
    this.#host.heard(this, nexus.target, true);
    if (this.passthrough) this.through?.appeared(nexus);
  }

  #vanished(nexus: InitiatorNexus): void {
    if (this.nexuses[nexus.target] === nexus) this.nexuses[nexus.target] = undefined;
    this.#host.heard(this, nexus.target, false);
    if (this.passthrough) this.through?.vanished(nexus);
  }
}

/** LUN 0 of a node that speaks as a router alone on this bus. */
function refuse(command: Command): void {
  if (command.cdb[0] === Opcode.testUnitReady) command.complete(Status.good);
  else command.complete(Status.checkCondition, noSuchUnit);
}
