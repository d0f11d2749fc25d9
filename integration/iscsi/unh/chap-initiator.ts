/** CHAP for initiators. */

import assert from 'node:assert/strict';
import { chapDigest } from '../../../src/transport/iscsi/chap.ts';
import { formatBinary, parseBinary } from '../../../src/transport/iscsi/text.ts';
import { caller } from './raw-target.ts';
import { type Check, check } from './suite.ts';

const secret = 'a secret of hers';
const target = { name: 'the-target', secret: 'its very own one' };
const oneWay = { name: 'alice', secret };
const mutual = { ...oneWay, target };
const challenge = formatBinary(Uint8Array.from({ length: 16 }, (_, i) => 3 * i + 1));
const stay = { transit: 0, nextStage: 0 };
type Chap = typeof oneWay | typeof mutual;

/** An initiator that waits to be challenged, and the algorithms that it offers. */
function willing(chap: Chap = oneWay) {
  const all = caller({ chap });
  all.raw.reply(['AuthMethod=CHAP'], stay);
  return all;
}

/** What it answers to a challenge. */
function answer(keys: readonly string[], chap: Chap = oneWay) {
  const all = willing(chap);
  const offered = all.raw.reply(keys, stay);
  const response = all.raw.expect('loginRequest');
  return { ...all, offered, response };
}

/** It leaves a target that says this in answer to CHAP_A; nothing was proved to it. */
function leaves(keys: readonly string[], chap: Chap = oneWay): void {
  const { raw, told } = willing(chap);
  raw.reply(keys, stay);
  raw.closed();
  assert.deepEqual([told.ready, told.over instanceof Error], [false, true]);
}

const digest = (id: number, of: string, bytes: string, algorithm = 5) =>
  formatBinary(chapDigest(algorithm, id, of, parseBinary(bytes) ?? new Uint8Array(0)));

/** It answers this challenge as RFC 1994 says. */
function proves(id: number, bytes: string, algorithm = 5): void {
  const { response } = answer([`CHAP_A=${algorithm}`, `CHAP_I=${id}`, `CHAP_C=${bytes}`]);
  assert.equal(response.text.get('CHAP_N'), 'alice');
  assert.equal(response.text.get('CHAP_R'), digest(id, secret, bytes, algorithm));
  assert.equal(response.transit, 1);
}

/** Mutual CHAP up to its challenge; what the target answers to it. */
function proved(keys: (id: number, bytes: string) => readonly string[]) {
  const all = willing(mutual);
  const { raw } = all;
  raw.reply(['CHAP_A=5', 'CHAP_I=9', `CHAP_C=${challenge}`], stay);
  const [pdu] = raw.waiting;
  assert.ok(pdu);
  const text = new Map(
    new TextDecoder()
      .decode(pdu.data)
      .split('\0')
      .map((one) => one.split('=') as [string, string]),
  );
  raw.reply(keys(Number(text.get('CHAP_I')), String(text.get('CHAP_C'))));
  return { ...all, id: Number(text.get('CHAP_I')), bytes: String(text.get('CHAP_C')) };
}
const right = (id: number, bytes: string) => [
  `CHAP_N=${target.name}`,
  `CHAP_R=${digest(id, target.secret, bytes)}`,
];
function believes(keys: typeof right): void {
  const { raw, told } = proved(keys);
  raw.agree([]);
  assert.ok(told.ready);
}
function doubts(keys: (id: number, bytes: string) => readonly string[]): void {
  const { raw, told } = proved(keys);
  raw.closed();
  assert.deepEqual([told.ready, told.over instanceof Error], [false, true]);
}
const challengeWith = (...keys: string[]) => ['CHAP_A=5', ...keys];

export const initiatorChaps: readonly Check[] = [
  check('1.1', 'CHAP_A: each of the algorithms that it offers', '§12.1.3', () => {
    const { offered } = answer(['CHAP_A=5', 'CHAP_I=1', `CHAP_C=${challenge}`]);
    const algorithms = String(offered.text.get('CHAP_A')).split(',').map(Number);
    assert.ok(algorithms.includes(5));
    for (const algorithm of algorithms) proves(1, challenge, algorithm);
  }),
  check('1.2.1', 'CHAP_A: a number that it did not offer', '§12.1.3', () => {
    for (const value of ['6', '0', '256']) leaves([`CHAP_A=${value}`, 'CHAP_I=1', `CHAP_C=${challenge}`]);
  }),
  check('1.2.2', 'CHAP_A: what is no number', '§12.1.3', () => {
    for (const value of ['MD5', '', '5,7']) leaves([`CHAP_A=${value}`, 'CHAP_I=1', `CHAP_C=${challenge}`]);
  }),
  check('1.3', 'CHAP_A again, after the challenge was answered', '§12.1.3', () =>
    doubts(() => ['CHAP_A=5', 'CHAP_I=1', `CHAP_C=${challenge}`]),
  ),
  check('2.1', 'CHAP_I: 0 and 255 are answered', '§12.1.3', () => {
    proves(0, challenge);
    proves(255, challenge);
  }),
  check('2.2', 'CHAP_I: 256, or what is no number', '§12.1.3', () => {
    for (const id of ['256', 'x', '', '-1']) leaves(challengeWith(`CHAP_I=${id}`, `CHAP_C=${challenge}`));
  }),
  check('2.3', 'CHAP_I before it is its turn gets no proof', '§12.1.3', () => {
    const { raw } = caller({ chap: oneWay });
    raw.reply(['AuthMethod=CHAP', 'CHAP_I=1', `CHAP_C=${challenge}`], stay);
    assert.ok(!raw.expect('loginRequest').text.has('CHAP_R'));
  }),
  check('2.4', 'CHAP_I: the same in two logins is answered', 'RFC 1994 §4.1', () => {
    proves(7, challenge);
    proves(7, challenge);
  }),
  check('2.5', 'CHAP_I: the initiator’s own is answered by its own challenge’s digest only', '§12.1.3', () =>
    doubts((id) => [`CHAP_N=${target.name}`, `CHAP_R=${digest(id, target.secret, challenge)}`]),
  ),
  check('2.6', 'CHAP_I: the digest of another identifier is not believed', '§12.1.3', () =>
    doubts((id, bytes) => right((id + 1) & 0xff, bytes)),
  ),
  check('3.1', 'CHAP_C: 1024 bytes are answered', '§6.1, §12.1.3', () => proves(1, `0x${'5a'.repeat(1024)}`)),
  check('3.2', 'CHAP_C: one byte is answered', '§12.1.3', () => proves(1, '0x5a')),
  check('3.3', 'CHAP_C: 1025 bytes', '§6.1', () =>
    leaves(challengeWith('CHAP_I=1', `CHAP_C=0x${'5a'.repeat(1025)}`)),
  ),
  check('3.4', 'CHAP_C: no bytes, or no binary value', '§6.1', () => {
    for (const value of ['0x', '', 'zz']) leaves(challengeWith('CHAP_I=1', `CHAP_C=${value}`));
  }),
  check('3.5', 'CHAP_C without CHAP_I', '§12.1.3', () => leaves(challengeWith(`CHAP_C=${challenge}`))),
  check('3.6.1', 'CHAP_C: the same on two connections at once (informative)', '§9.2.1', () => {
    const keys = challengeWith('CHAP_I=1', `CHAP_C=${challenge}`);
    const [one, other] = [answer(keys), answer(keys)];
    assert.deepEqual([one.told.over, other.told.over], [undefined, undefined]);
  }),
  check('3.6.2', 'CHAP_C: the same on two connections one after the other (informative)', '§9.2.1', () => {
    proves(1, challenge);
    proves(1, challenge);
  }),
  check('3.6.3', 'CHAP_C: its own differ on connections at once', '§9.2.1', () => {
    const { lab, bytes } = proved(right);
    assert.notEqual(formatBinary(lab.random(16)), bytes);
  }),
  check('3.6.4', 'CHAP_C: its own is as long as the digest, and not the target’s', '§9.2.1', () => {
    const { bytes } = proved(right);
    assert.equal(parseBinary(bytes)?.length, 16);
    assert.notEqual(bytes, challenge);
  }),
  check('3.7', 'CHAP_C: it does not reflect the target’s challenge', '§9.2.1', () => {
    assert.notEqual(proved(right).bytes, challenge);
  }),
  check('3.8', 'CHAP_C: its own, reflected as a second challenge, is not answered', '§9.2.1', () =>
    doubts((id, bytes) => ['CHAP_A=5', `CHAP_I=${id}`, `CHAP_C=${bytes}`]),
  ),
  check('4.1', 'CHAP_N: the name of the target that is wanted', '§12.1.3', () => believes(right)),
  check('4.2', 'CHAP_N: a long name that is not wanted', '§12.1.3', () =>
    doubts((id, bytes) => [`CHAP_N=${'n'.repeat(255)}`, ...right(id, bytes).slice(1)]),
  ),
  check('4.3', 'CHAP_N: a short name that is not wanted', '§12.1.3', () =>
    doubts((id, bytes) => ['CHAP_N=n', ...right(id, bytes).slice(1)]),
  ),
  check('4.4', 'CHAP_N: a name of 4096 bytes', '§6.1', () =>
    doubts((id, bytes) => [`CHAP_N=${'n'.repeat(4096)}`, ...right(id, bytes).slice(1)]),
  ),
  check('4.5', 'CHAP_N without CHAP_R: it does not go on', '§12.1.3', () =>
    doubts(() => [`CHAP_N=${target.name}`]),
  ),
  check('4.6', 'CHAP_N: its own name and answer, reflected', '§9.2.1', () =>
    doubts((id, bytes) => ['CHAP_N=alice', `CHAP_R=${digest(id, secret, bytes)}`]),
  ),
  check('4.7', 'CHAP_N: its own name with the target’s secret', '§12.1.3', () =>
    doubts((id, bytes) => ['CHAP_N=alice', ...right(id, bytes).slice(1)]),
  ),
  check('4.8', 'CHAP_N: another target’s name', '§12.1.3', () =>
    doubts((id, bytes) => ['CHAP_N=other', ...right(id, bytes).slice(1)]),
  ),
  check('5.1', 'CHAP_R: a wrong answer', '§12.1.3', () =>
    doubts((id, bytes) => [`CHAP_N=${target.name}`, `CHAP_R=${digest(id, 'wrong', bytes)}`]),
  ),
  check('5.2', 'CHAP_R: too long', '§12.1.3', () =>
    doubts((id, bytes) => [`CHAP_N=${target.name}`, `CHAP_R=${digest(id, target.secret, bytes)}00`]),
  ),
  check('5.3', 'CHAP_R: too short', '§12.1.3', () =>
    doubts((id, bytes) => [
      `CHAP_N=${target.name}`,
      `CHAP_R=${digest(id, target.secret, bytes).slice(0, -2)}`,
    ]),
  ),
];
