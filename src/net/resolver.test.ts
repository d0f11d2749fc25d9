import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AddressBook, watchNames } from './resolver.ts';

describe('addresses of portals', () => {
  it('numeric ones are their own, names are looked up, what has no address is not known', async () => {
    const book = await AddressBook.of(['127.0.0.1:3260', '[::1]:3260', 'localhost:3260', 'nowhere.invalid']);
    assert.deepEqual(book.resolve('192.0.2.7'), ['192.0.2.7']);
    const local = book.resolve('localhost');
    assert.ok(local.length > 0 && local.every((address) => ['127.0.0.1', '::1'].includes(address)));
    assert.deepEqual(book.resolve('nowhere.invalid'), []);
  });

  it('a name that moves has its newest addresses', () => {
    const book = new AddressBook();
    book.update([['beta', '192.0.2.7']]);
    book.update([
      ['beta', '192.0.2.8'],
      ['gamma', '192.0.2.9'],
      ['beta', 'fd00::8'],
    ]);
    assert.deepEqual(book.resolve('beta'), ['192.0.2.8', 'fd00::8']);
  });

  it('nothing is watched where there are no names', () => {
    using _watch = watchNames({ kind: 'shm' }, () => assert.fail('nothing to tell'));
  });
});
