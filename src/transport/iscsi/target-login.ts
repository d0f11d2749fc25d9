/** The target's side of a login (RFC 7143 §6, §11.12, §11.13): requests in, replies out. Pure but for what it is lent. */

import { answerChallenge, Challenger, ChapError, type Credentials, chooseAlgorithm } from './chap.ts';
import { type Settings, segmentLimits, type Wishes } from './keys.ts';
import { Negotiation, NegotiationError } from './negotiation.ts';
import { LoginStatus, Stage } from './opcodes.ts';
import { type Pair, TextError, TextGatherer } from './text.ts';

/** How initiators prove who they are. */
export interface ChapPolicy {
  /** The secret of a name, if this initiator may use the name. */
  readonly secretOf: (name: string, initiator: string) => string | undefined;
  /** Who we are to initiators that ask (mutual CHAP). */
  readonly own?: Credentials;
  /** CHAP_A numbers that we accept. */
  readonly algorithms: readonly number[];
}

/** What a login needs to know of the target. */
export interface LoginPolicy {
  readonly name: string;
  readonly alias: string | undefined;
  readonly portalGroup: number;
  readonly chap: ChapPolicy | undefined;
  readonly wishes: Wishes;
  /** False: nobody is there to answer commands. */
  readonly available: () => boolean;
  /** Says which initiators may log in. */
  readonly allow: (initiator: string, address: string) => boolean;
  /** Where initiators are sent instead (RFC 7143 §13.8), if anywhere. */
  readonly redirect: { readonly address: string; readonly permanent: boolean } | undefined;
  readonly random: (bytes: number) => Uint8Array;
}

/** A request, as far as the login cares. */
export interface LoginAsk {
  readonly transit: number;
  readonly continues: number;
  readonly currentStage: number;
  readonly nextStage: number;
  readonly versionMin: number;
  readonly tsih: number;
}

export interface LoginReply {
  readonly status: number;
  readonly transit: boolean;
  readonly currentStage: number;
  readonly nextStage: number;
  readonly pairs: readonly Pair[];
}

/** Text taken of somebody who has not proved who he is, in bytes. */
const maxText = 16 * 1024;
/** A login takes no more requests than this. */
const maxRequests = 64;

/** Ends the login with a status; caught in `receive`. */
class Refusal extends Error {
  readonly status: number;
  readonly pairs: readonly Pair[];
  constructor(status: number, message: string, pairs: readonly Pair[] = []) {
    super(message);
    this.status = status;
    this.pairs = pairs;
  }
}

export class TargetLogin {
  initiator = '';
  discovery = false;
  /** True once full feature phase is reached. */
  done = false;
  /** Why it failed, for logs. */
  failure: string | undefined;
  readonly #policy: LoginPolicy;
  readonly #address: string;
  readonly #text = new TextGatherer(maxText);
  #negotiation: Negotiation;
  #stage: number | undefined;
  #requests = 0;
  #identified = false;
  #authenticated: boolean;
  #algorithm: number | undefined;
  #challenger: Challenger | undefined;
  #declared = false;

  constructor(policy: LoginPolicy, address: string) {
    this.#policy = policy;
    this.#address = address;
    this.#authenticated = policy.chap === undefined;
    this.#negotiation = new Negotiation(policy.wishes, false);
  }

  /** What was agreed on; what we never declared is as its default. */
  get settings(): Settings {
    const { settings } = this.#negotiation;
    return this.#declared ? settings : { ...settings, ownSegment: segmentLimits.default };
  }

  receive(ask: LoginAsk, data: Uint8Array): LoginReply {
    try {
      return this.#receive(ask, data);
    } catch (error) {
      const status = statusOf(error);
      this.failure = (error as Error).message;
      const pairs = error instanceof Refusal ? error.pairs : [];
      return { status, transit: false, currentStage: ask.currentStage, nextStage: 0, pairs };
    }
  }

  #receive(ask: LoginAsk, data: Uint8Array): LoginReply {
    if (++this.#requests > maxRequests) throw new Refusal(LoginStatus.initiatorError, 'too many requests');
    this.#checkStage(ask);
    const gathered = this.#text.add(data, ask.continues === 1);
    if (!gathered) return this.#reply(ask, false, []);
    const answers: Pair[] = this.#identified ? [] : this.#identify(ask, gathered);
    if (ask.currentStage === Stage.security) answers.push(...this.#secure(gathered));
    else if (!this.#authenticated)
      throw new Refusal(LoginStatus.authenticationFailure, 'authentication was left out');
    else answers.push(...this.#operate(gathered));
    const ready = this.#authenticated && !this.#awaitsAnswers(gathered);
    return this.#reply(ask, ask.transit === 1 && ready, answers);
  }

  /** CHAP is under way: the last word has not been said. */
  #awaitsAnswers(pairs: readonly Pair[]): boolean {
    return pairs.some(([key]) => key === 'CHAP_A');
  }

  #checkStage(ask: LoginAsk): void {
    const { currentStage: stage, nextStage: next } = ask;
    const known = stage === Stage.security || stage === Stage.operational;
    if (!known || (this.#stage !== undefined && stage !== this.#stage))
      throw new Refusal(LoginStatus.initiatorError, `a request in stage ${stage}`);
    if (ask.transit && (ask.continues || next <= stage || next === 2))
      throw new Refusal(LoginStatus.initiatorError, `no way from stage ${stage} to ${next}`);
    if (ask.versionMin > 0)
      throw new Refusal(LoginStatus.unsupportedVersion, `version ${ask.versionMin} at least is wanted`);
    this.#stage = stage;
  }

  #reply(ask: LoginAsk, transit: boolean, pairs: readonly Pair[]): LoginReply {
    const { currentStage, nextStage } = ask;
    if (transit) {
      this.#stage = nextStage;
      this.done = nextStage === Stage.fullFeature;
    }
    return { status: LoginStatus.success, transit, currentStage, nextStage: transit ? nextStage : 0, pairs };
  }

  /** The first request says who wants what. */
  #identify(ask: LoginAsk, pairs: readonly Pair[]): Pair[] {
    const said = new Map(pairs);
    const initiator = said.get('InitiatorName');
    if (!initiator) throw new Refusal(LoginStatus.missingParameter, 'InitiatorName is missing');
    if (initiator.length > 223) throw new Refusal(LoginStatus.initiatorError, 'InitiatorName is too long');
    this.initiator = initiator.toLowerCase();
    this.discovery = said.get('SessionType') === 'Discovery';
    this.#negotiation = new Negotiation(this.#policy.wishes, this.discovery);
    const type = said.get('SessionType') ?? 'Normal';
    if (type !== 'Normal' && type !== 'Discovery')
      throw new Refusal(LoginStatus.unsupportedSessionType, `session type ${type}`);
    if (!this.discovery) this.#checkTarget(said.get('TargetName'));
    if (!this.#policy.allow(this.initiator, this.#address))
      throw new Refusal(LoginStatus.authorizationFailure, `${initiator} is not on the access list`);
    if (!this.#policy.available()) throw new Refusal(LoginStatus.serviceUnavailable, 'no device');
    if (ask.tsih !== 0)
      throw new Refusal(LoginStatus.noSuchSession, 'one connection a session is all we have');
    this.#identified = true;
    if (this.discovery) return [];
    const { portalGroup, alias } = this.#policy;
    return [
      ['TargetPortalGroupTag', String(portalGroup)],
      ...(alias ? ([['TargetAlias', alias]] as const) : []),
    ];
  }

  #checkTarget(name: string | undefined): void {
    const { redirect } = this.#policy;
    if (!name) throw new Refusal(LoginStatus.missingParameter, 'TargetName is missing');
    if (name.toLowerCase() !== this.#policy.name)
      throw new Refusal(LoginStatus.notFound, `there is no ${name}`);
    if (!redirect) return;
    const status = redirect.permanent ? LoginStatus.movedPermanently : LoginStatus.movedTemporarily;
    throw new Refusal(status, `moved to ${redirect.address}`, [['TargetAddress', redirect.address]]);
  }

  #secure(pairs: readonly Pair[]): Pair[] {
    const said = new Map(pairs);
    const rest = pairs.filter(([key]) => key !== 'AuthMethod' && !key.startsWith('CHAP_'));
    const answers: Pair[] = [];
    const method = said.get('AuthMethod');
    if (method !== undefined) answers.push(['AuthMethod', this.#chooseMethod(method.split(','))]);
    if (said.has('CHAP_A')) answers.push(...this.#challenge(String(said.get('CHAP_A'))));
    else if (said.has('CHAP_R')) answers.push(...this.#verify(said));
    return [...answers, ...this.#negotiation.receive(rest)];
  }

  #chooseMethod(offered: readonly string[]): string {
    const wanted = this.#policy.chap ? 'CHAP' : 'None';
    if (offered.includes(wanted)) return wanted;
    throw new Refusal(
      LoginStatus.authenticationFailure,
      `AuthMethod=${offered.join(',')}: ${wanted} is wanted`,
    );
  }

  #challenge(offered: string): Pair[] {
    const { chap, random } = this.#policy;
    if (!chap || this.#challenger) throw new ChapError('CHAP_A out of turn');
    this.#algorithm = chooseAlgorithm(offered, chap.algorithms);
    this.#challenger = new Challenger(this.#algorithm, random);
    return [['CHAP_A', String(this.#algorithm)], ...this.#challenger.pairs];
  }

  #verify(said: ReadonlyMap<string, string>): Pair[] {
    const { chap } = this.#policy;
    const challenger = this.#challenger;
    if (!chap || !challenger || this.#authenticated) throw new ChapError('CHAP_R out of turn');
    challenger.verify(said, (name) => chap.secretOf(name, this.initiator));
    this.#authenticated = true;
    if (!said.has('CHAP_C')) return [];
    if (!chap.own) throw new ChapError('asked who we are, and have no name for that');
    return answerChallenge(said, challenger.algorithm, chap.own, challenger.challenge);
  }

  #operate(pairs: readonly Pair[]): Pair[] {
    const answers = this.#negotiation.receive(pairs);
    if (this.#declared) return answers;
    this.#declared = true;
    return [this.#negotiation.segment, ...answers];
  }
}

function statusOf(error: unknown): number {
  if (error instanceof Refusal) return error.status;
  if (error instanceof ChapError) return LoginStatus.authenticationFailure;
  if (error instanceof NegotiationError || error instanceof TextError) return LoginStatus.initiatorError;
  throw error;
}
