import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FrameReader, ProtocolError } from './frames.ts';
import { encodeMessage, type FromAgent, parseFromAgent, parseToAgent, type ToAgent } from './messages.ts';

const sighting = {
  ...{ operation: 'recv', peer: 1, tag: 7, bytes: 8, calls: 3, blocked: true, finalized: false, lost: -1 },
  ...{ waitsFor: [1], at: 'prog.js:1:2' },
};
const job = {
  ...{ name: 'job', size: 4, ranks: [0, 1], universe: 4, mapping: '(vector,(0,2,2))', program: 'prog.js' },
  ...{ args: ['a b'], directory: '/', environment: { A: '1' }, bind: false },
};
const toAgent: readonly ToAgent[] = [
  { is: 'job', job },
  { is: 'taken', rank: 3, descriptor: 1 },
  { is: 'fenced', puts: [['key', 'value']] },
  { is: 'signal', signal: 'SIGTERM' },
];
const fromAgent: readonly FromAgent[] = [
  { is: 'hello', version: '0.1.0', node: 'v20', host: 'a' },
  { is: 'refused', code: 2, why: 'no such directory' },
  { is: 'started' },
  { is: 'taken' },
  { is: 'waiting' },
  { is: 'fence', puts: [] },
  { is: 'aborted', rank: 1, code: 9, why: '' },
  { is: 'seen', sightings: [[1, sighting]] },
  { is: 'ended', rank: 1, code: 137, how: 'signal SIGKILL', unfinished: true, sighting },
  { is: 'ending', why: 'SIGTERM' },
  { is: 'alive' },
];

/** What arrives of a message at the other end. */
const payload = (message: ToAgent | FromAgent) =>
  new FrameReader().push(encodeMessage(message))[0]?.bytes ?? Buffer.alloc(0);

/** The same value with one of its parts, at any depth, in another form. */
function* spoiled(value: unknown): Generator<unknown> {
  if (typeof value !== 'object' || value === null) return;
  const entries = Object.entries(value);
  for (const [name, part] of entries) {
    const put = (other: unknown) =>
      Array.isArray(value)
        ? value.map((each, i) => (String(i) === name ? other : each))
        : { ...value, [name]: other };
    yield put(null);
    for (const other of spoiled(part)) yield put(other);
  }
}

describe('messages between launcher and agent', () => {
  it('arrive as they were', () => {
    for (const message of toAgent) assert.deepEqual(parseToAgent(payload(message)), message);
    for (const message of fromAgent) assert.deepEqual(parseFromAgent(payload(message)), message);
  });

  it('are refused when any part of them is not what it should be', () => {
    let refused = 0;
    for (const [messages, parse] of [
      [toAgent, parseToAgent],
      [fromAgent, parseFromAgent],
    ] as const)
      for (const message of messages)
        for (const wrong of spoiled(message)) {
          assert.throws(() => parse(Buffer.from(JSON.stringify(wrong))), ProtocolError);
          refused++;
        }
    assert.ok(refused > 60, `${refused}`);
  });

  it('are not mistaken for those of the other side, nor for anything else', () => {
    assert.throws(() => parseToAgent(payload({ is: 'alive' })), /is no message/);
    assert.throws(() => parseFromAgent(payload({ is: 'signal', signal: 'SIGTERM' })), /is no message/);
    for (const text of ['', 'null', '[]', '{}', '{"is":"toString"}', '{"is":["job"]}', '"job"'])
      assert.throws(() => parseToAgent(Buffer.from(text)), ProtocolError);
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) =>
        assert.throws(() => parseFromAgent(Buffer.from(bytes)), ProtocolError),
      ),
    );
  });
});
