/** For tests only: a wire that loses, doubles or damages PDUs on their way, as the test says. */

import { digestSize } from './crc32c.ts';
import type { InitiatorConnection } from './initiator-connection.ts';
import type { Machine } from './machine.ts';
import { headerSize } from './pdu.ts';
import type { TargetConnection } from './target-connection.ts';
import { converse, type Lab } from './testing-wire.ts';

/** What becomes of a PDU. A damaged one has a wrong bit in its data; without data, or as 'damaged header', in its header. */
export type Fault = 'lost' | 'doubled' | 'damaged' | 'damaged header';

/** Cuts a stream with both digests into PDUs that lie whole in it. */
function* cut(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const header = bytes.subarray(at, at + headerSize);
    const data = (Number(header[5]) << 16) | (Number(header[6]) << 8) | Number(header[7]);
    const padded = (data + 3) & ~3;
    const size = headerSize + 4 * Number(header[4]) + digestSize + padded + (data > 0 ? digestSize : 0);
    yield bytes.slice(at, at + size);
    at += size;
  }
}

const hasData = (pdu: Uint8Array): boolean => Number(pdu[5]) + Number(pdu[6]) + Number(pdu[7]) > 0;

export class LossyWire {
  /** PDUs that were sent, both ways. */
  sent = 0;
  readonly #fate: (pdu: number, bytes: Uint8Array) => Fault | undefined;

  constructor(fate: (pdu: number, bytes: Uint8Array) => Fault | undefined) {
    this.#fate = fate;
  }

  /** Moves PDUs both ways until nobody has anything to say. */
  carry(one: Machine, other: Machine): void {
    for (let moved = true; moved; ) {
      const there = this.#move(one, other);
      moved = this.#move(other, one) || there;
    }
  }

  #move(from: Machine, to: Machine): boolean {
    const pieces = from.outbox.take();
    const pdus = [...cut(Buffer.concat(pieces))];
    from.outbox.recycle();
    for (const pdu of pdus) {
      const fault = this.#fate(this.sent++, pdu);
      if (fault === 'lost') continue;
      if (fault === 'damaged header') pdu[1] = Number(pdu[1]) ^ 0x40;
      if (fault === 'damaged') damage(pdu);
      to.receive(pdu.slice());
      if (fault === 'doubled') to.receive(pdu.slice());
    }
    return pdus.length > 0;
  }
}

function damage(pdu: Uint8Array): void {
  const at = hasData(pdu) ? headerSize + 4 * Number(pdu[4]) + digestSize : 1;
  pdu[at] = Number(pdu[at]) ^ 0x40;
}

/** True for a PDU whose damage a data digest shows. */
export const isRecoverable = hasData;

/** Two ends in full feature phase, and time that passes when neither has anything to say. */
export class LossySession<L extends Lab<ConstructorParameters<typeof Lab>[0]>> {
  readonly lab: L;
  readonly initiator: InitiatorConnection;
  readonly target: TargetConnection;
  readonly wire: LossyWire;

  constructor(lab: L, options: Parameters<L['initiator']>[0], wire: LossyWire) {
    this.lab = lab;
    this.initiator = lab.initiator(options).connection;
    this.target = lab.connection();
    this.wire = wire;
    this.initiator.start();
    converse(this.initiator, this.target);
  }

  /** Goes on until `done`, at most for so many seconds. False: it did not come to that. */
  run(done: () => boolean, seconds = 120): boolean {
    const { initiator, target, wire, lab } = this;
    for (let i = 0; i <= seconds; i++) {
      wire.carry(initiator, target);
      if (target.ended && !initiator.ended) initiator.lost();
      if (initiator.ended && !target.ended) target.lost();
      if (done()) return true;
      lab.clock.advance(1_000);
      initiator.tick();
      target.tick();
    }
    return false;
  }
}
