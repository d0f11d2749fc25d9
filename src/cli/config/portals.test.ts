import { describe } from 'node:test';
import { host, lab, refuses } from './testing-mistakes.ts';

describe('a bus file is refused, as to portals and names, for', () => {
  refuses([
    ['a portal without sense', lab(host('a', 1, 'portals = ["::"]')), 4, /malformed/],
    ['a portal that is no text', lab(host('a', 1, 'portals = [3260]')), 4, /holds a whole number/],
    ['portals that are no list', lab(host('a', 1, 'portals = 3260')), 4, /is a whole number/, /a list of/],
    ['a portal in a later line', lab(host('a', 1, 'portals = [\n"a",\n"b b"]')), 6, /"b b" is malformed/],
    ['IPv6 without brackets', lab(host('a', 1, 'portals = "fd00::1"')), 4, /malformed/, /"\[fd00::1\]:3260"/],
    ['an address that is none', lab(host('a', 1, 'portals = "10.0.0.256"')), 4, /malformed/, /no IPv4/],
    ['a portal as a URL', lab(host('a', 1, 'portals = "iscsi://a"')), 4, /malformed/, /URL/],
    ['a portal with a group', lab(host('a', 1, 'portals = "a:3260,1"')), 4, /malformed/, /group/],
    ['port 0', lab(host('a', 1, 'portals = "a:0"')), 4, /port 0/],
    ['port 65536', lab(host('a', 1, 'portals = "a:65536"')), 4, /malformed/],
    [
      'a link-local portal',
      lab(host('a', 1, 'portals = "[fe80::1%eth0]"')),
      4,
      /malformed/,
      /another interface/,
    ],
    ['a portal everywhere', lab(host('a', 1, 'portals = "0.0.0.0:3260"')), 4, /unspecified/, /"listen"/],
    ['a portal of many', lab(host('a', 1, 'portals = "[ff02::1]"')), 4, /multicast/],
    [
      'a portal that is taken',
      lab(host('a', 1, 'portals = "[FD00::1]"'), host('b', 2, 'portals = "[fd00:0::1]:3260"')),
      7,
      /portal \[fd00::1\]:3260 of b is a's already \(line 4\)/,
    ],
    ['a portal twice', lab(host('a', 1, 'portals = ["a", "A:3260"]')), 4, /is there already/],
    ['a place to listen twice', lab(host('a', 1, 'portals = "a"\nlisten = ["[::]", "[::]"]')), 5, /"listen"/],
    [
      'a portal on the bus itself',
      lab(host('a', 1, 'portals = "10.90.0.1"\naddresses = ["10.90.0.1/24"]')),
      4,
      /lies in the bus's own network 10\.90\.0\.0\/24 \(line 5\)/,
      /cannot travel over it/,
    ],
    ['nobody to connect to', lab(host('a', 1, ''), host('b', 2, '')), 2, /no host has portals/],

    [
      'a name of another kind',
      lab(host('a', 1, 'iqn = "beta"\nportals = "a"')),
      4,
      /"beta" is no iSCSI name/,
    ],
    ['a month too many', lab(host('a', 1, 'iqn = "iqn.2026-13.org.x"\nportals = "a"')), 4, /no iSCSI name/],
    [
      'an EUI-64 that is short',
      lab(host('a', 1, 'iqn = "eui.02004567"\nportals = "a"')),
      4,
      /no iSCSI name/,
      /16/,
    ],
    ['a name that is a list', lab(host('a', 1, 'iqn = []\nportals = "a"')), 4, /"iqn" of hosts\.a is a list/],
    [
      'an iSCSI name that is taken',
      lab(
        host('a', 1, 'iqn = "naa.52004567ba64678d"\nportals = "a"'),
        host('b', 2, 'iqn = "naa.52004567BA64678D"\nportals = "b"'),
      ),
      8,
      /iSCSI name naa\.52004567ba64678d of b is a's already \(line 4\)/,
    ],
  ]);
});
