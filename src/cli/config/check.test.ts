import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { noColours } from '../colours.ts';
import { CliError } from '../failure.ts';
import { readChap } from './chap.ts';
import { check } from './check.ts';
import { configCommand } from './command.ts';
import { exampleFile } from './example.ts';
import { BusFileError } from './mistakes.ts';
import { parseBusFile } from './parse.ts';
import { findHost, hostIn } from './which-host.ts';

const folder = mkdtempSync(join(tmpdir(), 'ipscsi-check-'));
after(() => rmSync(folder, { recursive: true }));

const environment = {
  A: 'secret of alpha',
  B: 'secret of beta',
  T: 'beta as a target',
  C: 'secret of gamma',
};
const text = `bus = "lab"
[hosts.alpha]
id = 1
portals = "192.0.2.1"
addresses = "10.90.0.1/24"
chap.secret-env = "A"
[hosts.beta]
id = 2
portals = "192.0.2.2"
addresses = "10.90.0.2/24"
chap = { name = "bob", secret-env = "B", target = { secret-env = "T" } }
[hosts.gamma]
id = 3
addresses = "10.90.0.3/24"
chap.secret-env = "C"
`;

let files = 0;
function fileOf(content: string): string {
  const path = join(folder, `bus-${files++}.toml`);
  writeFileSync(path, content, { mode: 0o644 });
  return path;
}

function run(content: string, more: { host?: string; json?: boolean; environment?: NodeJS.ProcessEnv } = {}) {
  const file = fileOf(content);
  const out: string[] = [];
  const complaints: string[] = [];
  const code = check(
    { file, host: undefined, json: false, machine: 'elsewhere', environment, ...more },
    { colours: noColours, line: (line) => out.push(line) },
    (line) => complaints.push(line),
  );
  const short = (lines: readonly string[]) => lines.map((line) => line.replaceAll(`${folder}/`, ''));
  return { code, out: short(out), complaints: short(complaints), name: file.slice(folder.length + 1) };
}

describe('config check', () => {
  it('prints what a file says', () => {
    const { code, out, complaints, name } = run(text, { host: 'beta' });
    assert.deepEqual([code, complaints], [0, []]);
    assert.deepEqual(out, [
      `${name} is right: bus lab, 3 hosts, width 16, MTU 65280, digests off`,
      'HOST   ID  PORTALS               ADDRESSES     CHAP',
      'alpha   1  192.0.2.1:3260        10.90.0.1/24  alpha',
      'beta    2  192.0.2.2:3260        10.90.0.2/24  bob beta.target',
      'gamma   3  none, initiator only  10.90.0.3/24  gamma',
      'as beta, this machine listens at 192.0.2.2:3260, logs in to alpha, can read the secrets that it needs',
    ]);
  });

  it('says when it did not look at secrets', () => {
    const { code, out } = run(text, { environment: {} });
    assert.equal(code, 0);
    assert.match(out.at(-1) ?? '', /no secret was looked at; --host NAME/);
  });

  it('prints mistakes and warnings by line', () => {
    const { code, out, complaints, name } = run(text.replace('id = 3', 'id = 2').replace(/chap.*"C"\n/, ''));
    assert.deepEqual([code, out], [2, []]);
    assert.deepEqual(complaints, [
      `${name}:13: SCSI ID 2 of gamma is beta's already (line 8); expected an ID that no other host has; free: 0, 3, 4, 5, 6, …`,
      `${name}:12: warning: gamma has no chap: it can't log in to hosts that have it; expected chap for all hosts, or for none`,
    ]);
  });

  it('shows nothing that could steer a terminal', () => {
    const { complaints } = run('bus = "\\u001b[31m"\n');
    assert.doesNotMatch(complaints.join(), /\p{Cc}/u);
  });

  it('names the host and the place of secrets that can not be read', () => {
    const { code, complaints, name } = run(text, {
      host: 'gamma',
      environment: { ...environment, A: undefined },
    });
    assert.equal(code, 2);
    assert.match(complaints.join('\n'), new RegExp(`^${name}:6: alpha: \\$A is not set; expected .*$`));
  });

  it('finds secrets that are the same', () => {
    const { code, complaints } = run(text, {
      host: 'alpha',
      environment: { ...environment, T: environment.B },
    });
    assert.equal(code, 2);
    assert.match(complaints.join('\n'), /:11: beta has the same secret as beta \(line 11\)/);
  });

  it('gives programs one object', () => {
    const right = JSON.parse(run(text, { json: true, host: 'alpha' }).out.join());
    assert.deepEqual(
      [right.ok, right.host, right.bus, right.mistakes, right.hosts[1].chap, right.hosts[0].listen],
      [true, 'alpha', 'lab', [], ['bob', 'beta.target'], ['192.0.2.1:3260']],
    );
    assert.doesNotMatch(JSON.stringify(right), /secret of/);
    const { code, out } = run('bus = 3', { json: true });
    const { ok, mistakes } = JSON.parse(out.join());
    assert.deepEqual([code, ok, mistakes.length, mistakes[0].line], [2, false, 2, 1]);
  });

  it('is told of files and hosts that are not there', () => {
    assert.throws(() => run(text, { host: 'delta' }), {
      name: 'CliError',
      expected: 'one of alpha, beta, gamma',
    });
  });
});

describe('the secrets of a host', () => {
  const file = parseBusFile(text, 'lab.toml');
  const secretsOf = (name: string) => readChap(file, hostIn(file, name), environment);

  it('prove both sides to each other, with another secret each way', () => {
    const alpha = { name: 'alpha', secret: environment.A };
    assert.deepEqual(secretsOf('alpha'), {
      own: alpha,
      members: new Map([
        ['beta', { name: 'bob', secret: environment.B }],
        ['gamma', { name: 'gamma', secret: environment.C }],
      ]),
      towards: new Map([['beta', { ...alpha, target: { name: 'beta.target', secret: environment.T } }]]),
    });
  });

  it('serve nobody where a host does not listen', () => {
    const { own, members, towards } = secretsOf('gamma');
    assert.deepEqual([own, members.size], [undefined, 0]);
    assert.deepEqual([...towards.keys()], ['alpha', 'beta']);
  });

  it('are asked for only where they are needed', () => {
    const initiators = text.replace('portals = "192.0.2.2"\n', '');
    const lab = parseBusFile(initiators, 'lab.toml');
    const { towards } = readChap(lab, hostIn(lab, 'gamma'), { ...environment, B: undefined, T: undefined });
    assert.deepEqual([...towards.keys()], ['alpha']);
  });

  it('are none without chap', () => {
    const lab = parseBusFile(text.replace(/^chap.*\n/gm, ''), 'lab.toml');
    assert.deepEqual(readChap(lab, hostIn(lab, 'alpha'), {}), {
      own: undefined,
      members: new Map(),
      towards: new Map(),
    });
  });

  it('fail all at once, by line', () => {
    assert.throws(
      () => readChap(file, hostIn(file, 'alpha'), {}),
      (error) =>
        error instanceof BusFileError && error.mistakes.map(({ line }) => line).join() === '6,11,11,15',
    );
  });
});

describe('which host we are', () => {
  const file = parseBusFile(text, 'lab.toml');

  it("is said, or is the machine's name, or its first part", () => {
    assert.equal(hostIn(file, 'beta', 'alpha').name, 'beta');
    assert.equal(hostIn(file, undefined, 'alpha').name, 'alpha');
    assert.equal(hostIn(file, undefined, 'ALPHA.example.org').name, 'alpha');
    assert.equal(findHost(file, 'delta'), undefined);
  });

  it('must be one of those that there are', () => {
    const isClear = (error: unknown) =>
      error instanceof CliError && error.expected === 'one of alpha, beta, gamma' && error.exitCode === 2;
    assert.throws(() => hostIn(file, 'delta', 'alpha'), isClear);
    assert.throws(() => hostIn(file, undefined, 'delta'), isClear);
  });
});

describe('the example', () => {
  it('is right, and is the one that the manual explains', () => {
    const file = parseBusFile(exampleFile, 'lab.toml');
    assert.deepEqual(file.warnings, []);
    assert.equal(file.hosts.length, 3);
    assert.ok(readFileSync('docs/config.md', 'utf8').includes(exampleFile));
  });

  it('has a command, and help for each', () => {
    const help = configCommand().commands.map((command) => command.name());
    assert.deepEqual(help, ['check', 'example']);
  });
});
