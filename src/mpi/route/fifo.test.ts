import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Fifo } from './fifo.ts';

describe('a fifo', () => {
  it('does what an array does', () => {
    const actions = fc.array(fc.constantFrom('push', 'push', 'push', 'shift', 'shift', 'drain'), {
      maxLength: 600,
    });
    fc.assert(
      fc.property(actions, (list) => {
        const fifo = new Fifo<number>();
        let twin: number[] = [];
        list.forEach((action, i) => {
          if (action === 'push') {
            fifo.push(i);
            twin.push(i);
          } else if (action === 'shift') assert.equal(fifo.shift(), twin.shift());
          else if (i % 50 === 0) {
            assert.deepEqual(fifo.drain(), twin);
            twin = [];
          }
          assert.equal(fifo.size, twin.length);
          assert.equal(fifo.peek(), twin[0]);
        });
      }),
    );
  });
});
