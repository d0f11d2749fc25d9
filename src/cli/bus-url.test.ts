import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { busDirectory, parseBusUrl } from './bus-url.ts';
import { CliError } from './failure.ts';

describe('bus URLs', () => {
  it('gives a name a directory of its user', () => {
    assert.deepEqual(parseBusUrl('shm:lab', 1000), { url: 'shm:lab', directory: '/dev/shm/ipscsi.1000/lab' });
  });

  it('takes an absolute directory as it is, in one spelling', () => {
    assert.deepEqual(parseBusUrl('shm:/run//lab/./a/../'), { url: 'shm:/run/lab', directory: '/run/lab' });
    assert.equal(busDirectory('shm:/run/lab'), '/run/lab');
  });

  for (const [url, message] of [
    ['lab', /has no scheme/],
    ['', /has no scheme/],
    ['iscsi:host', /can't be used yet/],
    ['sg:0', /can't be used yet/],
    ['tcmu:x', /can't be used yet/],
    ['memory:', /lives within one process/],
    ['usb:1', /unknown kind of bus "usb"/],
    ['shm:', /can't be a bus's name/],
    ['shm:..', /can't be a bus's name/],
    ['shm:.hidden', /can't be a bus's name/],
    ['shm:a/b', /can't be a bus's name/],
    ['shm:/', /can't be a bus's directory/],
    ['shm:/a\0b', /can't be a bus's directory/],
    [`shm:/${'x'.repeat(90)}`, /path of 91 bytes/],
  ] as const)
    it(`refuses ${JSON.stringify(url.slice(0, 20))}`, () => {
      assert.throws(
        () => parseBusUrl(url),
        (error) => error instanceof CliError && message.test(error.message) && error.expected !== undefined,
      );
    });

  it('never leads out of where it should: a name stays one step below the user directory', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'aZ0./-_ :\0é') }), (name) => {
        try {
          const { directory } = parseBusUrl(`shm:${name}`, 0);
          if (!name.startsWith('/')) assert.match(directory, /^\/dev\/shm\/ipscsi\.0\/[^/\0]+$/);
          assert.doesNotMatch(directory, /\/\.\.?(\/|$)/);
        } catch (error) {
          assert.ok(error instanceof CliError);
        }
      }),
    );
  });
});
