/** Text requests of an initiator, one at a time (RFC 7143 §11.10, §11.11). */

import type { Pdu } from './framer.ts';
import type { InitiatorRequests } from './initiator-requests.ts';
import { reservedTag } from './opcodes.ts';
import { TextResponse } from './pdu.ts';
import { ProtocolError } from './protocol-error.ts';
import { encodeText, type Pair, TextError, TextGatherer } from './text.ts';

interface Asking {
  readonly tag: number;
  readonly gatherer: TextGatherer;
  readonly resolve: (pairs: Pair[]) => void;
  readonly reject: (error: Error) => void;
}

const maxText = 1 << 20;

export class InitiatorText {
  readonly #requests: InitiatorRequests;
  #asking: Asking | undefined;

  constructor(requests: InitiatorRequests) {
    this.#requests = requests;
  }

  ask(pairs: readonly Pair[]): Promise<Pair[]> {
    const tag = this.#requests.text(encodeText(pairs));
    return new Promise<Pair[]>((resolve, reject) => {
      this.#asking = { tag, gatherer: new TextGatherer(maxText), resolve, reject };
    });
  }

  /** @throws ProtocolError */
  receive(pdu: Pdu): void {
    const { tag, final, continues, transferTag, lun } = TextResponse.over(pdu.header);
    const asking = this.#asking;
    if (asking?.tag !== tag) return;
    if (final ? continues : transferTag === reservedTag)
      throw new ProtocolError('a text response that neither ends nor goes on');
    const pairs = this.#gather(asking, pdu.data, final === 0);
    if (!pairs) {
      this.#requests.moreText(tag, transferTag, lun);
      return;
    }
    this.#asking = undefined;
    asking.resolve(pairs);
  }

  #gather({ gatherer }: Asking, data: Uint8Array, goesOn: boolean): Pair[] | undefined {
    try {
      return gatherer.add(data, goesOn);
    } catch (error) {
      if (error instanceof TextError) throw new ProtocolError(error.message);
      throw error;
    }
  }

  fail(error: Error): void {
    this.#asking?.reject(error);
    this.#asking = undefined;
  }
}
