import assert from 'node:assert/strict';
import { type ChildProcess, execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { silent } from '../observe/logger.ts';
import { fakeHost, fakeStatus } from './control/fake-host.ts';
import { ControlServer } from './control/server.ts';
import { ExitCode } from './exit-codes.ts';

const program = fileURLToPath(new URL('./main.js', import.meta.url));
const targetProgram = fileURLToPath(new URL('./fake-target.js', import.meta.url));
const root = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'ipscsi-test-'));
const directory = join(root, 'bus');
const bus = `shm:${directory}`;
const targets: ChildProcess[] = [];

async function target(id: number, lun: number, hostName: string): Promise<ChildProcess> {
  const child = fork(targetProgram, [directory, String(id), String(lun), hostName]);
  targets.push(child);
  await once(child, 'message');
  return child;
}

/** Runs the program with --json and gives its exit code and the object it printed. */
function asked(...args: readonly string[]): Promise<{ code: number; said: Record<string, unknown> }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args, '--json'], (error, out) => {
      const code = error ? Number(error.code) : 0;
      resolve({ code, said: JSON.parse(out) as Record<string, unknown> });
    });
  });
}

const ipscsi = (...args: readonly string[]) => asked(...args, '--bus', bus);

describe('commands on a bus of real processes', () => {
  before(async () => {
    await target(3, 0, 'lab3');
    await target(5, 2, 'lab5');
  });
  after(async () => {
    for (const child of targets) {
      child.kill('SIGCONT');
      if (child.kill('SIGTERM')) await once(child, 'exit');
    }
    assert.ok(!existsSync(directory), 'the last to leave removes the bus');
    rmSync(root, { recursive: true, force: true });
  });

  it('scan lists every device', async () => {
    const { code, said } = await ipscsi('scan');
    assert.equal(code, 0);
    const common = { type: 9, typeName: 'comms', vendor: 'IPSCSI', product: 'IP over SCSI', revision: '0.1' };
    assert.deepEqual(said['devices'], [
      { id: 3, lun: 0, hostName: 'lab3', mac: '02:53:43:00:00:03', addresses: [], ...common },
      { id: 5, lun: 2, hostName: 'lab5', mac: '02:53:43:00:00:05', addresses: [], ...common },
    ]);
  });

  it('scan adds what a running host knows', async () => {
    await using _control = await ControlServer.open(directory, 3, fakeHost(), silent);
    const { said } = await ipscsi('scan');
    const devices = said['devices'] as readonly { readonly addresses: readonly string[] }[];
    assert.deepEqual(
      devices.map(({ addresses }) => addresses),
      [['10.90.0.3'], ['10.90.0.5', 'fd90::5']],
    );
  });

  it('raw asks the target that it is told, and decodes what that says of itself', async () => {
    const cdb = ['12', '00', '00', '00', '24', '00'];
    const { code, said } = await asked('raw', '--target', '3', '--in', '36', bus, ...cdb);
    assert.equal(code, 0);
    assert.deepEqual([said['status'], said['residual'], String(said['dataIn']).length], [0, 0, 72]);
    const identity = { type: 9, vendor: 'IPSCSI', product: 'IP over SCSI', revision: '0.1' };
    assert.deepEqual(said['decoded'], { ...identity, typeName: 'comms' });
  });

  for (const [what, size] of [
    ['TEST UNIT READY', '0'],
    ['the echo buffer', '4096'],
  ] as const)
    it(`ping times ${what}`, async () => {
      const { code, said } = await ipscsi('ping', '5', '-c', '5', '-i', '0', '-s', size);
      assert.equal(code, 0);
      assert.deepEqual([said['id'], said['sent'], said['received'], said['lossPercent']], [15, 5, 5, 0]);
      assert.ok(Number(said['minUs']) > 0 && Number(said['medianUs']) <= Number(said['p99Us']));
    });

  it("ping says why the target's echo buffer won't do", async () => {
    const { code, said } = await ipscsi('ping', '5', '-c', '1', '-s', '4097');
    assert.equal(code, ExitCode.failure);
    assert.match(String(said['message']), /refuses WRITE BUFFER: CHECK CONDITION, ILLEGAL REQUEST/);
  });

  it('ping from an ID that is taken says by whom', async () => {
    const { code, said } = await ipscsi('ping', '5', '--id', '3');
    assert.equal(code, ExitCode.taken);
    assert.match(String(said['message']), /ID 3 .* is taken by process \d+ \(lab3\)/);
  });

  it('ping has a running host do it', async () => {
    await using _control = await ControlServer.open(directory, 3, fakeHost(), silent);
    const { code, said } = await ipscsi('ping', '5', '--id', '3', '-c', '2', '-i', '0');
    assert.equal(code, 0);
    assert.deepEqual([said['id'], said['roundTripsUs']], [3, [10, 10]]);
  });

  it('ping says who is there when its target is not', async () => {
    const { code, said } = await ipscsi('ping', '9', '--timeout', '0.5');
    assert.equal(code, ExitCode.unreachable);
    assert.equal(said['expected'], 'one of 3, 5');
  });

  it('status shows the host that answers and names the one that is stopped', async () => {
    const [, fifth] = targets;
    const hanging = fakeHost({ status: () => new Promise(() => undefined) });
    await using _three = await ControlServer.open(
      directory,
      3,
      fakeHost({ status: async () => fakeStatus() }),
      silent,
    );
    await using _five = await ControlServer.open(directory, 5, hanging, silent);
    fifth?.kill('SIGSTOP');
    const { code, said } = await ipscsi('status', '--timeout', '0.3');
    fifth?.kill('SIGCONT');
    assert.equal(code, 0);
    const [up, stopped] = said['hosts'] as readonly Record<string, unknown>[];
    assert.deepEqual([up?.['id'], up?.['state']], [3, 'up']);
    assert.equal(stopped?.['why'], `no answer within 0.3 s, process ${fifth?.pid} is stopped`);
  });

  it('status says that nobody is up', async () => {
    const { code, said } = await ipscsi('status');
    assert.equal(code, ExitCode.unreachable);
    assert.equal(said['message'], `no host is up on ${bus}`);
  });

  it('scan lists a stopped target as one that does not answer', async () => {
    const [, fifth] = targets;
    fifth?.kill('SIGSTOP');
    const { code, said } = await ipscsi('scan', '--timeout', '0.3');
    fifth?.kill('SIGCONT');
    assert.equal(code, 0);
    const devices = said['devices'] as readonly Record<string, unknown>[];
    assert.deepEqual(
      devices.map(({ id, hostName, trouble }) => [id, hostName, trouble]),
      [
        [3, 'lab3', undefined],
        [5, 'lab5', `no answer, process ${fifth?.pid} is stopped`],
      ],
    );
  });
});
