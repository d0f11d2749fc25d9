/** CHAP for targets: groups 1 to 5 are CHAP_A, CHAP_I, CHAP_C, CHAP_N, CHAP_R. */

import assert from 'node:assert/strict';
import { chapDigest } from '../../../src/transport/iscsi/chap.ts';
import { LoginStatus } from '../../../src/transport/iscsi/opcodes.ts';
import type { TargetNodeOptions } from '../../../src/transport/iscsi/target-node.ts';
import { formatBinary, parseBinary } from '../../../src/transport/iscsi/text.ts';
import { toFull, toOperational, visitor } from './login-requests.ts';
import type { Heard } from './peer.ts';
import { type Check, check } from './suite.ts';

const secret = 'a secret of hers';
const own = { name: 'the-target', secret: 'its very own one' };
const options: Partial<TargetNodeOptions> = {
  chap: { users: { alice: secret, bob: 'something of his' }, own },
};
const mine = formatBinary(Uint8Array.from({ length: 16 }, (_, i) => 7 * i + 1));

/** The answer to a challenge. */
function digest(challenge: Heard<'loginResponse'>, of = secret): string {
  const { text } = challenge;
  const bytes = parseBinary(String(text.get('CHAP_C'))) ?? new Uint8Array(0);
  return formatBinary(chapDigest(Number(text.get('CHAP_A')), Number(text.get('CHAP_I')), of, bytes));
}

/** An initiator that was challenged. */
function challenged(algorithms = '5', login = visitor(options)) {
  login.say(['AuthMethod=CHAP']);
  const challenge = login.say([`CHAP_A=${algorithms}`]);
  assert.deepEqual([challenge.status, challenge.transit], [0, 0]);
  return { ...login, challenge };
}

/** These keys, in answer to the challenge, end the login. */
function fails(keys: (challenge: Heard<'loginResponse'>) => readonly string[]): void {
  const { say, raw, challenge, lab } = challenged();
  assert.equal(say(keys(challenge), toOperational).status, LoginStatus.authenticationFailure);
  raw.closed();
  assert.deepEqual([lab.node.sessions.size, lab.node.counters.failedLogins], [0, 1]);
}
const proof = (challenge: Heard<'loginResponse'>) => ['CHAP_N=alice', `CHAP_R=${digest(challenge)}`];

/** These keys, in place of CHAP_A, end the login. */
function failsAtOnce(...keys: string[]): void {
  const { say, raw } = visitor(options);
  say(['AuthMethod=CHAP']);
  assert.equal(say(keys).status, LoginStatus.authenticationFailure);
  raw.closed();
}

/** Mutual CHAP with this identifier and challenge of ours; gives the target's answer. */
function mutual(id: string, challenge: string) {
  const all = challenged();
  const response = all.say([...proof(all.challenge), `CHAP_I=${id}`, `CHAP_C=${challenge}`], toOperational);
  return { ...all, response };
}
function proves(id: number, challenge: string): void {
  const { response, say } = mutual(String(id), challenge);
  assert.deepEqual([response.status, response.transit, response.text.get('CHAP_N')], [0, 1, own.name]);
  const bytes = parseBinary(challenge) ?? new Uint8Array(0);
  assert.equal(response.text.get('CHAP_R'), formatBinary(chapDigest(5, id, own.secret, bytes)));
  assert.equal(say([], toFull).status, 0);
}
function doesNotProve(id: string, challenge: string): void {
  const { response, raw } = mutual(id, challenge);
  assert.equal(response.status, LoginStatus.authenticationFailure);
  assert.equal(response.data.length, 0);
  raw.closed();
}

export const chaps: readonly Check[] = [
  check(
    '1.0',
    'nobody gets past the security stage before he has proved who he is',
    '§12.1.3, §6.3.2',
    () => {
      const { say } = visitor(options);
      assert.equal(say(['AuthMethod=CHAP'], toOperational).transit, 0);
      assert.equal(say(['CHAP_A=5'], toOperational).transit, 0);
      assert.equal(say([], toFull).status, LoginStatus.initiatorError);
      assert.equal(visitor(options).say([], toFull).status, LoginStatus.authenticationFailure);
    },
  ),
  check('1.1', 'CHAP_A: each algorithm works; of a list the first that the target has', '§12.1.3', () => {
    for (const algorithm of ['5', '7', '8']) {
      const { say, challenge } = challenged(`99,${algorithm},5`);
      assert.equal(challenge.text.get('CHAP_A'), algorithm);
      assert.deepEqual([say(proof(challenge), toOperational).transit, say([], toFull).status], [1, 0]);
    }
  }),
  check('1.2.1', 'CHAP_A: numbers that there are not', '§12.1.3', () => {
    for (const list of ['0', '4', '256', '-5']) failsAtOnce(`CHAP_A=${list}`);
  }),
  check('1.2.2', 'CHAP_A: what is no number', '§12.1.3', () => {
    for (const list of ['MD5', '', '0x', '5 ', '5;7']) failsAtOnce(`CHAP_A=${list}`);
  }),
  check('1.3', 'CHAP_A again, in place of an answer', '§12.1.3', () => fails(() => ['CHAP_A=5'])),
  check('2.1', 'CHAP_I: 0 and 255 are answered', '§12.1.3', () => {
    proves(0, mine);
    proves(255, mine);
  }),
  check('2.2', 'CHAP_I: 256, and what is no number', '§12.1.3', () => {
    for (const id of ['256', 'x', '', '-1']) doesNotProve(id, mine);
  }),
  check('2.3', 'CHAP_I and CHAP_C before it is their turn get no proof', '§12.1.3', () => {
    const { say } = visitor(options);
    say(['AuthMethod=CHAP']);
    const early = say(['CHAP_I=1', `CHAP_C=${mine}`]);
    assert.ok(!early.text.has('CHAP_R'));
    assert.equal(early.transit, 0);
  }),
  check('2.4', 'CHAP_I: a new one with each challenge, of one byte', 'RFC 1994 §4.1', () => {
    const { lab } = visitor(options);
    const ids = Array.from({ length: 4 }, () =>
      challenged('5', visitor(options, lab)).challenge.text.get('CHAP_I'),
    );
    assert.equal(new Set(ids).size, 4);
    assert.ok(ids.every((id) => Number(id) >= 0 && Number(id) <= 255));
  }),
  check(
    '2.5',
    'CHAP_I: the target’s own, sent back, is answered if the challenge is another',
    '§9.2.1',
    () => {
      const { say, challenge } = challenged();
      const id = String(challenge.text.get('CHAP_I'));
      assert.equal(say([...proof(challenge), `CHAP_I=${id}`, `CHAP_C=${mine}`], toOperational).status, 0);
    },
  ),
  check('3.1', 'CHAP_C: 1024 bytes are answered', '§6.1, §12.1.3', () => proves(1, `0x${'5a'.repeat(1024)}`)),
  check('3.2', 'CHAP_C: one byte is answered', '§12.1.3', () => proves(1, '0x5a')),
  check('3.3', 'CHAP_C: 1025 bytes', '§6.1', () => doesNotProve('1', `0x${'5a'.repeat(1025)}`)),
  check('3.4', 'CHAP_C: no bytes at all, or no binary value', '§6.1', () => {
    for (const challenge of ['0x', '', 'zz', '0b!']) doesNotProve('1', challenge);
  }),
  check('3.5', 'CHAP_C without CHAP_I', '§12.1.3', () => fails((c) => [...proof(c), `CHAP_C=${mine}`])),
  check(
    '3.6',
    'CHAP_C: no challenge of the target comes twice, on connections one after the other or at once',
    '§9.2.1',
    () => {
      const { lab } = visitor(options);
      const challenges = Array.from({ length: 8 }, () =>
        challenged('5', visitor(options, lab)).challenge.text.get('CHAP_C'),
      );
      assert.equal(new Set(challenges).size, 8);
    },
  ),
  check('3.7', 'CHAP_C: as long as the digest, at least', '§9.2.1, §12.1.3', () => {
    for (const [algorithm, length] of [
      ['5', 16],
      ['7', 32],
      ['8', 32],
    ] as const)
      assert.equal(parseBinary(String(challenged(algorithm).challenge.text.get('CHAP_C')))?.length, length);
  }),
  check('3.8', 'CHAP_C: the target’s own challenge, sent back, ends the login', '§9.2.1', () =>
    fails((c) => [...proof(c), 'CHAP_I=1', `CHAP_C=${c.text.get('CHAP_C')}`]),
  ),
  check('3.9', 'CHAP_C: also in base64, as it must be understood', '§6.1', () => {
    const base64 = `0b${Buffer.from(mine.slice(2), 'hex').toString('base64')}`;
    proves(1, base64);
  }),
  check('4.1', 'CHAP_N: a name that is known, with its secret', '§12.1.3', () => {
    const { say, challenge } = challenged();
    const keys = ['CHAP_N=bob', `CHAP_R=${digest(challenge, 'something of his')}`];
    assert.equal(say(keys, toOperational).transit, 1);
  }),
  check('4.2', 'CHAP_N: a name that is not known, short, long or empty', '§12.1.3', () => {
    for (const name of ['carol', 'a', '', 'n'.repeat(255)])
      fails((c) => [`CHAP_N=${name}`, `CHAP_R=${digest(c)}`]);
  }),
  check('4.3', 'CHAP_N: another’s name with one’s own secret', '§12.1.3', () =>
    fails((c) => ['CHAP_N=bob', `CHAP_R=${digest(c)}`]),
  ),
  check('4.4', 'CHAP_N alone, without CHAP_R, gets nobody in', '§12.1.3', () => {
    const { say } = challenged();
    assert.equal(say(['CHAP_N=alice'], toOperational).transit, 0);
  }),
  check('4.5', 'CHAP_N: the target’s own name and secret do not let an initiator in', '§9.2.1', () =>
    fails((c) => [`CHAP_N=${own.name}`, `CHAP_R=${digest(c, own.secret)}`]),
  ),
  check('5.1', 'CHAP_R: a wrong answer', '§12.1.3', () =>
    fails((c) => ['CHAP_N=alice', `CHAP_R=${digest(c, 'wrong')}`]),
  ),
  check('5.2', 'CHAP_R: too long', '§12.1.3', () => fails((c) => ['CHAP_N=alice', `CHAP_R=${digest(c)}00`])),
  check('5.3', 'CHAP_R: too short', '§12.1.3', () =>
    fails((c) => ['CHAP_N=alice', `CHAP_R=${digest(c).slice(0, -2)}`]),
  ),
  check('5.4', 'CHAP_R: no binary value', '§6.1', () => fails(() => ['CHAP_N=alice', 'CHAP_R=12345'])),
  check('5.5', 'CHAP_R without CHAP_N', '§12.1.3', () => fails((c) => [`CHAP_R=${digest(c)}`])),
  check('5.6', 'CHAP_R before any challenge', '§12.1.3', () => failsAtOnce('CHAP_N=alice', `CHAP_R=${mine}`)),
  check('5.7', 'CHAP_R that answered another connection’s challenge', '§9.2.1', () => {
    const first = challenged();
    const old = digest(first.challenge);
    const { say, challenge, raw, lab } = challenged('5', visitor(options, first.lab));
    assert.notEqual(digest(challenge), old);
    assert.equal(
      say(['CHAP_N=alice', `CHAP_R=${old}`], toOperational).status,
      LoginStatus.authenticationFailure,
    );
    raw.closed();
    assert.equal(lab.node.sessions.size, 0);
  }),
];
