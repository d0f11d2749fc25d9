/**
 * What a hop costs, measured between two ports: latency by round trips of TEST UNIT READY, bandwidth by bursts of WRITE
 * BUFFER, whose data the target copies as a receive would. Each pair has its turn: RESERVE is answered BUSY until the
 * partner has come to the same round, RELEASE ends it.
 */

import type { Command, Target } from '../scsi/command.ts';
import { BlockOpcode, Opcode } from '../scsi/opcodes.ts';
import { Status } from '../scsi/status.ts';
import type { Clock } from '../time/clock.ts';
import { Task } from '../transport/task.ts';
import type { InitiatorNexus, Port } from '../transport/transport.ts';
import { quantile } from './tournament.ts';

export interface Cost {
  /** µs, one way. */
  readonly alpha: number;
  /** µs per byte; undefined: the bytes made no difference that could be told from chance. */
  readonly beta?: number;
}

/** Bytes of a burst's command: a chunk of a message. */
export const probeBytes = 128 << 10;
const warmups = 8;
const roundTrips = 64;
/** Milliseconds for the round trips, and for a burst; where trips take long, there are at least so many of them. */
const shareMs = 20;
const leastTrips = 24;
const bursts = 3;
const longestBurst = 16;
/** Costs, µs and µs per byte, below which nothing is believed: others had the processor meanwhile. */
const leastAlpha = 0.01;
const leastBeta = 1e-6;

/** Steps until something is so; each `yield` is a time to poll. */
type Steps<T> = Generator<undefined, T>;

class Answering implements Target {
  /** Who is answered now. */
  partner = -1;
  released = false;
  readonly #into = new Uint8Array(probeBytes);

  command(command: Command): void {
    const { initiator } = command.nexus;
    const opcode = command.cdb[0];
    if (initiator !== this.partner) {
      command.complete(Status.busy);
      return;
    }
    if (opcode === BlockOpcode.release6) this.released = true;
    if (opcode === Opcode.writeBuffer) {
      const { dataOut, dataOutOffset, dataOutLength } = command;
      this.#into.set(dataOut.subarray(dataOutOffset, dataOutOffset + Math.min(dataOutLength, probeBytes)));
    }
    command.complete(Status.good);
  }

  manage(): 0 {
    return 0;
  }
  nexusEstablished(): void {
    // nothing is kept for it
  }
  nexusLost({ initiator }: { readonly initiator: number }): void {
    if (initiator === this.partner) this.released = true;
  }
}

/** A port that measures, in place of what it is for. */
export class Gauge {
  readonly #port: Port;
  readonly #clock: Clock;
  readonly #answering = new Answering();
  /** Milliseconds for one partner to come, and to answer. */
  readonly #patience: number;
  readonly #data: Uint8Array;

  constructor(port: Port, clock: Clock, patience: number) {
    this.#port = port;
    this.#clock = clock;
    this.#patience = patience;
    this.#data = port.allocate(probeBytes);
    port.target = this.#answering;
  }

  /** Meets partners, by SCSI ID, round by round. Gives what was measured as the one that asks: by the lower ID of two. */
  *measure(rounds: readonly (number | undefined)[]): Steps<Map<number, Cost>> {
    const found = new Map<number, Cost>();
    for (const partner of rounds) {
      if (partner === undefined) continue;
      const cost = partner > this.#port.id ? yield* this.#ask(partner) : yield* this.#answer(partner);
      if (cost) found.set(partner, cost);
    }
    return found;
  }

  *#until(isSo: () => boolean): Steps<boolean> {
    const deadline = this.#clock.now() + this.#patience;
    while (!isSo()) {
      if (this.#clock.now() > deadline) return false;
      yield undefined;
    }
    return true;
  }

  *#answer(partner: number): Steps<undefined> {
    const answering = this.#answering;
    answering.released = false;
    answering.partner = partner;
    yield* this.#until(() => answering.released);
    answering.partner = -1;
    return undefined;
  }

  *#ask(partner: number): Steps<Cost | undefined> {
    const { targets } = this.#port;
    if (!(yield* this.#until(() => targets.has(partner)))) return undefined;
    const nexus = targets.get(partner) as InitiatorNexus;
    const deadline = this.#clock.now() + this.#patience;
    for (;;) {
      const [status] = yield* this.#run(nexus, [command(BlockOpcode.reserve6)]);
      if (status === Status.good) break;
      if (status !== Status.busy || this.#clock.now() > deadline) return undefined;
    }
    const cost = yield* this.#cost(nexus);
    yield* this.#run(nexus, [command(BlockOpcode.release6)]);
    return cost;
  }

  *#cost(nexus: InitiatorNexus): Steps<Cost | undefined> {
    const ready = command(Opcode.testUnitReady);
    const trip = yield* this.#times(nexus, [leastTrips, warmups + roundTrips], () => [ready]);
    // Where others compute, most trips wait for them; a quarter of them does not.
    const roundTrip = quantile(trip.slice(Math.min(warmups, trip.length >> 1)), 0.25);
    const [first = Number.NaN] = yield* this.#times(nexus, [1, 1], () => this.#burst(1));
    const count = Math.max(1, Math.min(longestBurst, Math.floor(shareMs / Math.max(first, 1e-3))));
    const times = yield* this.#times(nexus, [1, bursts], () => this.#burst(count));
    // Of the shortest: that others had the processor meanwhile would look like more or less than no time for the bytes.
    const beta = ((Math.min(...times) - Math.min(...trip)) * 1000) / (count * probeBytes);
    if (!Number.isFinite(roundTrip) || !Number.isFinite(beta)) return undefined;
    const alpha = Math.max(leastAlpha, roundTrip * 500);
    return beta < leastBeta ? { alpha } : { alpha, beta };
  }

  /** How long some commands take, in milliseconds, again and again; fewer times where that is long. None: they failed. */
  *#times(
    nexus: InitiatorNexus,
    [least, most]: readonly [number, number],
    tasks: () => readonly Task[],
  ): Steps<number[]> {
    const times: number[] = [];
    const end = this.#clock.now() + shareMs;
    while (times.length < most && (times.length < least || this.#clock.now() < end)) {
      const commands = tasks();
      const start = this.#clock.now();
      const statuses = yield* this.#run(nexus, commands);
      if (statuses.some((status) => status !== Status.good)) return [];
      times.push(this.#clock.now() - start);
    }
    return times;
  }

  #burst(count: number): Task[] {
    return Array.from({ length: count }, () => command(Opcode.writeBuffer).setDataOut(this.#data));
  }

  /** Runs commands at once; a status of undefined: no answer came. */
  *#run(nexus: InitiatorNexus, tasks: readonly Task[]): Steps<(Status | undefined)[]> {
    const statuses: (Status | undefined)[] = [];
    for (const task of tasks) {
      task.done = ({ fault, status }) => void statuses.push(fault ? undefined : status);
      while (!nexus.submit(task)) yield undefined;
    }
    nexus.kick();
    const ended = yield* this.#until(() => statuses.length === tasks.length);
    return ended ? statuses : tasks.map(() => undefined);
  }
}

const command = (opcode: number) => new Task().setCdb(Uint8Array.of(opcode, 0, 0, 0, 0, 0));
