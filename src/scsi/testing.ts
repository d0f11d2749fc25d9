/** For tests only: the initiator's side of a conversation with a device server, without a transport. */

import type { Command, Nexus, Target } from './command.ts';
import { DeviceServer, type DeviceServerOptions } from './device-server.ts';
import { communicationsUnit, type LogicalUnitOptions, processorUnit } from './logical-unit.ts';
import { GetMessage10, type MessageForm, SendMessage10 } from './message-cdb.ts';
import type { MessageService } from './message-service.ts';
import { decodeSense, type Sense } from './sense-data.ts';
import type { Status } from './status.ts';

export class TestCommand implements Command {
  readonly nexus: Nexus;
  readonly tag: number;
  readonly lun: number;
  readonly attribute: Command['attribute'];
  readonly cdb = new Uint8Array(16);
  readonly cdbLength: number;
  readonly dataOut: Uint8Array;
  readonly dataOutOffset = 0;
  readonly dataOutLength: number;
  readonly dataInLength: number;
  dataOutWanted: number;
  /** How often it was ended. */
  ended = 0;
  abandoned = false;
  status: Status | undefined;
  sense: Sense | undefined;
  senseBytes: Uint8Array | undefined;
  dataIn: Uint8Array | undefined;

  constructor(nexus: Nexus, tag: number, cdb: Uint8Array, more: CommandOptions = {}) {
    this.nexus = nexus;
    this.tag = tag;
    this.lun = more.lun ?? 0;
    this.attribute = more.attribute ?? 0;
    this.cdb.set(cdb.subarray(0, 16));
    this.cdbLength = cdb.length;
    this.dataOut = more.dataOut ?? new Uint8Array(0);
    this.dataOutLength = this.dataOut.length;
    this.dataInLength = more.room ?? 0x10000;
    this.dataOutWanted = this.dataOutLength;
  }

  complete(status: Status, sense?: Uint8Array, dataIn?: Uint8Array, offset = 0, length?: number): void {
    this.ended++;
    this.status = status;
    this.senseBytes = sense?.slice();
    this.sense = sense && decodeSense(sense);
    const sent = length ?? (dataIn ? dataIn.length - offset : 0);
    this.dataIn = dataIn?.slice(offset, offset + Math.min(sent, this.dataInLength));
  }

  abandon(): void {
    this.ended++;
    this.abandoned = true;
  }

  /** "key/asc/ascq", in hexadecimal, and where the field pointer points. */
  get refusal(): string | undefined {
    if (!this.sense) return undefined;
    const { key, code, pointer } = this.sense;
    const at = pointer ? ` @${pointer.byte}${pointer.bit === undefined ? '' : `.${pointer.bit}`}` : '';
    return `${key.toString(16)}/${code.toString(16).padStart(4, '0')}${at}`;
  }
}

interface CommandOptions {
  readonly lun?: number;
  readonly attribute?: Command['attribute'];
  readonly dataOut?: Uint8Array;
  /** Bytes of room for data-in. */
  readonly room?: number;
  readonly tag?: number;
}

/** A host that speaks to a target: it makes its nexus known, and numbers its commands. */
export class TestHost {
  readonly nexus: Nexus;
  readonly #target: Target;
  #tag = 0;

  constructor(target: Target, initiator = 7) {
    this.#target = target;
    this.nexus = { initiator, name: `host ${initiator}` };
    target.nexusEstablished(this.nexus);
  }

  say(cdb: Uint8Array, options: CommandOptions = {}): TestCommand {
    const command = new TestCommand(this.nexus, options.tag ?? ++this.#tag, cdb, options);
    this.#target.command(command);
    return command;
  }
}

/** A service that keeps every command until the test ends it, and remembers what it was told. */
export class TestService implements MessageService {
  readonly log: string[] = [];
  readonly held: Command[] = [];
  /** What to do with a SEND instead of keeping it. */
  onSend: ((command: Command) => void) | undefined;

  send(command: Command, form: MessageForm, stream: number, length: number): void {
    this.log.push(`send(${form}) stream ${stream} length ${length}`);
    if (this.onSend) this.onSend(command);
    else this.held.push(command);
  }

  get(command: Command, form: MessageForm, stream: number, length: number): void {
    this.log.push(`get(${form}) stream ${stream} length ${length}`);
    this.held.push(command);
  }

  cancelled(command: Command): void {
    this.log.push(`cancelled ${command.tag}`);
    this.held.splice(this.held.indexOf(command), 1);
  }
}

/** A device server to talk to: a communications device at LUN 0, a processor at LUN 1, one service for both. */
export function testServer(options: DeviceServerOptions & Partial<LogicalUnitOptions> = {}): {
  service: TestService;
  server: DeviceServer;
} {
  const service = new TestService();
  const identity = { vendor: 'IPSCSI', product: 'test unit', revision: '0.1', serial: 'lab-3' };
  const unit = { identity, service, ...options };
  const units = new Map([
    [0, communicationsUnit(unit)],
    [1, processorUnit(unit)],
  ]);
  return { service, server: new DeviceServer(units, { powerOnUnitAttention: false, ...options }) };
}

/** A SEND MESSAGE(10) CDB. */
export const sendMessage = (length: number, stream = 0): Uint8Array =>
  SendMessage10.encode({ opcode: 0x2a, length, stream });

/** A GET MESSAGE(10) CDB. */
export const getMessage = (length: number, stream = 0): Uint8Array =>
  GetMessage10.encode({ opcode: 0x28, length, stream });

/** A TEST UNIT READY CDB. */
export const testUnitReady = new Uint8Array(6);
