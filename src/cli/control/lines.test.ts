import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { LineSplitter, LineTooLong } from './lines.ts';

const split = (chunks: readonly Buffer[], limit = 100) => {
  const splitter = new LineSplitter(limit);
  return chunks.flatMap((chunk) => [...splitter.push(chunk)]);
};

describe('lines of a stream', () => {
  const stream = Buffer.from('one\n\nthrée\nunfinished');
  const lines = ['one', '', 'thrée'];

  it('come out the same at every cut', () => {
    assert.deepEqual(split([stream]), lines);
    assert.deepEqual(split([...stream].map((byte) => Buffer.of(byte))), lines);
    for (let at = 0; at <= stream.length; at++)
      assert.deepEqual(split([stream.subarray(0, at), stream.subarray(at)]), lines);
  });

  it('are those that were put in', () => {
    fc.assert(
      fc.property(fc.array(fc.string().map((text) => text.replaceAll('\n', ''))), (texts) => {
        assert.deepEqual(split([Buffer.from(texts.map((text) => `${text}\n`).join(''))], 1e6), texts);
      }),
    );
  });

  it('may be as long as the limit and no longer', () => {
    assert.deepEqual(split([Buffer.from('12345\n12345\n')], 5), ['12345', '12345']);
    assert.throws(() => split([Buffer.from('123456\n')], 5), LineTooLong);
    assert.throws(() => split([Buffer.from('123'), Buffer.from('456')], 5), LineTooLong);
  });
});
