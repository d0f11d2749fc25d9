import { describe } from 'node:test';
import { host, lab, refuses } from './testing-mistakes.ts';

describe('a bus file is refused, as to addresses and CHAP, for', () => {
  refuses([
    [
      'an address without a length',
      lab(host('a', 1, 'addresses = "10.0.0.1"\nportals = "a"')),
      4,
      /malformed/,
    ],
    [
      'the address of a network',
      lab(host('a', 1, 'addresses = "10.0.0.0/24"\nportals = "a"')),
      4,
      /network's own/,
    ],
    ['a broadcast address', lab(host('a', 1, 'addresses = "10.0.1.255/23"\nportals = "a"')), 4, /broadcast/],
    ['a multicast address', lab(host('a', 1, 'addresses = "ff02::1/64"\nportals = "a"')), 4, /multicast/],
    ['a loopback address', lab(host('a', 1, 'addresses = "127.0.0.2/8"\nportals = "a"')), 4, /loopback/],
    [
      'an address that is taken',
      lab(
        host('a', 1, 'addresses = "fd90::1/64"\nportals = "a"'),
        host('b', 2, 'addresses = "fd90:0::1/64"\nportals = "b"'),
      ),
      8,
      /address fd90::1 of b is a's already \(line 4\)/,
    ],
    [
      'networks that overlap',
      lab(
        host('a', 1, 'addresses = "10.0.0.1/24"\nportals = "a"'),
        host('b', 2, 'addresses = "10.0.0.2/32"\nportals = "b"'),
      ),
      8,
      /10\.0\.0\.2\/32 of b overlaps 10\.0\.0\.0\/24 of a \(line 4\)/,
      /\/24/,
    ],

    [
      'a secret in the file',
      lab(host('a', 1, 'portals = "a"\nchap = { secret = "x" }')),
      5,
      /must not stand/,
    ],
    ['a password in the file', lab(host('a', 1, 'portals = "a"\nchap.password = "x"')), 5, /must not stand/],
    [
      'no secret at all',
      lab(host('a', 1, 'portals = "a"\nchap = { name = "x" }')),
      5,
      /"secret-file".*missing/,
    ],
    [
      'two secrets',
      lab(host('a', 1, 'portals = "a"\nchap = { secret-file = "x", secret-env = "Y" }')),
      5,
      /two sources/,
    ],
    [
      'a secret at home',
      lab(host('a', 1, 'portals = "a"\nchap.secret-file = "~/x"')),
      5,
      /"~\/x" can't/,
      /root/,
    ],
    [
      'a variable that is none',
      lab(host('a', 1, 'portals = "a"\nchap.secret-env = "A-B"')),
      5,
      /"A-B" can't/,
    ],
    [
      'a CHAP name that is none',
      lab(host('a', 1, 'portals = "a"\nchap = { name = "", secret-env = "A" }')),
      5,
      /CHAP name/,
    ],
    ['chap that is a string', lab(host('a', 1, 'portals = "a"\nchap = "secret"')), 5, /"chap".* is a string/],
    [
      'an unknown key of chap',
      lab(host('a', 1, 'portals = "a"\nchap = { secret_file = "x", secret-env = "A" }')),
      5,
      /"secret_file" of hosts\.a\.chap is unknown/,
      /did you mean secret-file/,
    ],
    [
      'a CHAP name that is taken',
      lab(
        host('a', 1, 'portals = "a"\nchap = { name = "x", secret-env = "A" }'),
        host('b', 2, 'portals = "b"\nchap = { name = "x", secret-env = "B" }'),
      ),
      9,
      /CHAP name "x" of b is a's already \(line 5\)/,
    ],
    [
      'a secret that is shared',
      lab(
        host('a', 1, 'portals = "a"\nchap.secret-file = "x"'),
        host('b', 2, 'portals = "b"\nchap.secret-file = "./x"'),
      ),
      9,
      /secret in file \/etc\/x of b is a's already/,
      /RFC 7143/,
    ],
    [
      'one secret for both roles, twice over',
      lab(host('a', 1, 'portals = "a"\nchap = { secret-env = "A", target = { secret-env = "A" } }')),
      5,
      /secret in variable A of a is there already/,
    ],
  ]);
});
