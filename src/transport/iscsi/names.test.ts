import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseIscsiName } from './names.ts';

describe('names of iSCSI nodes, RFC 7143 §4.2.7', () => {
  for (const name of [
    'iqn.2001-04.com.example',
    'iqn.2001-04.com.example:storage:diskarrays-sn-a8675309',
    'eui.02004567a425678d',
    'naa.52004567ba64678d',
    'naa.62004567ba64678d0123456789abcdef',
  ])
    it(`takes ${name}`, () => assert.equal(parseIscsiName(name), name));

  it('compares without regard to case', () =>
    assert.equal(parseIscsiName('IQN.2001-04.com.Example:Disk'), 'iqn.2001-04.com.example:disk'));

  for (const name of [
    '',
    'disk',
    'iqn.',
    'iqn.2001-13.com.example',
    'iqn.2001-04',
    'iqn.2001-04.com.example:',
    'iqn.2001-04.com.example:a b',
    'iqn.2001-04.com..example',
    'iqn.2001-04.com.example:a/b',
    'eui.123',
    'naa.123456789abcdefg',
    `iqn.2001-04.com.example:${'x'.repeat(200)}`,
  ])
    it(`refuses ${JSON.stringify(name)}`, () => assert.equal(parseIscsiName(name), undefined));
});
