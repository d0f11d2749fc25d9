/** Text requests at the target: SendTargets, and the keys of full feature phase, in as many exchanges as it takes (RFC 7143 §11.10, Appendix C). */

import { RejectReason, reservedTag } from './opcodes.ts';
import type { TextRequest } from './pdu.ts';
import { segmentOf } from './segment.ts';
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
  /** The initiator's tag of all requests of one negotiation (RFC 7143 §11.10.3). */
  #tag = reservedTag;
  /** Keys of this negotiation; each comes once (RFC 7143 §6.2). */
  readonly #seen = new Set<string>();
  /** What the initiator takes in one PDU, when this negotiation is over. */
  #segment: number | undefined;

  constructor(replies: TargetReplies, targets: () => Targets) {
    this.#replies = replies;
    this.#targets = targets;
  }

  /** Gives why the request is rejected, if it is; the negotiation is then forgotten (RFC 7143 §7.12). */
  receive(
    request: ReturnType<typeof TextRequest.over>,
    data: Uint8Array,
    normal: boolean,
  ): number | undefined {
    try {
      this.#take(request, data, normal);
      return undefined;
    } catch (error) {
      if (!(error instanceof TextError)) throw error;
      this.#reset();
      return RejectReason.protocol;
    }
  }

  #take(request: ReturnType<typeof TextRequest.over>, data: Uint8Array, normal: boolean): void {
    const { tag, transferTag, final, continues } = request;
    if (transferTag === reservedTag) {
      this.#reset();
      this.#tag = tag;
    } else if (transferTag !== this.#awaited || tag !== this.#tag)
      throw new TextError('a text request that nobody awaits');
    if (continues && final) throw new TextError('C and F together');
    if (this.#rest.length === 0) {
      const pairs = this.#text.add(data, continues === 1);
      if (pairs) this.#rest = encodeText(pairs.flatMap(([key, value]) => this.#once(key, value, normal)));
    }
    this.#send(tag, final === 1);
  }

  #reset(): void {
    this.#rest = new Uint8Array(0);
    this.#text = new TextGatherer(maxText);
    this.#awaited = reservedTag;
    this.#seen.clear();
    this.#segment = undefined;
  }

  #newTag(): number {
    this.#awaited = this.#transferTag;
    this.#transferTag = (this.#transferTag % 0xffff) + 1;
    return this.#awaited;
  }

  /** As much as fits. It is over when nothing is left and the initiator has said F (RFC 7143 §11.11.1). */
  #send(tag: number, final: boolean): void {
    const replies = this.#replies;
    const part = this.#rest.subarray(0, replies.settings.peerSegment);
    this.#rest = this.#rest.subarray(part.length);
    const more = this.#rest.length > 0;
    const over = final && !more;
    replies.text(tag, over ? reservedTag : this.#newTag(), over, more, part);
    if (!over) return;
    if (this.#segment !== undefined) replies.settings = { ...replies.settings, peerSegment: this.#segment };
    this.#reset();
  }

  #once(key: string, value: string, normal: boolean): Pair[] {
    if (this.#seen.has(key)) throw new TextError(`${key} comes twice`);
    this.#seen.add(key);
    if (key === 'InitiatorAlias') return [];
    if (key !== 'MaxRecvDataSegmentLength') return this.#answer(key, value, normal);
    this.#segment = segmentOf(value);
    if (this.#segment === undefined) throw new TextError(`${key}=${value} is out of range`);
    return [];
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
