/** Two ways to time a command: have the host that is up with our ID do it, or join the bus and do it ourselves. */

import { setImmediate } from 'node:timers/promises';
import { BufferMode } from '../../scsi/buffers.ts';
import { ReadBuffer, TestUnitReady, WriteBuffer } from '../../scsi/cdb.ts';
import { describeSense, describeStatus } from '../../scsi/describe.ts';
import { Opcode } from '../../scsi/opcodes.ts';
import { Status } from '../../scsi/status.ts';
import { Task } from '../../transport/task.ts';
import type { InitiatorNexus, Port } from '../../transport/transport.ts';
import { askPing } from '../control/client.ts';
import { CliError } from '../failure.ts';

export interface Pinger extends Disposable {
  /** Our ID. */
  readonly id: number;
  /** Microseconds of one round trip; undefined: no answer in time. @throws CliError when the target refuses */
  once(): Promise<number | undefined>;
}

/** A running host times the commands, in its own thread. */
export function daemonPinger(
  directory: string,
  id: number,
  target: number,
  bytes: number,
  limitMs: number,
): Pinger {
  return {
    id,
    async once() {
      const request = { do: 'ping', target, count: 1, interval: 0, bytes } as const;
      const { roundTripsUs } = await askPing(directory, id, request, limitMs + 2000);
      return roundTripsUs[0];
    },
    [Symbol.dispose]: () => undefined,
  };
}

/** Unit attentions that a new nexus may have to hear first. */
const mostAttentions = 4;
const napMs = 20;

/** Runs a task to its end. False: it did not end in time, and was given up. */
async function complete(port: Port, nexus: InitiatorNexus, task: Task, limitMs: number): Promise<boolean> {
  let ended = false;
  task.done = () => {
    ended = true;
  };
  const deadline = performance.now() + limitMs;
  if (!nexus.submit(task)) return false;
  nexus.kick();
  for (;;) {
    port.poll();
    if (ended) return task.fault === undefined;
    const left = deadline - performance.now();
    if (left <= 0) break;
    // Signals and timers get their turn when there is nothing to measure.
    if (!port.wait(Math.min(napMs, left))) await setImmediate();
  }
  nexus.abort(task);
  return false;
}

function testUnitReady(): Task {
  return new Task().setCdb(TestUnitReady.encode({ opcode: Opcode.testUnitReady }));
}

function writeEcho(data: Uint8Array): Task {
  const cdb = WriteBuffer.encode({ opcode: Opcode.writeBuffer, mode: BufferMode.echo, length: data.length });
  return new Task().setCdb(cdb).setDataOut(data);
}

function readEcho(room: Uint8Array): Task {
  const cdb = ReadBuffer.encode({ opcode: Opcode.readBuffer, mode: BufferMode.echo, length: room.length });
  return new Task().setCdb(cdb).setDataIn(room);
}

function refuseUnlessGood(task: Task, what: string): void {
  if (task.status === Status.good) return;
  const sense = task.senseLength > 0 ? `, ${describeSense(task.sense.subarray(0, task.senseLength))}` : '';
  throw new CliError(
    'failure',
    `the target refuses ${what}: ${describeStatus(task.status)}${sense}`,
    'GOOD',
    'a smaller -s may fit its echo buffer; without -s, ping needs no buffer',
  );
}

/** We time the commands, through a port of our own. */
export class PortPinger implements Pinger {
  readonly id: number;
  readonly #port: Port;
  readonly #nexus: InitiatorNexus;
  readonly #lun: number;
  readonly #limitMs: number;
  readonly #data: Uint8Array;
  readonly #room: Uint8Array;

  constructor(port: Port, nexus: InitiatorNexus, lun: number, bytes: number, limitMs: number) {
    this.id = port.id;
    this.#port = port;
    this.#nexus = nexus;
    this.#lun = lun;
    this.#limitMs = limitMs;
    this.#data = Uint8Array.from({ length: bytes }, (_, i) => i);
    this.#room = new Uint8Array(bytes);
  }

  /** Hears out the unit attentions of a new nexus, which would answer the first command in its place. */
  async prepare(): Promise<void> {
    for (let i = 0; i < mostAttentions; i++) {
      const task = testUnitReady();
      if (!(await this.#run(task))) return;
      if (task.status !== Status.checkCondition) return;
    }
  }

  async once(): Promise<number | undefined> {
    const start = performance.now();
    const answered = this.#data.length === 0 ? await this.#run(testUnitReady()) : await this.#echo();
    return answered ? 1000 * (performance.now() - start) : undefined;
  }

  #run(task: Task): Promise<boolean> {
    task.lun = this.#lun;
    return complete(this.#port, this.#nexus, task, this.#limitMs);
  }

  async #echo(): Promise<boolean> {
    const write = writeEcho(this.#data);
    if (!(await this.#run(write))) return false;
    refuseUnlessGood(write, 'WRITE BUFFER');
    const read = readEcho(this.#room);
    if (!(await this.#run(read))) return false;
    refuseUnlessGood(read, 'READ BUFFER');
    if (Buffer.compare(this.#room, this.#data) !== 0)
      throw new CliError(
        'failure',
        'the echo buffer gave back other bytes than were written',
        'the same',
        'try again',
      );
    return true;
  }

  [Symbol.dispose](): void {
    this.#port[Symbol.dispose]();
  }
}
