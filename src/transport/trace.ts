/** One line for each command and one for how it ended, as initiator and as target; or one for each command that is sent. */

import { type Command, type Nexus, TaskManagement, TaskManagementResponse } from '../scsi/command.ts';
import { describeCdb, describeSense, describeStatus } from '../scsi/describe.ts';
import { Status } from '../scsi/status.ts';
import type { Clock } from '../time/clock.ts';
import { type Observer, observed } from './observe.ts';
import type { Task } from './task.ts';
import type { InitiatorNexus, Port } from './transport.ts';

/** How a port is traced. */
export interface TraceOptions {
  /** Takes each line, without a line feed. */
  readonly sink: (line: string) => void;
  readonly clock: Clock;
  /** Peripheral device type of the targets, for the names of their commands. */
  readonly deviceType?: number;
  /** What the data-out of a command say; undefined: nothing that is known. */
  readonly describeDataOut?: (cdb: Uint8Array, data: Uint8Array) => string | undefined;
  /** Only what is sent as initiator, and answers other than GOOD to it. */
  readonly terse?: boolean;
}

/** Wraps a port so that what passes is told to `sink`. */
export function traced(inner: Port, options: TraceOptions): Port {
  return observed(inner, new Tracer(inner, options));
}

const plural = (bytes: number) => `${bytes} byte${bytes === 1 ? '' : 's'}`;
/** The name that a table gives a number. */
const nameIn = (table: Readonly<Record<string, number>>, code: number) =>
  Object.entries(table).find(([, value]) => value === code)?.[0] ?? `number ${code}`;

class Tracer implements Observer {
  readonly #port: Port;
  readonly #options: TraceOptions;
  /** Tasks under way: their number in the trace, and since when. */
  readonly #open = new Map<Task, { readonly serial: number; readonly since: number }>();
  #serial = 0;

  constructor(port: Port, options: TraceOptions) {
    this.#port = port;
    this.#options = options;
  }

  submitted(nexus: InitiatorNexus, task: Task): void {
    const serial = ++this.#serial;
    this.#open.set(task, { serial, since: this.#options.clock.now() });
    this.#say(`${this.#to(nexus)} #${serial} ${this.#command(task)}`);
  }

  ended(nexus: InitiatorNexus, task: Task): void {
    const { serial = 0, since = 0 } = this.#open.get(task) ?? {};
    this.#open.delete(task);
    if (this.#options.terse && !task.fault && task.status === Status.good) return;
    const took = `after ${(this.#options.clock.now() - since).toFixed(3)} ms`;
    if (task.fault) {
      this.#say(`${this.#to(nexus)} #${serial} = ${task.fault}, ${took}`);
      return;
    }
    const sense = task.sense.subarray(0, task.senseLength);
    const answer = this.#answer(task.status, sense, task.dataInTransferred);
    const residual = task.residual === 0 ? '' : `, residual ${task.residual}`;
    this.#say(`${this.#to(nexus)} #${serial} = ${answer}${residual}, ${took}`);
  }

  asked(nexus: InitiatorNexus, what: TaskManagement, lun: number): void {
    this.#say(`${this.#to(nexus)} ${nameIn(TaskManagement, what)}, lun ${lun}`);
  }

  arrived(command: Command): void {
    if (this.#options.terse) return;
    this.#say(`${this.#from(command.nexus)} tag ${command.tag} ${this.#command(command)}`);
  }

  answered(command: Command, { status, sense, dataInLength }: Parameters<Observer['answered']>[1]): void {
    if (this.#options.terse) return;
    const answer = status === undefined ? 'abandoned' : this.#answer(status, sense, dataInLength);
    this.#say(`${this.#from(command.nexus)} tag ${command.tag} = ${answer}`);
  }

  managed(nexus: Nexus, what: TaskManagement, lun: number, response: TaskManagementResponse): void {
    const answer = nameIn(TaskManagementResponse, response);
    this.#say(`${this.#from(nexus)} ${nameIn(TaskManagement, what)}, lun ${lun} = ${answer}`);
  }

  #to(nexus: InitiatorNexus): string {
    return `${this.#port.id} > ${nexus.target}`;
  }

  #from(nexus: Nexus): string {
    return `${this.#port.id} < ${nexus.initiator}`;
  }

  #command(of: Task | Command): string {
    const { lun, dataOut, dataOutOffset, dataOutLength, dataInLength } = of;
    const out = dataOutLength > 0 ? `, ${plural(dataOutLength)} out` : '';
    const room = dataInLength > 0 ? `, room for ${plural(dataInLength)}` : '';
    const cdb = of.cdb.subarray(0, of.cdbLength);
    const { deviceType, describeDataOut } = this.#options;
    const said = describeDataOut?.(cdb, dataOut.subarray(dataOutOffset, dataOutOffset + dataOutLength));
    return `${describeCdb(cdb, deviceType)}, lun ${lun}${out}${room}${said === undefined ? '' : `: ${said}`}`;
  }

  #answer(status: number, sense: Uint8Array | undefined, dataInLength: number): string {
    const told = sense && (sense.length > 0 || status === Status.checkCondition);
    const data = dataInLength > 0 ? `, ${plural(dataInLength)} in` : '';
    return `${describeStatus(status)}${told ? `: ${describeSense(sense)}` : ''}${data}`;
  }

  #say(what: string): void {
    const { sink, clock } = this.#options;
    sink(`${clock.now().toFixed(3)} ${this.#port.bus} ${what}`);
  }
}
