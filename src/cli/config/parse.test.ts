import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BusFileError } from './mistakes.ts';
import { parseBusFile } from './parse.ts';
import { host, lab } from './testing-mistakes.ts';

const whole = `# three hosts
bus = "lab"
width = 32
mtu = 9000
digests = "header"

[iscsi]
depth = 64
login-timeout = 5
ping-interval = 2.5
ping-timeout = 0

[hosts.alpha]
id = 1
portals = ["192.0.2.1:3260", "[2001:DB8::0:1]"]
addresses = ["10.90.0.1/24", "fd90:0::1/64"]
chap = { name = "al", secret-file = "secrets/alpha" }

[hosts.Beta]
id = 2
portals = "beta.example.org:3261"
listen = ["0.0.0.0:3261"]
iqn = "iqn.2001-04.org.EXAMPLE:beta"
addresses = ["10.90.0.2/24", "fd90::2/64"]

[hosts.Beta.chap]
secret-env = "BETA_SECRET"
target = { secret-file = "/etc/beta.target" }

[hosts.gamma]
id = 3
addresses = ["10.90.0.3/24", "fd90::3/64"]
chap.secret-file = "../gamma"
`;

describe('a bus file', () => {
  it('is read in full, with every default filled in', () => {
    const alpha = {
      name: 'al',
      secret: { kind: 'file', path: '/etc/ipscsi/secrets/alpha' },
      line: 17,
    } as const;
    const gamma = { name: 'gamma', secret: { kind: 'file', path: '/etc/gamma' }, line: 33 } as const;
    assert.deepEqual(parseBusFile(whole, '/etc/ipscsi/lab.toml'), {
      file: '/etc/ipscsi/lab.toml',
      bus: 'lab',
      width: 32,
      mtu: 9000,
      digests: 'header',
      iscsi: { depth: 64, timeouts: { login: 5000, ping: 2500, pong: 0 } },
      hosts: [
        {
          name: 'alpha',
          line: 13,
          id: 1,
          iqn: 'iqn.2026-01.org.ipscsi:lab.alpha',
          portals: ['192.0.2.1:3260', '[2001:db8::1]:3260'],
          listen: ['192.0.2.1:3260', '[2001:db8::1]:3260'],
          addresses: ['10.90.0.1/24', 'fd90::1/64'],
          chap: { initiator: alpha, target: alpha },
        },
        {
          name: 'Beta',
          line: 19,
          id: 2,
          iqn: 'iqn.2001-04.org.example:beta',
          portals: ['beta.example.org:3261'],
          listen: ['0.0.0.0:3261'],
          addresses: ['10.90.0.2/24', 'fd90::2/64'],
          chap: {
            initiator: { name: 'Beta', secret: { kind: 'environment', variable: 'BETA_SECRET' }, line: 26 },
            target: { name: 'Beta.target', secret: { kind: 'file', path: '/etc/beta.target' }, line: 28 },
          },
        },
        {
          name: 'gamma',
          line: 30,
          id: 3,
          iqn: 'iqn.2026-01.org.ipscsi:lab.gamma',
          portals: [],
          listen: [],
          addresses: ['10.90.0.3/24', 'fd90::3/64'],
          chap: { initiator: gamma, target: gamma },
        },
      ],
      warnings: [],
    });
  });

  it('needs little: a name, and a host with a portal', () => {
    const { width, mtu, digests, iscsi, hosts, warnings } = parseBusFile(lab(host('one', 7)), 'lab.toml');
    assert.deepEqual(
      [width, mtu, digests, iscsi, warnings],
      [16, 65280, 'off', { depth: undefined, timeouts: {} }, []],
    );
    assert.deepEqual(
      hosts.map(({ id, listen, addresses, chap }) => [id, listen, addresses, chap]),
      [[7, ['192.0.2.7:3260'], [], undefined]],
    );
  });

  it('listens at addresses, but everywhere for names', () => {
    const listen = (portals: string) =>
      parseBusFile(lab(host('one', 1, `portals = ${portals}`)), 'f').hosts[0]?.listen;
    assert.deepEqual(listen('["192.0.2.1:3261", "one.lan:3260"]'), ['[::]:3260', '192.0.2.1:3261']);
    assert.deepEqual(listen('["192.0.2.1:3260", "one.lan", "two.lan:3260"]'), ['[::]:3260']);
  });
});

describe('a bus file is accepted with a warning for', () => {
  const two = (a: string, b: string) =>
    lab(host('a', 1, `portals = "a"\n${a}`), host('b', 2, `portals = "b"\n${b}`));
  for (const [title, text, line, message] of [
    ['an address in a network of its own', two('addresses = "10.0.0.1/24"', ''), 5, /no other host/],
    [
      'chap on some hosts',
      two('chap.secret-env = "A"', ''),
      6,
      /b has no chap.*lets in whoever takes the name of one$/,
    ],
    [
      'chap that an initiator lacks',
      lab(host('a', 1, 'portals = "a"\nchap.secret-env = "A"'), host('b', 2, '')),
      6,
      /b has no chap: it can't log in to hosts that have it$/,
    ],
    ['several initiators', lab(host('a', 1), host('b', 2, ''), host('c', 3, '')), 5, /b, c have no portals/],
    ['a listener that nobody knows', lab(host('a', 1), host('b', 2, 'listen = "[::]"')), 5, /b listens/],
  ] as const)
    it(title, () => {
      const { warnings } = parseBusFile(text, 'f');
      assert.deepEqual(
        warnings.map((warning) => warning.line),
        [line],
      );
      assert.match(warnings[0]?.message ?? '', message);
    });
});

describe('whatever is in a bus file', () => {
  const settles = (content: string | Uint8Array) => {
    try {
      parseBusFile(content, 'f');
    } catch (error) {
      assert.ok(error instanceof BusFileError, String(error));
      const lines = Buffer.from(content).toString('latin1').split('\n').length;
      for (const { line } of error.mistakes)
        assert.ok(line >= 1 && line <= lines + 1, `line ${line} of ${lines}`);
    }
  };

  it('bytes give a file or its mistakes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), settles));
  });

  it('pieces of TOML give a file or its mistakes', () => {
    const piece = fc.constantFrom(
      ...[
        '[',
        ']',
        '{',
        '}',
        '=',
        '.',
        ',',
        '"',
        "'",
        '"""',
        '\n',
        '\r\n',
        '#',
        ' ',
        '1',
        '-',
        'inf',
        'true',
      ],
      ...[
        'hosts',
        'a',
        'b',
        'id',
        'chap',
        'bus',
        'portals',
        'secret-file',
        '1979-05-27',
        '\\u0000',
        '__proto__',
        '\ufeff',
      ],
    );
    fc.assert(fc.property(fc.string({ unit: piece, maxLength: 60 }), settles), { numRuns: 1000 });
  });

  it('a file with any line changed gives a file or its mistakes', () => {
    const lines = whole.split('\n');
    const value = fc.oneof(
      fc.constantFrom(
        '1',
        '-1',
        '1.5',
        'nan',
        '[]',
        '{}',
        '[[1]]',
        '{ a = 1 }',
        'true',
        '07:32:00',
        '99999999999999999999',
      ),
      fc.string().map((text) => JSON.stringify(text)),
      fc.string({ unit: 'binary' }),
    );
    const change = fc.tuple(fc.nat(lines.length - 1), value);
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const changed = [...lines];
        for (const [at, text] of changes)
          changed[at] = (changed[at] ?? '').replace(/=.*|$/, () => `= ${text}`);
        settles(changed.join('\n'));
      }),
      { numRuns: 200 },
    );
  });
});
