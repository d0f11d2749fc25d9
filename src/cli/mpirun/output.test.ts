import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Channel } from './frames.ts';
import { Output, Tagger } from './output.ts';

/** A reader that takes a piece when it is told to. */
class SlowReader extends Writable {
  text = '';
  readonly #taken: (() => void)[] = [];

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    this.#taken.push(done);
  }

  async take(): Promise<void> {
    this.#taken.shift()?.();
    await new Promise(setImmediate);
  }
}

const slow = () => {
  const [out, err] = [new SlowReader(), new SlowReader()];
  return { out, err, to: { [Channel.output]: out, [Channel.error]: err } };
};

describe('what ranks write', () => {
  it('gets the rank in front of every line, whatever the pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'bc', '\n', 'd\ne', '\n\n', '')), (pieces) => {
        const tagger = new Tagger('[3] ');
        const out = [...pieces.map((piece) => tagger.push(Buffer.from(piece))), tagger.finish()];
        const whole = pieces.join('');
        const lines = whole.replace(/\n$/, '').split('\n');
        const expected = whole === '' ? '' : `${lines.map((line) => `[3] ${line}`).join('\n')}\n`;
        assert.equal(Buffer.concat(out).toString(), expected);
      }),
    );
  });

  it('is cut where a line has no end', () => {
    const tagger = new Tagger('[0] ');
    assert.equal(tagger.push(Buffer.alloc(1 << 20, 0x61)).length, 0);
    assert.equal(tagger.push(Buffer.from('b')).length, (1 << 20) + 6);
    assert.equal(tagger.finish().length, 0);
  });

  it('is taken when the reader has it, and not before', async () => {
    const { out, err, to } = slow();
    const output = new Output(false, to);
    const taken: string[] = [];
    output.write(0, Channel.output, Buffer.from('first '), () => taken.push('first'));
    output.write(1, Channel.output, Buffer.from('second'), () => taken.push('second'));
    output.write(1, Channel.error, Buffer.from('wrong'), () => taken.push('wrong'));
    let written = false;
    void output.written().then(() => {
      written = true;
    });
    await new Promise(setImmediate);
    assert.deepEqual([taken, written], [[], false]);
    await out.take();
    assert.deepEqual(taken, ['first']);
    await err.take();
    await out.take();
    assert.deepEqual([taken, written], [['first', 'wrong', 'second'], true]);
    assert.deepEqual([out.text, err.text], ['first second', 'wrong']);
  });

  it('is kept, tagged, until its line ends or its rank does; that holds nobody up', async () => {
    const { out, to } = slow();
    const output = new Output(true, to);
    let taken = 0;
    output.write(0, Channel.output, Buffer.from('a'), () => taken++);
    output.write(1, Channel.output, Buffer.from('b\nc'), () => taken++);
    assert.equal(taken, 1);
    await out.take();
    output.finish(1);
    await out.take();
    output.finish(0);
    await out.take();
    await output.written();
    assert.deepEqual([out.text, taken], ['[1] b\n[1] c\n[0] a\n', 2]);
  });
});
