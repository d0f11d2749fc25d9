import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { busDirectory, parseBusUrl } from './bus-url.ts';
import { CliError } from './failure.ts';

describe('bus URLs', () => {
  it('gives a name a directory of its user', () => {
    assert.deepEqual(parseBusUrl('shm:lab', 1000), {
      kind: 'shm',
      url: 'shm:lab',
      directory: '/dev/shm/ipscsi.1000/lab',
    });
  });

  it('takes an absolute directory as it is, in one spelling', () => {
    assert.deepEqual(parseBusUrl('shm:/run//lab/./a/../'), {
      kind: 'shm',
      url: 'shm:/run/lab',
      directory: '/run/lab',
    });
    assert.equal(busDirectory('shm:/run/lab'), '/run/lab');
  });

  it('names a file of iSCSI hosts by its whole path', () => {
    const { directory, ...bus } = parseBusUrl('iscsi:/etc/../srv/lab.toml', 7);
    assert.deepEqual(bus, { kind: 'iscsi-file', url: 'iscsi:/srv/lab.toml', path: '/srv/lab.toml' });
    assert.match(directory, /^\/dev\/shm\/ipscsi\.7\/@iscsi-[0-9a-f]{16}$/);
    assert.equal(parseBusUrl('iscsi:/srv/lab.toml', 7).directory, directory);
  });

  it('names an iSCSI target, its portal with a port', () => {
    const { directory: _, ...bus } = parseBusUrl('iscsi://[fd00::2]:3261/IQN.2026-01.org.example:Beta/3');
    assert.deepEqual(bus, {
      kind: 'iscsi',
      url: 'iscsi://[fd00::2]:3261/iqn.2026-01.org.example:beta/3',
      portal: '[fd00::2]:3261',
      target: 'iqn.2026-01.org.example:beta',
      lun: 3,
    });
    const { directory: _0, ...portal } = parseBusUrl('iscsi://10.0.0.2/');
    assert.deepEqual(portal, {
      kind: 'iscsi',
      url: 'iscsi://10.0.0.2:3260',
      portal: '10.0.0.2:3260',
      target: undefined,
      lun: undefined,
    });
  });

  it('names sg devices, or all of them', () => {
    const { directory: _, ...bus } = parseBusUrl('sg:/dev/sg3,/dev//sg4');
    assert.deepEqual(bus, { kind: 'sg', url: 'sg:/dev/sg3,/dev/sg4', devices: ['/dev/sg3', '/dev/sg4'] });
    const all = parseBusUrl('sg:');
    assert.deepEqual(all.kind === 'sg' && all.devices, []);
  });

  it('names a TCMU device', () => {
    assert.deepEqual(parseBusUrl('tcmu:lab', 0), {
      kind: 'tcmu',
      url: 'tcmu:lab',
      name: 'lab',
      directory: '/dev/shm/ipscsi.0/@tcmu-lab',
    });
  });

  for (const [url, message] of [
    ['lab', /has no scheme/],
    ['', /has no scheme/],
    ['iscsi:', /can't be a file's name/],
    ['iscsi://', /is not valid/],
    ['iscsi://host:99999/iqn.2026-01.org.example:a', /is not valid/],
    ['iscsi://user@host/iqn.2026-01.org.example:a', /is not valid/],
    ['iscsi://host/disk', /is not valid/],
    ['iscsi://host/iqn.2026-01.org.example:a/16384', /is not valid/],
    ['iscsi://host/iqn.2026-01.org.example:a/0/1', /is not valid/],
    ['sg:sg0', /can't be an sg device/],
    ['sg:/dev/sg0,', /can't be an sg device/],
    ['tcmu:', /can't be a bus's name/],
    ['tcmu:a/b', /can't be a bus's name/],
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
