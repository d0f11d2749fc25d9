/** A private tgtd (Debian's package tgt) with one disk at LUN 1, that can be killed and started again. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../lab/until.ts';
import { freePort } from './free-port.ts';

export const tgtName = 'iqn.2026-01.org.example:tgt';
/** Not in package.json: Debian's package tgt has them. */
const [daemon, control] = ['tgtd', 'tgtadm'] as const;
export const tgtMissing = spawnSync(daemon, ['--version']).error
  ? 'tgtd is not installed (Debian: tgt)'
  : false;

export class Tgt implements AsyncDisposable {
  readonly portal: string;
  readonly #control: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'ipscsi-tgt-'));
  readonly #disk = join(this.#folder, 'disk');
  #process: ChildProcess | undefined;

  private constructor(port: number, size: number) {
    this.portal = `127.0.0.1:${port}`;
    this.#control = String(port % 30_000);
    writeFileSync(this.#disk, '');
    truncateSync(this.#disk, size);
  }

  /** With a disk of so many bytes. */
  static async start(size = 16 << 20): Promise<Tgt> {
    const tgt = new Tgt(await freePort(), size);
    await tgt.run();
    return tgt;
  }

  /** Starts the daemon; after `kill`, again: at the same portal, with the same disk. */
  async run(): Promise<void> {
    const args = ['-f', '-C', this.#control, '--iscsi', `portal=${this.portal}`];
    this.#process = spawn(daemon, args, { stdio: 'ignore' });
    await until('tgtd is there', () => this.admin('--op', 'show', '--mode', 'target') === 0);
    this.admin('--op', 'new', '--mode', 'target', '--tid', '1', '-T', tgtName);
    this.admin('--op', 'new', '--mode', 'logicalunit', '--tid', '1', '--lun', '1', '-b', this.#disk);
    this.admin('--op', 'bind', '--mode', 'target', '--tid', '1', '-I', 'ALL');
  }

  admin(...args: readonly string[]): number {
    return spawnSync(control, ['-C', this.#control, '--lld', 'iscsi', ...args]).status ?? 1;
  }

  async kill(): Promise<void> {
    const process = this.#process;
    if (!process || process.exitCode !== null || process.signalCode !== null) return;
    process.kill('SIGKILL'); // it does not heed SIGTERM while it has targets
    await once(process, 'exit');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true });
  }
}
