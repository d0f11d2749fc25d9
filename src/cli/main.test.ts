import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ExitCode } from './exit-codes.ts';

const program = fileURLToPath(new URL('./main.js', import.meta.url));

/** Runs the program as users do. */
function ipscsi(...args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const texts = { out: '', err: '' };
    child.stdout.on('data', (part) => {
      texts.out += part;
    });
    child.stderr.on('data', (part) => {
      texts.err += part;
    });
    child.on('close', (code) => resolve({ code, ...texts }));
  });
}

const nowhere = 'shm:/nonexistent/ipscsi-test';

describe('the command line', { concurrency: 2 }, () => {
  it('prints its version', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    assert.deepEqual(await ipscsi('--version'), { code: 0, out: `${version}\n`, err: '' });
  });

  for (const command of ['up', 'scan', 'status', 'ping'])
    it(`${command} --help shows options, examples and exit codes`, async () => {
      const { code, out } = await ipscsi(command, '--help');
      assert.equal(code, 0);
      for (const text of ['--bus <url>', '--json', 'Examples:', 'Exit codes:'])
        assert.ok(out.includes(text), text);
    });

  it('shows its help when there is no command', async () => {
    const { code, err } = await ipscsi();
    assert.equal(code, ExitCode.usage);
    for (const command of ['up', 'scan', 'status', 'ping', 'demo'])
      assert.match(err, new RegExp(`^  ${command} `, 'm'));
  });

  const wrong: readonly (readonly [args: string, message: RegExp])[] = [
    ['statuss', /unknown command 'statuss' \(Did you mean status\?\)/],
    ['up', /required option '-b, --bus <url>' not specified/],
    ['up --bus shm:lab', /required option '--id <n>' not specified/],
    ['up --bus shm:lab --id 3 --fast', /unknown option '--fast'/],
    ['up --bus shm:lab --id 3 extra', /too many arguments/],
    ['up --bus shm:lab --id 16', /SCSI ID 16 does not exist on a bus of width 16/],
    ['up --bus shm:lab --id 3 --pin 99=10.0.0.1', /SCSI ID 99 does not exist/],
    ['up --bus shm:lab --id 3 --mtu 67', /MTU "67" is not valid; expected a whole number from 68 to 65521/],
    [
      'up --bus shm:lab --id 3 --guard on',
      /guard mode "on" is not valid; expected one of off, warn, enforce/,
    ],
    ['up --bus shm:lab --id 3 --address 10.0.0.1', /no prefix length/],
    ['up --bus shm:lab --id 3 --host alpha', /--host does not belong to shm:lab/],
    ['up --bus shm:lab --id 3 --chap-name alice', /--chap-name does not belong to shm:lab/],
    ['up --bus shm:lab --id 3 --peer 7', /--peer does not belong to shm:lab; expected tcmu:NAME with it/],
    ['up --bus tcmu:lab', /what should carry tcmu:lab\?; expected --fabric/],
    ['up --bus tcmu:lab --fabric iscsi', /listens nowhere; expected --portal/],
    ['up --bus sg:', /sg: names no device/],
    ['up --bus usb:x --id 3', /unknown kind of bus "usb"/],
    ['ping --bus shm:lab', /missing required argument 'target'/],
    ['ping --bus shm:lab --id 3 3', /ID 3 can't ping itself/],
    ['status --bus shm:lab --watch soon', /"soon" is not a number of seconds/],
  ];
  for (const [args, message] of wrong)
    it(`refuses ipscsi ${args}`, async () => {
      const { code, out, err } = await ipscsi(...args.split(' '));
      assert.equal(code, ExitCode.usage);
      assert.equal(out, '');
      assert.match(err, /^ipscsi: [^\n]+\n$/);
      assert.match(err, message);
    });

  for (const args of [['scan'], ['status'], ['ping', '5']])
    it(`${args[0]} says that there is no such bus`, async () => {
      const { code, out, err } = await ipscsi(...args, '--bus', nowhere, '--json');
      assert.equal(code, ExitCode.unreachable);
      assert.equal(err, '');
      const { event, message, hint, exitCode } = JSON.parse(out);
      assert.deepEqual(
        [event, message, exitCode],
        ['error', `there is no bus ${nowhere}`, ExitCode.unreachable],
      );
      assert.match(hint, /ipscsi up/);
    });
});
