/** An initiator on a socket that says exactly what a test wants: for what ours would never say. */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Fields, Struct, Values } from '../../../src/bytes/fields.ts';
import { Framer, type Pdu } from '../../../src/transport/iscsi/framer.ts';
import { InitiatorOpcode, reservedTag, Stage, TargetOpcode } from '../../../src/transport/iscsi/opcodes.ts';
import { Outbox } from '../../../src/transport/iscsi/outbox.ts';
import * as pdus from '../../../src/transport/iscsi/pdu.ts';
import { advance } from '../../../src/transport/iscsi/serial.ts';
import { encodeText, type Pair } from '../../../src/transport/iscsi/text.ts';
import { until } from '../../lab/until.ts';

const initiatorName = 'iqn.2026-01.org.example:raw';
const isid = Uint8Array.of(0x80, 9, 8, 7, 6, 5);

export class RawSession implements AsyncDisposable {
  cmdSn = 1;
  expStatSn = 0;
  readonly #outbox = new Outbox();
  readonly #socket: Socket;
  readonly #heard: Pdu[] = [];
  readonly #framer = new Framer(0xffffff, (pdu) => this.#pdu(pdu));

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => this.#framer.push(bytes));
    socket.on('error', () => undefined);
  }

  /** Logs in, in one step, to a target, or for discovery; digests if the pairs ask for them and the target agrees. */
  static async login(
    portal: string,
    target: string | undefined,
    ...pairs: readonly Pair[]
  ): Promise<RawSession> {
    const [host, port] = portal.split(':');
    const socket = connect({ host: host ?? '', port: Number(port) });
    await once(socket, 'connect');
    const session = new RawSession(socket);
    const who: Pair[] = [
      ['InitiatorName', initiatorName],
      target === undefined ? ['SessionType', 'Discovery'] : ['TargetName', target],
    ];
    const values = {
      immediate: 1,
      transit: 1,
      currentStage: Stage.operational,
      nextStage: Stage.fullFeature,
    };
    const opcode = InitiatorOpcode.loginRequest;
    session.say(pdus.LoginRequest, { opcode, ...values, isid, tag: 1 }, encodeText([...who, ...pairs]));
    const { data } = await session.hears(TargetOpcode.loginResponse);
    const text = new TextDecoder().decode(data);
    for (const one of [session.#framer, session.#outbox]) {
      one.headerDigest = /HeaderDigest=CRC32C/.test(text);
      one.dataDigest = /DataDigest=CRC32C/.test(text);
    }
    return session;
  }

  /** Says one PDU, with the right numbers; requests that are not immediate take a CmdSN. */
  say<F extends Fields>(
    layout: Struct<F>,
    values: Partial<Values<F>>,
    data?: Uint8Array,
    ahs?: Uint8Array,
  ): void {
    const { cmdSn, expStatSn } = this;
    const usual = Object.entries({ final: 1, cmdSn, expStatSn }).filter(([name]) => name in layout.fields);
    layout.encode({ ...Object.fromEntries(usual), ...values } as Partial<Values<F>>, this.#outbox.header);
    if ('cmdSn' in layout.fields && values['immediate'] !== 1) this.cmdSn = advance(cmdSn);
    this.#outbox.put(data, false, ahs);
    for (const part of this.#outbox.take()) this.#socket.write(part.slice());
    this.#outbox.recycle();
  }

  #pdu(pdu: Pdu): void {
    const { opcode, tag } = pdus.Header.over(pdu.header);
    const view = pdus.DataIn.over(pdu.header);
    const counts =
      opcode !== TargetOpcode.readyToTransfer &&
      (opcode !== TargetOpcode.dataIn || view.hasStatus === 1) &&
      (opcode !== TargetOpcode.nopIn || tag !== reservedTag);
    if (counts) this.expStatSn = advance(view.statSn);
    this.#heard.push(pdu);
  }

  /** Waits for the next PDU of a kind, and forgets those before it. */
  hears(opcode: number): Promise<Pdu> {
    return until(`a PDU with opcode ${opcode.toString(16)}h`, () => {
      const at = this.#heard.findIndex(({ header }) => pdus.Header.over(header).opcode === opcode);
      return at < 0 ? undefined : this.#heard.splice(0, at + 1)[at];
    });
  }

  /** Logs out, and waits for the connection's end. */
  async logout(): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.say(pdus.LogoutRequest, { opcode: InitiatorOpcode.logoutRequest, immediate: 1, tag: 0x7fff });
    await this.hears(TargetOpcode.logoutResponse);
    this.#socket.end();
    await closed;
  }

  /** Goes without a word. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#socket.closed) return;
    this.#socket.destroy();
    await once(this.#socket, 'close');
  }
}
