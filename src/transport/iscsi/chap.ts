/** CHAP (RFC 1994, RFC 7143 §12.1.3): both roles of one direction. Pure: randomness comes as an argument. */

import { createHash, timingSafeEqual } from 'node:crypto';
import { formatBinary, type Pair, parseBinary, parseNumber } from './text.ts';

/** CHAP_A numbers (IANA, PPP authentication algorithms) and the hash of each; SHA-1 (6) is left out. */
export const ChapAlgorithm = { md5: 5, sha256: 7, sha3256: 8 } as const;
const hashes: Readonly<Record<number, string>> = { 5: 'md5', 7: 'sha256', 8: 'sha3-256' };
/** Bytes in a digest. */
const lengths: Readonly<Record<number, number>> = { 5: 16, 7: 32, 8: 32 };

/** Strongest first; MD5, which every implementation must have, last. */
export const preferredAlgorithms: readonly number[] = [8, 7, 5];

/** A name and its secret. */
export interface Credentials {
  readonly name: string;
  readonly secret: string;
}

/** Longest binary value (RFC 7143 §6.1). */
const maxBinary = 1024;

/** The exchange broke off; the other side is told no more than "authentication failure". */
export class ChapError extends Error {
  override readonly name = 'ChapError';
}

/** H(identifier, secret, challenge) (RFC 1994 §4.1). */
export function chapDigest(algorithm: number, id: number, secret: string, challenge: Uint8Array): Uint8Array {
  const hash = hashes[algorithm];
  if (!hash) throw new ChapError(`CHAP_A=${algorithm} is unknown`);
  return createHash(hash).update(Uint8Array.of(id)).update(secret, 'utf8').update(challenge).digest();
}

const value = (pairs: ReadonlyMap<string, string>, key: string): string => {
  const found = pairs.get(key);
  if (found === undefined) throw new ChapError(`${key} is missing`);
  return found;
};

/** Asks the other side to prove who it is. */
export class Challenger {
  readonly algorithm: number;
  readonly challenge: Uint8Array;
  readonly #id: number;

  constructor(algorithm: number, random: (bytes: number) => Uint8Array) {
    this.algorithm = algorithm;
    const bytes = random(1 + Number(lengths[algorithm]));
    this.#id = Number(bytes[0]);
    this.challenge = bytes.slice(1);
  }

  get pairs(): Pair[] {
    return [
      ['CHAP_I', String(this.#id)],
      ['CHAP_C', formatBinary(this.challenge)],
    ];
  }

  /** Checks CHAP_N and CHAP_R against what is expected of that name; takes the same time for any wrong answer. @throws ChapError */
  verify(pairs: ReadonlyMap<string, string>, secretOf: (name: string) => string | undefined): string {
    const name = value(pairs, 'CHAP_N');
    const given = parseBinary(value(pairs, 'CHAP_R'));
    const secret = secretOf(name);
    const expected = chapDigest(this.algorithm, this.#id, secret ?? 'nobody', this.challenge);
    const same = given?.length === expected.length && timingSafeEqual(given, expected);
    if (!same || secret === undefined) throw new ChapError(`${JSON.stringify(name)} failed to authenticate`);
    return name;
  }
}

/** Proves who we are. `own`: the challenge that we sent ourselves, which must not come back (RFC 7143 §9.2.1). @throws ChapError */
export function answerChallenge(
  pairs: ReadonlyMap<string, string>,
  algorithm: number,
  credentials: Credentials,
  own: Uint8Array | undefined,
): Pair[] {
  const id = parseNumber(value(pairs, 'CHAP_I'));
  const challenge = parseBinary(value(pairs, 'CHAP_C'));
  if (id === undefined || id > 255) throw new ChapError('CHAP_I is not 0 to 255');
  if (!challenge || challenge.length > maxBinary) throw new ChapError('CHAP_C is not 1 to 1024 bytes');
  if (own && Buffer.compare(own, challenge) === 0) throw new ChapError('our own challenge came back');
  return [
    ['CHAP_N', credentials.name],
    ['CHAP_R', formatBinary(chapDigest(algorithm, id, credentials.secret, challenge))],
  ];
}

/** The first algorithm of an offered list that we have too. @throws ChapError */
export function chooseAlgorithm(offered: string, ours: readonly number[]): number {
  const found = offered
    .split(',')
    .map((one) => (/^\d{1,3}$/.test(one) ? Number(one) : -1))
    .find((one) => ours.includes(one));
  if (found === undefined) throw new ChapError(`no common algorithm in CHAP_A=${offered}`);
  return found;
}
