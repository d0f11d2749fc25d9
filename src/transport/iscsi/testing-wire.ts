/** For tests only: both ends of a connection without a socket, on a clock that stands still. */

import type { Fields, Struct, Values } from '../../bytes/fields.ts';
import type { Target } from '../../scsi/command.ts';
import { VirtualClock } from '../../time/clock.ts';
import { Framer, type Pdu } from './framer.ts';
import { InitiatorConnection } from './initiator-connection.ts';
import type { InitiatorOptions } from './initiator-options.ts';
import { defaultWishes } from './keys.ts';
import type { Machine } from './machine.ts';
import { InitiatorOpcode, reservedTag, Stage } from './opcodes.ts';
import { Outbox } from './outbox.ts';
import * as pdu from './pdu.ts';
import { TargetConnection } from './target-connection.ts';
import { TargetNode, type TargetNodeOptions } from './target-node.ts';
import { encodeText, type Pair } from './text.ts';

export const targetName = 'iqn.2026-01.org.example:t';
const initiatorName = 'iqn.2026-01.org.example:i';
const isid = Uint8Array.of(0x80, 1, 2, 3, 0, 0);

/** Not random at all, but never twice the same. */
function counted(): (bytes: number) => Uint8Array {
  let seed = 0;
  return (bytes) => Uint8Array.from({ length: bytes }, (_, i) => (i + ++seed) & 0xff);
}

/** A target node with a device behind it. */
export class Lab<Device extends Target> {
  readonly clock = new VirtualClock();
  readonly device: Device;
  readonly node: TargetNode;
  readonly random = counted();

  constructor(device: Device, options: Partial<TargetNodeOptions> = {}) {
    const { clock, random } = this;
    this.device = device;
    this.node = new TargetNode({ name: targetName, device, ...options }, { clock, random });
  }

  connection(): TargetConnection {
    return new TargetConnection(this.node, '192.0.2.7', '192.0.2.1');
  }

  /** An initiator of ours, and what became of it. */
  initiator(options: Partial<InitiatorOptions> = {}) {
    const told = { ready: false, over: undefined as Error | undefined | 'logout' };
    const connection = new InitiatorConnection(
      {
        initiator: initiatorName,
        target: targetName,
        chap: undefined,
        wishes: defaultWishes,
        isid,
        timeouts: { login: 15_000, ping: 15_000, pong: 15_000 },
        clock: this.clock,
        random: this.random,
        ...options,
      },
      {
        ready: () => {
          told.ready = true;
        },
        over: (why) => {
          told.over = why ?? 'logout';
        },
      },
    );
    return { connection, told };
  }
}

/** Moves bytes both ways until nobody has anything to say. */
export function converse(one: Machine, other: Machine): void {
  for (let moved = true; moved; ) {
    moved = false;
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      for (const bytes of from.outbox.take()) {
        to.receive(bytes.slice());
        moved = true;
      }
      from.outbox.recycle();
    }
  }
}

/** An initiator that says exactly what the test wants. */
export class RawInitiator {
  readonly outbox = new Outbox();
  /** Does something to the bytes on their way. */
  damage: (bytes: Uint8Array) => void = () => undefined;
  readonly #target: TargetConnection;
  readonly #isid: Uint8Array;
  readonly #answers: Pdu[] = [];
  readonly #framer = new Framer(1 << 24, (answer) => this.#answers.push(answer));

  constructor(target: TargetConnection, port = isid) {
    this.#target = target;
    this.#isid = port;
  }

  /** Says one PDU and gives what comes back. */
  say<F extends Fields>(layout: Struct<F>, values: Partial<Values<F>>, data?: Uint8Array): Pdu[] {
    layout.encode(values, this.outbox.header);
    this.outbox.put(data);
    for (const bytes of this.outbox.take()) {
      const sent = bytes.slice();
      this.damage(sent);
      this.#target.receive(sent);
    }
    return this.heard();
  }

  /** Data digests are sent and expected from now on. */
  useDataDigests(): void {
    this.outbox.dataDigest = true;
    this.#framer.dataDigest = true;
  }

  heard(): Pdu[] {
    for (const bytes of this.#target.outbox.take()) this.#framer.push(bytes.slice());
    this.#target.outbox.recycle();
    return this.#answers.splice(0);
  }

  /** A login in one request; gives its response. */
  login(pairs: readonly Pair[] = []): Pdu | undefined {
    const values = {
      opcode: InitiatorOpcode.loginRequest,
      immediate: 1,
      transit: 1,
      currentStage: Stage.operational,
      nextStage: Stage.fullFeature,
      isid: this.#isid,
      tag: 1,
      cmdSn: 1,
    };
    const who: Pair[] = [
      ['InitiatorName', initiatorName],
      ['TargetName', targetName],
    ];
    const [response] = this.say(pdu.LoginRequest, values, encodeText([...who, ...pairs]));
    return response;
  }

  /** A SCSI command; what is not said is that of TEST UNIT READY. */
  command(values: Partial<Values<typeof pdu.ScsiCommand.fields>>, data?: Uint8Array): Pdu[] {
    return this.say(
      pdu.ScsiCommand,
      { opcode: InitiatorOpcode.scsiCommand, final: 1, attribute: 1, ...values },
      data,
    );
  }

  dataOut(values: Partial<Values<typeof pdu.DataOut.fields>>, data: Uint8Array): Pdu[] {
    return this.say(
      pdu.DataOut,
      { opcode: InitiatorOpcode.dataOut, transferTag: reservedTag, ...values },
      data,
    );
  }
}

/** A session in full feature phase, with an initiator that says what the test wants. CmdSN starts at 1. */
export function rawSession<Device extends Target>(
  device: Device,
  keys: readonly Pair[] = [
    ['InitialR2T', 'No'],
    ['iSCSIProtocolLevel', '2'],
  ],
  options: Partial<TargetNodeOptions> = {},
) {
  const lab = new Lab(device, options);
  const connection = lab.connection();
  const peer = new RawInitiator(connection);
  peer.login(keys);
  return { lab, connection, peer, device };
}

export const opcodes = (answers: readonly Pdu[]) =>
  answers.map((one) => pdu.Header.decode(one.header).opcode);
