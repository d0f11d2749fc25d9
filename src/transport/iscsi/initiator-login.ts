/** The initiator's side of a login (RFC 7143 §6): replies in, requests out. Pure but for what it is lent. */

import { answerChallenge, Challenger, ChapAlgorithm, type Credentials, preferredAlgorithms } from './chap.ts';
import type { Settings, Wishes } from './keys.ts';
import { Negotiation } from './negotiation.ts';
import { LoginStatus, nameOf, Stage } from './opcodes.ts';
import { type Pair, TextGatherer } from './text.ts';

/** How we prove who we are, and how the target does. */
export interface InitiatorChap extends Credentials {
  /** The target must prove that it is this (mutual CHAP). */
  readonly target?: Credentials;
  /** CHAP_A numbers to offer, in order of preference. */
  readonly algorithms?: readonly number[];
}

export interface InitiatorLoginOptions {
  readonly initiator: string;
  /** The target's name; undefined: a discovery session. */
  readonly target: string | undefined;
  readonly chap: InitiatorChap | undefined;
  readonly wishes: Wishes;
  readonly random: (bytes: number) => Uint8Array;
}

export interface LoginRequestParts {
  readonly transit: boolean;
  readonly currentStage: number;
  readonly nextStage: number;
  readonly pairs: readonly Pair[];
}

/** A reply, as far as the login cares. */
export interface LoginAnswer {
  readonly transit: number;
  readonly continues: number;
  readonly currentStage: number;
  readonly nextStage: number;
  readonly status: number;
}

/** The login failed; `status` is the target's, if it was the target that refused. */
export class LoginError extends Error {
  override readonly name = 'LoginError';
  readonly status: number | undefined;
  /** Where the target has moved, if that is why. */
  readonly movedTo: string | undefined;
  /** The CHAP_A number by which we had proved who we are. */
  readonly algorithm: number | undefined;

  constructor(message: string, status?: number, movedTo?: string, algorithm?: number) {
    super(message);
    this.status = status;
    this.movedTo = movedTo;
    this.algorithm = algorithm;
  }
}

/**
 * What to try after a refusal: tgt takes SHA-256's number for SHA-1 and chooses it, so that only MD5 alone gets in. Any other
 * refusal is final. This gives nobody in the middle more than he has: MD5 was among what we offered, for him to choose.
 * Undefined: the refusal has another reason, or the algorithms were the caller's choice.
 */
export function withMd5Alone(chap: InitiatorChap | undefined, error: unknown): InitiatorChap | undefined {
  const { authenticationFailure, initiatorError } = LoginStatus;
  const refused =
    error instanceof LoginError &&
    error.algorithm === ChapAlgorithm.sha256 &&
    (error.status === authenticationFailure || error.status === initiatorError);
  return refused && chap && !chap.algorithms ? { ...chap, algorithms: [ChapAlgorithm.md5] } : undefined;
}

const maxText = 64 * 1024;

/** Same secret both ways would let a target be played by its initiator (RFC 7143 §9.2.1). */
export function refuseSharedSecret(one: Credentials, other: Credentials | undefined): void {
  if (other && one.secret === other.secret)
    throw new RangeError('CHAP needs two different secrets, one for each direction');
}

export class InitiatorLogin {
  /** True once full feature phase is reached. */
  done = false;
  readonly #options: InitiatorLoginOptions;
  readonly #negotiation: Negotiation;
  readonly #text = new TextGatherer(maxText);
  #stage: number = Stage.security;
  #challenger: Challenger | undefined;
  /** By which we have proved who we are. */
  #algorithm: number | undefined;
  #verified = false;
  #moved = false;

  constructor(options: InitiatorLoginOptions) {
    if (options.chap) refuseSharedSecret(options.chap, options.chap.target);
    this.#options = options;
    this.#negotiation = new Negotiation(options.wishes, options.target === undefined);
  }

  get settings(): Settings {
    return this.#negotiation.settings;
  }

  start(): LoginRequestParts {
    const { initiator, target, chap } = this.#options;
    const who: Pair[] = [
      ['InitiatorName', initiator],
      ...(target === undefined
        ? ([['SessionType', 'Discovery']] as const)
        : ([
            ['TargetName', target],
            ['SessionType', 'Normal'],
          ] as const)),
      ['AuthMethod', chap ? 'CHAP' : 'None'],
    ];
    return this.#request(!chap, who);
  }

  /** The next request; undefined when full feature phase is reached. @throws LoginError, NegotiationError, ChapError, TextError */
  receive(answer: LoginAnswer, data: Uint8Array): LoginRequestParts | undefined {
    const pairs = this.#text.add(data, answer.continues === 1);
    if (answer.status !== LoginStatus.success) throw this.#refused(answer.status, pairs ?? []);
    if (answer.currentStage !== this.#stage) throw new LoginError('the target answers in another stage');
    if (!pairs) return this.#request(false, []);
    const wasSecurity = this.#stage === Stage.security;
    const replies = wasSecurity ? this.#secure(pairs) : this.#negotiation.receive(pairs);
    if (answer.transit) this.#move(answer.nextStage);
    if (this.done) return undefined;
    if (wasSecurity && this.#stage === Stage.operational)
      return this.#request(true, [...this.#negotiation.offers(), ...replies]);
    return this.#request(this.#stage === Stage.operational || this.#readyToMove(pairs), replies);
  }

  #move(next: number): void {
    if (next <= this.#stage || next === 2 || (this.#moved && next === Stage.operational))
      throw new LoginError(`the target moves to stage ${next}`);
    if (this.#options.chap?.target && !this.#verified)
      throw new LoginError('the target did not prove who it is');
    this.#moved = true;
    this.#stage = next;
    this.done = next === Stage.fullFeature;
  }

  /** In the security stage: our last word is the answer to a challenge. */
  #readyToMove(pairs: readonly Pair[]): boolean {
    return !this.#options.chap || pairs.some(([key]) => key === 'CHAP_C' || key === 'CHAP_R');
  }

  #request(transit: boolean, pairs: readonly Pair[]): LoginRequestParts {
    const next = this.#stage === Stage.security ? Stage.operational : Stage.fullFeature;
    return { transit, currentStage: this.#stage, nextStage: transit ? next : 0, pairs };
  }

  #refused(status: number, pairs: readonly Pair[]): LoginError {
    const movedTo = status >>> 8 === 1 ? new Map(pairs).get('TargetAddress') : undefined;
    const text = `login refused: ${nameOf(LoginStatus, status)}${movedTo ? ` to ${movedTo}` : ''}`;
    return new LoginError(text, status, movedTo, this.#algorithm);
  }

  #secure(pairs: readonly Pair[]): Pair[] {
    const said = new Map(pairs);
    const rest = pairs.filter(([key]) => key !== 'AuthMethod' && !key.startsWith('CHAP_'));
    const replies = this.#negotiation.receive(rest);
    const { chap } = this.#options;
    const method = said.get('AuthMethod');
    if (method !== undefined && method !== (chap ? 'CHAP' : 'None'))
      throw new LoginError(`the target wants AuthMethod=${method}`);
    if (!chap) return replies;
    const algorithms = chap.algorithms ?? preferredAlgorithms;
    if (method !== undefined) return [...replies, ['CHAP_A', algorithms.join(',')]];
    if (said.has('CHAP_A')) return [...replies, ...this.#answer(said, chap, algorithms)];
    if (said.has('CHAP_R')) this.#verify(said, chap);
    return replies;
  }

  #answer(said: ReadonlyMap<string, string>, chap: InitiatorChap, algorithms: readonly number[]): Pair[] {
    const algorithm = Number(said.get('CHAP_A'));
    if (!algorithms.includes(algorithm))
      throw new LoginError(`the target wants CHAP_A=${said.get('CHAP_A')}`);
    if (this.#challenger) throw new LoginError('the target asks twice who we are');
    this.#algorithm = algorithm;
    if (chap.target) this.#challenger = new Challenger(algorithm, this.#options.random);
    return [...answerChallenge(said, algorithm, chap, undefined), ...(this.#challenger?.pairs ?? [])];
  }

  #verify(said: ReadonlyMap<string, string>, chap: InitiatorChap): void {
    const { target } = chap;
    if (!target || !this.#challenger) return;
    this.#challenger.verify(said, (name) => (name === target.name ? target.secret : undefined));
    this.#verified = true;
  }
}
