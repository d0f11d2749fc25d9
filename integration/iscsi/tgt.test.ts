/** Our initiator against tgt, a target of others: digests and CHAP, data both ways, and tgt killed in mid-session. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type ConnectOptions, connect, discover, type IscsiSession, Status } from '../../src/iscsi.ts';

const name = 'iqn.2026-01.org.example:tgt';
const user = ['alice', 'a secret of hers'] as const;
const own = ['tgt', 'the other one of it'] as const;
/** Not in package.json: Debian's package tgt has them. */
const [daemon, control] = ['tgtd', 'tgtadm'] as const;
const missing = spawnSync(daemon, ['--version']).error ? 'tgtd is not installed (Debian: tgt)' : false;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** A private tgtd with one disk of 16 MiB at LUN 1. */
class Tgt implements AsyncDisposable {
  readonly portal: string;
  readonly #process: ChildProcess;
  readonly #control: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'ipscsi-tgt-'));

  private constructor(port: number) {
    this.portal = `127.0.0.1:${port}`;
    this.#control = String(port % 30_000);
    const args = ['-f', '-C', this.#control, '--iscsi', `portal=${this.portal}`];
    this.#process = spawn(daemon, args, { stdio: 'ignore' });
  }

  static async start(): Promise<Tgt> {
    const tgt = new Tgt(await freePort());
    const disk = join(tgt.#folder, 'disk');
    writeFileSync(disk, '');
    truncateSync(disk, 16 << 20);
    for (let tries = 0; tgt.admin('--op', 'show', '--mode', 'target') !== 0; tries++) {
      assert.ok(tries < 100, 'tgtd does not start');
      await pause(50);
    }
    tgt.admin('--op', 'new', '--mode', 'target', '--tid', '1', '-T', name);
    tgt.admin('--op', 'new', '--mode', 'logicalunit', '--tid', '1', '--lun', '1', '-b', disk);
    tgt.admin('--op', 'bind', '--mode', 'target', '--tid', '1', '-I', 'ALL');
    return tgt;
  }

  admin(...args: readonly string[]): number {
    return spawnSync(control, ['-C', this.#control, '--lld', 'iscsi', ...args]).status ?? 1;
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill('SIGKILL'); // it does not heed SIGTERM while it has targets
    await once(this.#process, 'exit');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true });
  }
}

const cdb = (opcode: number, blocks: number) =>
  Uint8Array.of(opcode, 0, 0, 0, 0, 9, 0, blocks >>> 8, blocks & 0xff, 0);

/** Writes and reads back, in commands of many lengths. */
async function exchange(session: IscsiSession): Promise<void> {
  await session.execute({ cdb: new Uint8Array(6), lun: 1 }); // takes the unit attention
  for (const blocks of [1, 8, 200, 2048]) {
    const data = new Uint8Array(512 * blocks).map((_, i) => (31 * i + blocks) >>> 3);
    const written = await session.execute({ cdb: cdb(0x2a, blocks), lun: 1, dataOut: data });
    const read = await session.execute({ cdb: cdb(0x28, blocks), lun: 1, dataIn: data.length + 100 });
    assert.deepEqual(
      [written.status, written.residual, read.status, read.residual],
      [Status.good, 0, Status.good, 100],
    );
    assert.equal(Buffer.compare(read.dataIn, data), 0);
  }
}

const digests: readonly Partial<ConnectOptions>[] = [
  {},
  { wishes: { HeaderDigest: ['CRC32C'] } },
  { wishes: { DataDigest: ['CRC32C'] } },
  { wishes: { HeaderDigest: ['CRC32C'], DataDigest: ['CRC32C'] } },
];

describe('our initiator and tgt', { skip: missing }, () => {
  it('discovers it, and moves data with every digest', async () => {
    await using tgt = await Tgt.start();
    for (const key of ['HeaderDigest', 'DataDigest'])
      tgt.admin('--op', 'update', '--mode', 'target', '--tid', '1', '-n', key, '-v', 'None,CRC32C');
    assert.deepEqual(await discover({ portal: tgt.portal }), [{ name, addresses: [`${tgt.portal},1`] }]);
    for (const options of digests) {
      await using session = await connect({ portal: tgt.portal, target: name, ...options });
      for (const [key, [value]] of Object.entries(options.wishes ?? {}) as [
        keyof IscsiSession['settings'],
        string[],
      ][])
        assert.equal(session.settings[key], value);
      await exchange(session);
    }
  });

  it('logs in with CHAP both ways, and is refused without', async () => {
    await using tgt = await Tgt.start();
    for (const [account, password] of [user, own])
      tgt.admin('--op', 'new', '--mode', 'account', '--user', account, '--password', password);
    tgt.admin('--op', 'bind', '--mode', 'account', '--tid', '1', '--user', user[0]);
    tgt.admin('--op', 'bind', '--mode', 'account', '--tid', '1', '--user', own[0], '--outgoing');
    const to = { portal: tgt.portal, target: name };
    const chap = { name: user[0], secret: user[1] };
    const target = { name: own[0], secret: own[1] };
    await using session = await connect({ ...to, chap: { ...chap, target } });
    await exchange(session);
    await assert.rejects(connect(to), { name: 'LoginError' });
    await assert.rejects(connect({ ...to, chap: { ...chap, secret: 'another one, wrong' } }), {
      name: 'LoginError',
    });
    await assert.rejects(connect({ ...to, chap: { ...chap, target: { ...target, secret: 'not its own' } } }));
  });

  it('tells of the end when tgt is killed, and every command ends', async () => {
    await using tgt = await Tgt.start();
    await using session = await connect({ portal: tgt.portal, target: name });
    await exchange(session);
    const commands = Array.from({ length: 20 }, () =>
      session.execute({ cdb: cdb(0x28, 2048), lun: 1, dataIn: 1 << 20 }),
    );
    const settled = Promise.allSettled(commands);
    await tgt.kill();
    assert.ok((await session.ended) instanceof Error);
    for (const result of await settled)
      if (result.status === 'rejected') assert.equal(result.reason.fault, 'nexus-lost');
    await assert.rejects(session.execute({ cdb: new Uint8Array(6) }), { fault: 'selection-timeout' });
  });
});
