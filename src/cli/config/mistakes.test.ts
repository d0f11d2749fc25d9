import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BusFileError } from './mistakes.ts';
import { parseBusFile } from './parse.ts';
import { host, lab, mistakesOf, refuses } from './testing-mistakes.ts';

describe('a bus file is refused for', () => {
  refuses([
    ['a value that is missing', 'bus = \nwidth = 8\n', 1, /not TOML: unexpected character/],
    ['a value that is missing behind a remark', 'bus = # which?\n\nwidth = 8\n', 1, /not TOML/],
    ['a key without a value', 'bus = "lab"\nwidth\nmtu = 9000\n', 2, /must be on the same line/],
    ['a table that is not closed', 'bus = "lab"\n[hosts.a\nid = 1\n', 2, /not TOML/],
    ['a string that is not closed', 'bus = "lab\n', 1, /not TOML: unterminated string/, /quotes/],
    ['a long string that is not closed', 'bus = """\nlab\nid = 3\n', 1, /not TOML: unterminated string/],
    ['text without quotes', 'bus = lab\n', 1, /not TOML/, /quotes/],
    ['a sign where a key should be', 'bus = "lab"\n!x = 1\n', 2, /not TOML/],
    ['a table that comes twice', lab(host('a', 1), host('a', 2)), 5, /key multiple times/],
    ['a key that comes twice', lab(host('a', 1, 'id = 2')), 4, /key multiple times/],
    ['tables in tables without end', `a = ${'['.repeat(2e4)}${']'.repeat(2e4)}`, 1, /nested too deeply/],

    ['no name', host('a', 1), 1, /"bus" is missing/, /bus = "lab"/],
    [
      'a name that is none',
      `bus = "my lab"\n${host('a', 1)}`,
      1,
      /"my lab" can't be a bus's name/,
      /letters/,
    ],
    ['a name that is a number', `bus = 5\n${host('a', 1)}`, 1, /"bus" is a whole number/, /name/],
    [
      'a width of odd size',
      lab('width = 10\n', host('a', 1)),
      2,
      /"width" is 10/,
      /one of 8, 16, 32, 64, 128, 256/,
    ],
    ['an MTU that is too small', lab('mtu = 67\n', host('a', 1)), 2, /MTU "67" is not valid/, /68 to 65521/],
    ['an MTU that is no number', lab('mtu = "big"\n', host('a', 1)), 2, /"mtu" is a string/],
    [
      'an MTU that IPv6 can not use',
      lab('mtu = 576\n', host('a', 1, 'addresses = ["fd90::1/64"]\nportals = "a"')),
      2,
      /too small for IPv6 \(line 5\)/,
      /1280/,
    ],
    ['digests of another kind', lab('digests = "crc"\n', host('a', 1)), 2, /"digests" is "crc"/, /"off"/],
    [
      'an unknown key',
      lab('with = 8\n', host('a', 1)),
      2,
      /"with" is unknown/,
      /one of bus, width.*did you mean width\?/s,
    ],
    [
      'a key like no other',
      lab('colour = "red"\n', host('a', 1)),
      2,
      /"colour" is unknown/,
      /^one of [^;]*; undefined$/,
    ],
    [
      'an unknown key of a host',
      lab(host('a', 1, 'portal = "a"')),
      4,
      /"portal" of hosts\.a is unknown/,
      /did you mean portals\?/,
    ],
    ['a key in the wrong table', lab(host('a', 1, 'mtu = 1500\nportals = "a"')), 4, /"mtu"/, /at the top/],
    ['an inherited name as a key', lab('toString = 1\n', host('a', 1)), 2, /"toString" is unknown/],
    ['a key with which objects are made', lab('__proto__ = 1\n', host('a', 1)), 2, /"__proto__" is unknown/],
    [
      'an unknown knob',
      lab('[iscsi]\ndepht = 3\n', host('a', 1)),
      3,
      /"depht" of iscsi is unknown/,
      /did you mean depth/,
    ],
    [
      'a depth of nothing',
      lab('[iscsi]\ndepth = 0\n', host('a', 1)),
      3,
      /"depth" of iscsi is 0/,
      /1 to 4096/,
    ],
    ['time that runs backwards', lab('[iscsi]\nping-timeout = -1\n', host('a', 1)), 3, /is -1/, /0 to 3600/],
    ['time without end', lab('[iscsi]\nping-timeout = inf\n', host('a', 1)), 3, /is Infinity/],
    ['time that is none', lab('[iscsi]\nping-timeout = nan\n', host('a', 1)), 3, /is NaN/],
    ['iscsi that is no table', lab('iscsi = 3\n', host('a', 1)), 2, /"iscsi" is a whole number/],

    ['no hosts', 'bus = "lab"\n', 1, /no hosts/, /config example/],
    ['hosts, but none', 'bus = "lab"\n[hosts]\n', 2, /no hosts/],
    ['hosts as a list', 'bus = "lab"\n[[hosts]]\nid = 1\n', 2, /"hosts" is a list/, /\[hosts\.NAME\]/],
    ['a host that is no table', 'bus = "lab"\n[hosts]\na = 1\n', 3, /"a" of hosts is a whole number/],
    ["a host's name that is none", lab(host('"a b"', 1)), 2, /"a b" can't be a host's name/],
    ['no ID', lab('[hosts.a]\nportals = "a"\n'), 2, /"id" of hosts\.a is missing/, /0 to 15/],
    ['an ID that is no number', lab('[hosts.a]\nid = "1"\nportals = "a"\n'), 3, /is a string/],
    ['an ID that is a date', lab('[hosts.a]\nid = 2026-01-01\nportals = "a"\n'), 3, /is a date/],
    [
      'an ID beside the bus',
      lab(host('a', 16)),
      3,
      /SCSI ID 16 is not on a bus of width 16/,
      /greater "width"/,
    ],
    ['an ID below the bus', lab(host('a', -1, 'portals = "a"')), 3, /SCSI ID -1 is not on/],
    [
      'an ID that is taken',
      lab(host('a', 3), host('b', 3, 'portals = "b"')),
      6,
      /SCSI ID 3 of b is a's already \(line 3\)/,
      /free: 0, 1, 2, 4, 5, …/,
    ],
    [
      'names that differ in case',
      lab(host('a', 1), host('A', 2, 'iqn = "iqn.2026-01.x:a"')),
      5,
      /the name of A is a's already/,
    ],
  ]);

  it('bytes that are not UTF-8', () => {
    const bytes = Buffer.concat([Buffer.from('bus = "lab"\n# '), Buffer.of(0xe9), Buffer.from('\n')]);
    assert.throws(
      () => parseBusFile(bytes, 'f'),
      (error) =>
        error instanceof BusFileError &&
        error.mistakes[0]?.line === 2 &&
        /not UTF-8/.test(error.mistakes[0].message),
    );
  });

  it('everything at once, in the order of lines', () => {
    const mistakes = mistakesOf(
      'width = 9\n[hosts.a]\nid = 300\nportals = "::"\n[hosts.b]\nadresses = []\nid = true\n',
    );
    assert.deepEqual(
      mistakes.map(({ line }) => line),
      [1, 1, 3, 4, 6, 7],
    );
  });
});
