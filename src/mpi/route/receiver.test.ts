import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Chunk, Wire } from './packet.ts';
import { Receiver } from './receiver.ts';

const window = 8;

const chunk = (sequence: number, message = sequence, ends = true): Chunk => ({
  source: 0,
  target: 1,
  sequence,
  message,
  bytes: 1,
  leads: true,
  ends,
  way: [],
});

/** Notes deliveries; `answers` tells what is done at once. */
function observed(answers: (message: number) => boolean = () => true) {
  const delivered: (readonly [message: number, rides: boolean])[] = [];
  const stored: number[] = [];
  const wire: Pick<Wire, 'delivered' | 'stored'> = {
    delivered: (_source, message, rides) => {
      delivered.push([message, rides]);
      return answers(message);
    },
    stored: ({ sequence }) => stored.push(sequence),
  };
  const counters = { duplicates: 0, beyond: 0, mostWaiting: 0 };
  return { delivered, stored, counters, receiver: new Receiver(wire, window, counters) };
}

/** What was said of each chunk, always the same; they come as often as `ahead` has it, as far as a source asks. */
function askedOften(receiver: Receiver, ahead: fc.Stream<number>, due: () => number): Map<number, string> {
  const said = new Map<number, string>();
  for (const further of ahead.take(200)) {
    const oldest = Math.max(window - 1, ...said.keys()) - window + 1; // the source has let go of what is older
    const sequence = oldest + further;
    const beyond = sequence >= due() + window;
    const how = receiver.take(chunk(sequence));
    assert.equal(how === 'busy', beyond);
    if (beyond) continue;
    assert.equal(said.get(sequence) ?? how, how);
    said.set(sequence, how);
  }
  return said;
}

describe("the target's side of a pair", () => {
  it('answers on the receipt what is done at once, and again when that was lost', () => {
    const { receiver, delivered, counters } = observed((message) => message !== 1);
    assert.equal(receiver.take(chunk(0)), 'answered');
    assert.equal(receiver.take(chunk(1)), 'taken');
    for (const _ of [1, 2]) {
      assert.equal(receiver.take(chunk(0)), 'answered');
      assert.equal(receiver.take(chunk(1)), 'taken');
    }
    assert.equal(counters.duplicates, 4);
    assert.deepEqual(delivered, [
      [0, true],
      [1, true],
    ]);
  });

  it('says when an answer can ride no longer, because the chunk was early', () => {
    const { receiver, delivered, stored } = observed();
    assert.equal(receiver.take(chunk(1)), 'taken');
    assert.equal(receiver.take(chunk(1)), 'taken');
    assert.deepEqual(stored, [1]);
    assert.equal(receiver.take(chunk(0)), 'answered');
    assert.equal(receiver.take(chunk(1)), 'taken');
    assert.deepEqual(delivered, [
      [0, true],
      [1, false],
    ]);
  });

  it('lets the answer of a message in pieces ride on whichever piece made it whole', () => {
    const { receiver, delivered, stored } = observed();
    assert.equal(receiver.take(chunk(0, 7, false)), 'taken');
    assert.equal(receiver.take(chunk(2, 7, true)), 'taken');
    assert.equal(receiver.take(chunk(1, 7, false)), 'answered');
    assert.equal(receiver.take(chunk(1, 7, false)), 'answered');
    assert.deepEqual(stored, [0, 2, 1]);
    assert.deepEqual(delivered, [[7, true]]);
  });

  it('takes nothing from beyond the window', () => {
    const { receiver, delivered, counters } = observed();
    assert.equal(receiver.take(chunk(window)), 'busy');
    assert.deepEqual(counters, { duplicates: 0, beyond: 1, mostWaiting: 0 });
    for (let sequence = window - 1; sequence > 0; sequence--) receiver.take(chunk(sequence));
    assert.equal(counters.mostWaiting, window - 1);
    receiver.take(chunk(0));
    assert.equal(delivered.length, window);
  });

  it('delivers once and in order, whatever comes how often, and never takes back what it said', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat(2 * window)), fc.func(fc.boolean()), (ahead, answers) => {
        const { receiver, delivered, stored } = observed(answers);
        const said = askedOften(receiver, ahead, () => delivered.length);
        assert.deepEqual(delivered.map(([message]) => message).join(), [...delivered.keys()].join());
        for (const [message, rides] of delivered) {
          assert.equal(rides, !stored.includes(message));
          assert.equal(said.get(message), rides && answers(message) ? 'answered' : 'taken');
        }
      }),
    );
  });
});
