/** The other end of a machine of ours: it says exactly what a test wants, and hears what comes back, PDU by PDU. */

import assert from 'node:assert/strict';
import type { Values } from '../../../src/bytes/fields.ts';
import { Framer, type Pdu } from '../../../src/transport/iscsi/framer.ts';
import type { Machine } from '../../../src/transport/iscsi/machine.ts';
import { Outbox } from '../../../src/transport/iscsi/outbox.ts';
import { Header, headerSize } from '../../../src/transport/iscsi/pdu.ts';
import { decodeText, type Pair } from '../../../src/transport/iscsi/text.ts';
import { type Kind, kinds, type Message } from './pdus.ts';

/** A PDU that came: its fields, and what it carried. */
export type Heard<K extends Kind> = Readonly<Values<(typeof kinds)[K][1]['fields']>> & {
  readonly data: Uint8Array;
  /** The header as it came. */
  readonly bytes: Uint8Array;
  /** The data read as text keys. */
  readonly text: ReadonlyMap<string, string>;
};

/** A wrong bit on the way: in the header, or in the data segment. */
export type Damage = 'header' | 'data';

/** Says what kind of PDU a header begins. */
function kindOf(header: Uint8Array): string {
  const { opcode } = Header.decode(header);
  for (const [name, [number]] of Object.entries(kinds)) if (number === opcode) return name;
  return `opcode ${opcode.toString(16)}h`;
}

export class Peer {
  /** Does something to each PDU that a machine has said, and says whether it comes at all: to see that the checks notice. */
  static mutation: ((pdu: Pdu) => boolean) | undefined;
  readonly machine: Machine;
  readonly #outbox = new Outbox();
  readonly #heard: Pdu[] = [];
  readonly #framer = new Framer(1 << 24, (pdu) => {
    if (Peer.mutation?.(pdu) ?? true) this.#heard.push(pdu);
  });

  constructor(machine: Machine) {
    this.machine = machine;
  }

  /** Digests are sent and checked from now on. */
  useDigests(header: boolean, data: boolean): void {
    Object.assign(this.#outbox, { headerDigest: header, dataDigest: data });
    Object.assign(this.#framer, { headerDigest: header, dataDigest: data });
  }

  /** No digests are sent any more, though they were agreed on. */
  forgetDigests(): void {
    Object.assign(this.#outbox, { headerDigest: false, dataDigest: false });
  }

  send({ header, data }: Message, damage?: Damage): void {
    this.#outbox.header.set(header);
    this.#outbox.put(data);
    const bytes = Buffer.concat(this.#outbox.take());
    this.#outbox.recycle();
    const digest = this.#outbox.headerDigest ? 4 : 0;
    if (damage) {
      const at = damage === 'header' ? 24 : headerSize + digest;
      bytes[at] = Number(bytes[at]) ^ 0x40;
    }
    this.machine.receive(new Uint8Array(bytes));
  }

  /** Reads what the machine has said and the test has not yet looked at. */
  get waiting(): readonly Pdu[] {
    for (const bytes of this.machine.outbox.take()) this.#framer.push(bytes.slice());
    this.machine.outbox.recycle();
    for (const pdu of this.#heard) assert.ok(pdu.intact, 'what we are told has a wrong data digest');
    return this.#heard;
  }

  /** The kinds of PDU that wait. */
  get kinds(): readonly string[] {
    return this.waiting.map((pdu) => kindOf(pdu.header));
  }

  /** The next PDU, which must be of this kind. */
  expect<K extends Kind>(kind: K): Heard<K> {
    const [pdu] = this.waiting;
    assert.ok(pdu, `nothing came, where a ${kind} was due`);
    assert.equal(kindOf(pdu.header), kind);
    this.#heard.shift();
    const values = kinds[kind][1].decode(pdu.header) as Readonly<Values<(typeof kinds)[K][1]['fields']>>;
    const heard = {
      ...values,
      data: pdu.data,
      bytes: pdu.header,
      get text() {
        return new Map<string, string>(decodeText(pdu.data));
      },
    };
    this.took(kind, pdu.header);
    return heard;
  }

  /** All PDUs of this kind that come next. */
  all<K extends Kind>(kind: K): Heard<K>[] {
    const all: Heard<K>[] = [];
    while (this.kinds[0] === kind) all.push(this.expect(kind));
    return all;
  }

  /** Nothing more has come. */
  silence(): void {
    assert.deepEqual(this.kinds, []);
  }

  /** The machine has ended the connection, and said nothing more. */
  closed(): void {
    this.silence();
    assert.ok(this.machine.ended, 'the connection is still there');
  }

  /** The connection is still there. */
  open(): void {
    assert.ok(!this.machine.ended, 'the connection has ended');
  }

  /** For those who count: a PDU was looked at. */
  protected took(_kind: Kind, _header: Uint8Array): void {}
}

/** Pairs as they were said, in order. */
export const pairsOf = (data: Uint8Array): Pair[] => decodeText(data);
