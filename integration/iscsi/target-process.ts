/** A target process of ours (disk-target.ts), for foreign initiators. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const diskTargetName = 'iqn.2026-01.org.example:disk';
/** The size of each of its disks, in bytes. */
export const diskSize = 64 << 20;

export class DiskTarget implements AsyncDisposable {
  /** "127.0.0.1:port". */
  readonly portal: string;
  readonly #login: string;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, portal: string, login: string) {
    this.#process = process;
    this.portal = portal;
    this.#login = login;
  }

  /** A logical unit as libiscsi and QEMU name it, with the right name and secret where there is one; by way of a relay if told. */
  url(lun = 1, login = this.#login, portal = this.portal): string {
    return `iscsi://${login}${portal}/${diskTargetName}/${lun}`;
  }

  /** The target without a logical unit. */
  portalUrl(login = this.#login): string {
    return `iscsi://${login}${this.portal}`;
  }

  /** With a name and a secret, nobody gets in without. `headerDigest`: the only one that it agrees to; else the initiator's first. */
  static async start(user?: string, secret?: string, headerDigest = 'any'): Promise<DiskTarget> {
    const script = fileURLToPath(new URL('./disk-target.js', import.meta.url));
    const chap = user === undefined || secret === undefined ? [] : [user, secret];
    const child = spawn(process.execPath, [script, '127.0.0.1:0', headerDigest, ...chap], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [portal] = (await once(createInterface(child.stdout), 'line')) as [string];
    return new DiskTarget(child, portal, chap.length > 0 ? `${user}%${secret}@` : '');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null) return;
    this.#process.kill();
    await once(this.#process, 'exit');
  }
}
