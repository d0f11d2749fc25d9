/** Text requests at the target: SendTargets, in answers as long as they must be (RFC 7143 §11.10, Appendix C). */

import type { Pdu } from './framer.ts';
import { RejectReason, reservedTag } from './opcodes.ts';
import type { TextRequest } from './pdu.ts';
import type { TargetReplies } from './target-replies.ts';
import { encodeText, type Pair, TextError, TextGatherer } from './text.ts';

const maxText = 16 * 1024;

/** The target's name, and its portals as "address:port,group". */
export type Targets = readonly [name: string, portals: readonly string[]];

export class Discovery {
  readonly #replies: TargetReplies;
  readonly #targets: () => Targets;
  #text = new TextGatherer(maxText);
  /** What is still to be sent of a long answer, and the tag by which it is fetched. */
  #rest: Uint8Array = new Uint8Array(0);
  #transferTag = 1;
  #awaited = reservedTag;

  constructor(replies: TargetReplies, targets: () => Targets) {
    this.#replies = replies;
    this.#targets = targets;
  }

  receive(request: ReturnType<typeof TextRequest.over>, pdu: Pdu, normal: boolean): void {
    const { tag, transferTag } = request;
    if (transferTag !== reservedTag && transferTag !== this.#awaited) {
      this.#replies.reject(RejectReason.protocol, pdu);
      return;
    }
    if (transferTag === reservedTag) this.#reset();
    if (this.#rest.length > 0) {
      this.#send(tag);
      return;
    }
    try {
      const pairs = this.#text.add(pdu.data, request.continues === 1);
      if (!pairs) this.#replies.text(tag, this.#newTag(), false, false, this.#rest);
      else {
        this.#rest = encodeText(pairs.flatMap(([key, value]) => this.#answer(key, value, normal)));
        this.#send(tag);
      }
    } catch (error) {
      if (!(error instanceof TextError)) throw error;
      this.#reset();
      this.#replies.reject(RejectReason.protocol, pdu);
    }
  }

  #reset(): void {
    this.#rest = new Uint8Array(0);
    this.#text = new TextGatherer(maxText);
    this.#awaited = reservedTag;
  }

  #newTag(): number {
    this.#awaited = this.#transferTag;
    this.#transferTag = (this.#transferTag % 0xffff) + 1;
    return this.#awaited;
  }

  #send(tag: number): void {
    const most = this.#replies.settings.peerSegment;
    const part = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(part.length);
    const more = this.#rest.length > 0;
    this.#replies.text(tag, more ? this.#newTag() : reservedTag, !more, more, part);
    if (!more) this.#reset();
  }

  #answer(key: string, value: string, normal: boolean): Pair[] {
    if (key !== 'SendTargets') return [[key, 'NotUnderstood']];
    const [name, portals] = this.#targets();
    // "All" belongs to discovery sessions; the empty value asks for this target's own record.
    if (normal ? value === 'All' : value === '') return [[key, 'Reject']];
    if (value !== 'All' && value !== '' && value.toLowerCase() !== name) return [];
    return [['TargetName', name], ...portals.map((portal): Pair => ['TargetAddress', portal])];
  }
}
