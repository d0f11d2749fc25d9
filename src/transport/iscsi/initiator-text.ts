/** Text requests of an initiator, one at a time (RFC 7143 §11.10, §11.11). */

import type { Pdu } from './framer.ts';
import type { InitiatorRequests } from './initiator-requests.ts';
import { reservedTag } from './opcodes.ts';
import { TextResponse } from './pdu.ts';
import { encodeText, type Pair, TextGatherer } from './text.ts';

interface Asking {
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
    const promise = new Promise<Pair[]>((resolve, reject) => {
      this.#asking = { gatherer: new TextGatherer(maxText), resolve, reject };
    });
    this.#requests.text(encodeText(pairs), reservedTag);
    return promise;
  }

  receive(pdu: Pdu): void {
    const view = TextResponse.over(pdu.header);
    const asking = this.#asking;
    if (!asking) return;
    const pairs = asking.gatherer.add(pdu.data, view.final === 0);
    if (!pairs) {
      this.#requests.text(new Uint8Array(0), view.transferTag);
      return;
    }
    this.#asking = undefined;
    asking.resolve(pairs);
  }

  fail(error: Error): void {
    this.#asking?.reject(error);
    this.#asking = undefined;
  }
}
