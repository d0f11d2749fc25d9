import assert from 'node:assert/strict';
import { it } from 'node:test';
import { formatLine, parseLine } from './pmi1-wire.ts';

it('speaks PMI-1', () => {
  assert.equal(
    formatLine('init', { pmi_version: 1, pmi_subversion: 1 }),
    'cmd=init pmi_version=1 pmi_subversion=1\n',
  );
  assert.throws(() => formatLine('put', { value: 'two words' }), RangeError);
});

it('takes lines apart, whatever they are', () => {
  const words = parseLine('cmd=get_result rc=0 msg=success value=a=b\n');
  assert.deepEqual(
    [...words],
    [
      ['cmd', 'get_result'],
      ['rc', '0'],
      ['msg', 'success'],
      ['value', 'a=b'],
    ],
  );
  assert.equal(parseLine(' nonsense =x ').size, 0);
});
