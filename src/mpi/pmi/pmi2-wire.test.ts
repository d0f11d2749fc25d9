import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatMessage, lengthBytes, parseLength, parseMessage } from './pmi2-wire.ts';

const word = fc.string({ minLength: 1 }).filter((text) => !/[;=]/.test(text));
const value = fc.string().filter((text) => !text.includes(';'));

describe('PMI-2 messages', () => {
  it('are a length of six characters and words', () => {
    assert.equal(
      formatMessage('fullinit', { pmijobid: '1.0', pmirank: 0, threaded: 'FALSE' }),
      '    51cmd=fullinit;pmijobid=1.0;pmirank=0;threaded=FALSE;',
    );
    assert.throws(() => formatMessage('kvs-put', { key: 'k', value: 'a;b' }), RangeError);
    assert.throws(() => formatMessage('kvs-put', { value: 'x'.repeat(1e6) }), RangeError);
  });

  it('have their length at either side, as Hydra and Slurm write it', () => {
    assert.equal(parseLength('   113'), 113);
    assert.equal(parseLength('114   '), 114);
    for (const wrong of ['', '114', '      ', '1 1   ', '-1    ', 'cmd=in', '1234567'])
      assert.throws(() => parseLength(wrong), RangeError, wrong);
  });

  it('give back whatever was put in', () => {
    fc.assert(
      fc.property(word, fc.dictionary(word, value), (cmd, words) => {
        const text = formatMessage(cmd, words);
        const bytes = Buffer.from(text);
        assert.equal(parseLength(text.slice(0, lengthBytes)), bytes.length - lengthBytes);
        assert.deepEqual(Object.fromEntries(parseMessage(text.slice(lengthBytes))), { cmd, ...words });
      }),
    );
  });

  it('are taken apart whatever they are', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseMessage(text)));
    assert.deepEqual(
      [...parseMessage('cmd=x;;=1;nonsense;value=(vector,(0,1,2));a=b=c;')],
      [
        ['cmd', 'x'],
        ['value', '(vector,(0,1,2))'],
        ['a', 'b=c'],
      ],
    );
  });
});
