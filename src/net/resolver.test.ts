import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AddressBook, watchNames } from './resolver.ts';

describe('addresses of portals', () => {
  it('numeric ones are their own, names are looked up, what has no address is not known', async () => {
    const book = await AddressBook.of(['127.0.0.1:3260', '[::1]:3260', 'localhost:3260', 'nowhere.invalid']);
    assert.equal(book.resolve('192.0.2.7'), '192.0.2.7');
    assert.match(book.resolve('localhost') ?? '', /^(127\.0\.0\.1|::1)$/);
    assert.equal(book.resolve('nowhere.invalid'), undefined);
  });

  it('a name that moves has its newest address', () => {
    const book = new AddressBook();
    book.update([['beta', '192.0.2.7']]);
    book.update([['beta', '192.0.2.8']]);
    assert.equal(book.resolve('beta'), '192.0.2.8');
  });

  it('nothing is watched where there are no names', () => {
    using _watch = watchNames({ kind: 'shm' }, () => assert.fail('nothing to tell'));
  });
});
