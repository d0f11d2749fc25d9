/** A message of which we keep our own copy until the target has it: answers, and words without data. */

import type { Buffer } from './buffers.ts';
import type { Outgoing } from './node.ts';
import { type MessageKind, messageBytes, messageSize, writeMessage } from './packet.ts';

const nothing = new Uint8Array(0);

/** What a message says beside its kind; absent: 0, or nothing. */
export interface MessageValues {
  readonly code?: number;
  readonly fault?: number;
  readonly extra?: Uint8Array;
  readonly tag?: number;
  readonly lun?: number;
  readonly value?: number;
  readonly data?: Uint8Array;
}

export class StoredMessage implements Outgoing {
  readonly #bytes: Uint8Array;

  constructor(kind: MessageKind, values: MessageValues = {}) {
    const { code = 0, fault = 0, extra = nothing, tag = 0, lun = 0, value = 0, data = nothing } = values;
    const bytes = new Uint8Array(messageSize(extra.length, data.length));
    const view = new DataView(bytes.buffer);
    writeMessage(view, 0, kind, code, fault, extra.length, tag, lun, value, data.length);
    bytes.set(extra, messageBytes);
    bytes.set(data, bytes.length - data.length);
    this.#bytes = bytes;
  }

  get size(): number {
    return this.#bytes.length;
  }

  write({ bytes }: Buffer, at: number): number {
    bytes.set(this.#bytes, at);
    return this.#bytes.length;
  }

  arrived(): void {
    // the answer, if there is one, is a message too
  }
}
