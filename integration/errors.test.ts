/** What a user sees when a host can't come up: exit codes and words as docs/cli.md has them. */

import assert from 'node:assert/strict';
import { chownSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { configure } from './lab/configure.ts';
import { Lab, noLab, program } from './lab/lab.ts';
import { missing, noRoot, type Ran, run } from './lab/processes.ts';

const nobody = 65534;
const asNobody = ['setpriv', '--reuid', `${nobody}`, '--regid', `${nobody}`, '--clear-groups', '--'];
const up = (bus: string, ...options: readonly string[]) => [
  ...[process.execPath, program, 'up', '--bus', bus, '--id', '3'],
  ...options,
];

/** One line on stderr, nothing on stdout, that exit code, and those words in that order. */
function fails({ code, out, err }: Ran, expectedCode: number, ...words: readonly string[]): void {
  assert.equal(code, expectedCode, err);
  assert.equal(out, '');
  assert.equal(err.trimEnd().split('\n').length, 1, err);
  assert.match(err, /^ipscsi: /);
  let from = 0;
  for (const word of words) {
    const at = err.indexOf(word, from);
    assert.ok(at >= 0, `${JSON.stringify(word)} is missing in: ${err}`);
    from = at + word.length;
  }
}

describe('errors of the command line', () => {
  const cases: readonly (readonly [options: readonly string[], ...words: readonly string[]])[] = [
    [['--address', '10.90.0.300/24'], '"10.90.0.300/24"', 'expected'],
    [['--address', '10.90.0.3'], '"10.90.0.3"', 'expected'],
    [['--address', 'fd90::3/129'], '"fd90::3/129"', 'expected'],
    [['--mtu', '67'], 'MTU "67"', '68 to 65521'],
    [['--mtu', '65522'], 'MTU "65522"', '68 to 65521'],
    [['--mtu', 'big'], 'MTU "big"', '68 to 65521'],
    [['--width', '12'], '12', '8, 16, 32'],
    [['--id', '16'], '16', '0 to 15'],
    [['--name', 'an-interface-name-too-long'], 'an-interface-name-too-long'],
    [['--guard', 'maybe'], 'maybe', 'off, warn'],
    [['--pin', '3'], '"3"', 'expected'],
    [['--colour'], '--colour'],
  ];
  for (const [options, ...words] of cases)
    it(options.join(' '), async () => fails(await run(up('shm:it-none', ...options)), 2, ...words));
});

describe('errors of the system', { skip: noLab }, () => {
  it('the ID is taken: by which process, of which host', async () => {
    await using lab = await Lab.open();
    const host = await lab.host({ id: 3 });
    const place = lab.place();
    const second = up(lab.bus, '--netns', place.path);
    fails(await run(second), 3, 'ID 3', `process ${host.pid} (lab3)`, 'expected', '--id', 'ipscsi scan');
    const { code, json } = await lab.ipscsi('up', '--id', '3', '--netns', place.path);
    assert.deepEqual([code, json['event'], json['code'], json['exitCode']], [3, 'error', 'id-taken', 3]);
    assert.equal((await host.status()).id, 3, 'the first one is unharmed');
  });

  it("the name of the interface is taken; another width than the bus's", async () => {
    await using lab = await Lab.open();
    const { place } = await lab.host({ id: 1 });
    fails(await run(up(lab.bus, '--netns', place.path)), 3, 'scsi0 exists already', '--name');
    fails(await run(up(lab.bus, '--netns', place.path, '--width', '64')), 1, '16 IDs, not 64', '--width');
    assert.deepEqual(
      configure(place, (netlink) => netlink.links().map(({ name }) => name)),
      ['lo', 'scsi0'],
    );
  });

  it('no such namespace, no such bus', async () => {
    await using lab = await Lab.open();
    const named = await run(up(lab.bus, '--netns', 'it-no-such-namespace'));
    fails(named, 7, 'no network namespace it-no-such-namespace', 'ip netns add');
    assert.ok(!existsSync(lab.directory), 'nothing is left behind');
    for (const command of [['scan'], ['status'], ['ping', '3']])
      fails(
        await run([process.execPath, program, ...command, '--bus', lab.bus]),
        5,
        `there is no bus ${lab.bus}`,
        'ipscsi up',
      );
  });

  it('no permission on /dev/net/tun', { skip: noRoot }, async (test) => {
    const readable = await run([...asNobody, process.execPath, program, '--version']);
    if (readable.code !== 0) {
      test.skip('user nobody cannot read the program');
      return;
    }
    const bus = `shm:it-${process.pid}-tun`;
    const refused = await run([...asNobody, ...up(bus)]);
    fails(refused, 4, 'no permission', '/dev/net/tun', 'CAP_NET_ADMIN', 'run as root', 'unshare -Urn');
    assert.ok(!existsSync(`/dev/shm/ipscsi.${nobody}/${bus.slice(4)}`), 'nothing is left behind');
  });

  it("another user's bus", { skip: noRoot }, async () => {
    const directory = mkdtempSync('/dev/shm/ipscsi-it-');
    try {
      chownSync(directory, nobody, nobody);
      fails(await run(up(`shm:${directory}`)), 4, directory, `user ${nobody}`, 'user 0', 'another bus');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('/dev/shm is full', { skip: missing('unshare', 'mount') }, async () => {
    await using lab = await Lab.open();
    const mount = mkdtempSync(join(tmpdir(), 'ipscsi-it-full-'));
    mkdirSync(mount, { recursive: true });
    try {
      const command = up(`shm:${mount}/bus`, '--netns', lab.place().path);
      const script = 'mount -t tmpfs -o size=4m ipscsi-it "$0" && "$@"; code=$?; ls -A "$0"; exit $code';
      const full = await run(['unshare', '--mount', 'sh', '-c', script, mount, ...command]);
      fails(full, 6, 'no room for', 'MiB', 'expected', '/dev/shm');
    } finally {
      rmSync(mount, { recursive: true });
    }
  });
});
