/** Negotiates the operational keys of one login, in either role (RFC 7143 §6.2). Pure: pairs in, pairs out. */

import {
  declared,
  defaultSettings,
  highest,
  type Negotiable,
  obsolete,
  type Rule,
  rules,
  type Settings,
  segmentLimits,
  type Wishes,
} from './keys.ts';
import { segmentOf } from './segment.ts';
import { type Pair, parseNumber } from './text.ts';

/** The other side broke a rule of negotiation: the login fails. */
export class NegotiationError extends Error {
  override readonly name = 'NegotiationError';
}

type Value = string | number | boolean;
const notValues: ReadonlySet<string> = new Set(['Reject', 'NotUnderstood', 'Irrelevant']);
/** Keys that RFC 3720 did not have. */
const young: ReadonlySet<Negotiable> = new Set<Negotiable>(['TaskReporting', 'iSCSIProtocolLevel']);
const isNegotiable = (key: string): key is Negotiable => Object.hasOwn(rules, key);

const format = (value: Value): string =>
  typeof value === 'boolean' ? (value ? 'Yes' : 'No') : String(value);

/** A value as its rule reads it; undefined when it is none. */
function parse(rule: Rule, text: string): Value | undefined {
  switch (rule.kind) {
    case 'list':
      return text;
    case 'and':
    case 'or':
      return text === 'Yes' ? true : text === 'No' ? false : undefined;
    case 'min':
    case 'max': {
      const value = parseNumber(text);
      return value !== undefined && value >= rule.low && value <= rule.high ? value : undefined;
    }
  }
}

/** What comes of two values; undefined: no common one. */
function combine(rule: Rule, ours: Value | readonly string[], theirs: Value): Value | undefined {
  switch (rule.kind) {
    case 'list':
      return String(theirs)
        .split(',')
        .find((one) => (ours as readonly string[]).includes(one));
    case 'and':
      return Boolean(ours) && Boolean(theirs);
    case 'or':
      return Boolean(ours) || Boolean(theirs);
    case 'min':
      return Math.min(Number(ours), Number(theirs));
    case 'max':
      return Math.max(Number(ours), Number(theirs));
  }
}

/** Wishes, no higher than we can fulfil. */
function capped(wishes: Wishes): Wishes {
  const caps = Object.entries(highest).map(([key, most]) => [
    key,
    Math.min(most, Number(wishes[key as Negotiable])),
  ]);
  return { ...wishes, ...(Object.fromEntries(caps) as Partial<Wishes>) };
}

export class Negotiation {
  readonly #wishes: Wishes;
  readonly #discovery: boolean;
  readonly #results = new Map<string, Value>();
  /** Keys we offered and have no answer for. */
  readonly #offered = new Set<string>();
  readonly #seen = new Set<string>();
  #peerSegment: number = segmentLimits.default;

  constructor(wishes: Wishes, discovery: boolean) {
    // RFC 7143 §13.14: FirstBurstLength must not exceed MaxBurstLength.
    const FirstBurstLength = Math.min(wishes.FirstBurstLength, wishes.MaxBurstLength);
    this.#wishes = { ...capped(wishes), FirstBurstLength };
    this.#discovery = discovery;
  }

  /** What holds now. */
  get settings(): Settings {
    const result: Settings = {
      ...defaultSettings,
      ...(Object.fromEntries(this.#results) as Partial<Settings>),
      ownSegment: this.#wishes.MaxRecvDataSegmentLength,
      peerSegment: this.#peerSegment,
    };
    return { ...result, FirstBurstLength: Math.min(result.FirstBurstLength, result.MaxBurstLength) };
  }

  /** True when every offer has its answer. */
  get settled(): boolean {
    return this.#offered.size === 0;
  }

  /**
   * Everything we want, as the side that speaks first. What is as its default need not be said, but there are targets (tgt,
   * istgt) that then take their own for it, or offer something else: only keys that older ones may not know are left out.
   */
  offers(): Pair[] {
    const pairs: Pair[] = [this.segment];
    for (const [key, rule] of Object.entries(rules) as [Negotiable, Rule][]) {
      if (this.#discovery && !rule.inDiscovery) continue;
      const wish: Value | readonly string[] = this.#wishes[key];
      const text = typeof wish === 'object' ? wish.join(',') : format(wish);
      if (young.has(key) && text === format(rule.default)) continue;
      this.#offered.add(key);
      pairs.push([key, text]);
    }
    return pairs;
  }

  /** Our MaxRecvDataSegmentLength, which is declared. */
  get segment(): Pair {
    return ['MaxRecvDataSegmentLength', String(this.#wishes.MaxRecvDataSegmentLength)];
  }

  /** Takes pairs in; gives our answers to those that are offers. @throws NegotiationError */
  receive(pairs: readonly Pair[]): Pair[] {
    const answers: Pair[] = [];
    for (const [key, value] of pairs) {
      if (this.#seen.has(key)) throw new NegotiationError(`${key} is negotiated twice`);
      this.#seen.add(key);
      const answer = this.#offered.delete(key)
        ? this.#conclude(key as Negotiable, value)
        : this.#answer(key, value);
      if (answer !== undefined) answers.push([key, answer]);
    }
    return answers;
  }

  #answer(key: string, value: string): string | undefined {
    if (key === 'MaxRecvDataSegmentLength') return this.#declare(value);
    if (declared.has(key) || notValues.has(value)) return undefined;
    if (!isNegotiable(key)) return obsolete[key] ?? 'NotUnderstood';
    const rule: Rule = rules[key];
    if (this.#discovery && key === 'ErrorRecoveryLevel') return '0'; // RFC 7143 §7.4.1
    if (this.#discovery && !rule.inDiscovery) return 'Irrelevant';
    const theirs = parse(rule, value);
    const result = theirs === undefined ? undefined : combine(rule, this.#wishes[key], theirs);
    if (result === undefined) return 'Reject';
    this.#results.set(key, result);
    return format(result);
  }

  #declare(value: string): undefined {
    const length = segmentOf(value);
    if (length === undefined) throw new NegotiationError(`MaxRecvDataSegmentLength=${value} is out of range`);
    this.#peerSegment = length;
    return undefined;
  }

  /** The answer to our own offer. It must be one that the rule can give. */
  #conclude(key: Negotiable, value: string): undefined {
    if (notValues.has(value)) return undefined;
    const rule: Rule = rules[key];
    const theirs = parse(rule, value);
    const result = theirs === undefined ? undefined : combine(rule, this.#wishes[key], theirs);
    if (result === undefined || result !== theirs)
      throw new NegotiationError(`${key}=${value} does not answer what was offered`);
    this.#results.set(key, result);
    return undefined;
  }
}
