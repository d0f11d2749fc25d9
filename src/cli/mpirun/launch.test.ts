import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { agentCommand, splitWords } from './launch.ts';
import { launchFailure } from './launch-failure.ts';

const ours = ['/usr/bin/node', '/opt/my tools/main.js'];
const own = new Set(['localhost', 'here', '10.0.0.1']);
const command = (host: string, launchAgent?: string, remoteCommand?: string) =>
  agentCommand(host, { launchAgent, remoteCommand }, ours, own);
const ssh = ['ssh', '-T', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=15', '--'];

describe('an agent is started', () => {
  it('as a child where the host is this machine, else by ssh', () => {
    for (const host of ['localhost', 'here', '10.0.0.1', '127.0.0.2'])
      assert.deepEqual(command(host), [...ours, 'mpi-agent']);
    assert.deepEqual(command('me@b'), [...ssh, 'me@b', "/usr/bin/node '/opt/my tools/main.js' mpi-agent"]);
    assert.deepEqual(command('b', undefined, '~/bin/ipscsi'), [...ssh, 'b', '~/bin/ipscsi mpi-agent']);
  });

  it("by the user's command", () => {
    assert.deepEqual(command('h1', 'ip netns exec {host}'), [
      'ip',
      'netns',
      'exec',
      'h1',
      ...ours,
      'mpi-agent',
    ]);
    assert.deepEqual(command('b', 'ssh -p 22 {host} {command}'), [
      ...['ssh', '-p', '22', 'b', "/usr/bin/node '/opt/my tools/main.js' mpi-agent"],
    ]);
    assert.deepEqual(command('b', 'sudo -u "a b" {host}', 'npx ipscsi'), [
      ...['sudo', '-u', 'a b', 'b', 'npx', 'ipscsi', 'mpi-agent'],
    ]);
    assert.deepEqual(command('$&', 'ssh {host} {command}', "a$$b $'"), ['ssh', '$&', "a$$b $' mpi-agent"]);
    assert.throws(() => command('b', 'ssh node1'), /does not say where the host's name goes/);
  });

  it('with words as a shell takes them', () => {
    assert.deepEqual(splitWords(`  a 'b c'"d\\"e"\\ f  '' `), ['a', 'b cd"e f', '']);
    for (const line of [`a 'b`, 'a "b']) assert.throws(() => splitWords(line), /can't be taken apart/);
    const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
    fc.assert(
      fc.property(fc.array(fc.string()), (words) =>
        assert.deepEqual(splitWords(words.map(quoted).join(' ')), words),
      ),
    );
  });

  it('with a path that reaches a real shell whole', () => {
    const odd = `/opt/it's "$HOME" \`x\`; \\ é/main.js`;
    const line = agentCommand('b', { launchAgent: undefined, remoteCommand: undefined }, ['node', odd], own);
    const printed = execFileSync('sh', ['-c', `printf '%s\\n' ${line.at(-1)}`], { encoding: 'utf8' });
    assert.equal(printed, `node\n${odd}\nmpi-agent\n`);
  });
});

it('what ssh and shells say is told, with what helps', () => {
  const told = (how: string, said: string) => {
    const { message, hint, exitCode } = launchFailure({ host: 'b', how, said });
    assert.equal(exitCode, 5);
    return `${message}; ${hint}`;
  };
  const refused = told('ssh ended with exit status 255', 'me@b: Permission denied (publickey).\r\n');
  assert.equal(
    refused,
    'host b: no agent could be started: ssh ended with exit status 255: me@b: Permission denied (publickey).; a key without a question is needed: `ssh b true` has to work without a question',
  );
  for (const [said, remedy] of [
    ['Host key verification failed.', /known_hosts/],
    ['ssh: Could not resolve hostname b: Name or service not known', /~\/.ssh\/config/],
    ['ssh: connect to host b port 22: Connection refused', /does an sshd listen/],
    ['ssh: connect to host b port 22: Connection timed out', /is it up/],
    ['sh: 1: /usr/bin/node: not found', /--remote-command/],
    [
      "node:internal\nError: Cannot find module '/opt/main.js'\n    at x (y:1:2)\nNode.js v20",
      /--remote-command/,
    ],
  ] as const)
    assert.match(told('ssh ended with exit status 1', said), remedy);
  assert.match(
    told('spawn ssh ENOENT', ''),
    /started: spawn ssh ENOENT; it has to be installed here; --launch-agent/,
  );
});
