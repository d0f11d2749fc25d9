/** A private istgt (Debian's, 0.4): one disk of 16 MiB at LUN 0 of three targets, that want different proofs. */

import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Process } from '../lab/processes.ts';
import { freePort } from './free-port.ts';

const base = 'iqn.2026-01.org.example.istgt';
export const istgtNames = { open: `${base}:open`, chap: `${base}:chap`, mutual: `${base}:mutual` } as const;
export const alice = { name: 'alice', secret: 'a secret of hers' } as const;
export const itself = { name: 'istgt', secret: 'the other secret' } as const;

const unit = (index: number, name: string, disk: string, ...options: readonly string[]) =>
  [
    `[LogicalUnit${index}]`,
    `TargetName ${name}`,
    'Mapping PortalGroup1 InitiatorGroup1',
    'UseDigest Auto',
    'UnitType Disk',
    `LUN0 Storage ${disk} 16MB`,
    ...options,
  ].join('\n');

/** istgt lets its keys be set here only; that it wants R2T always is its own. */
const configuration = (folder: string, port: number) => `
[Global]
NodeBase ${base}
PidFile ${folder}/pid
AuthFile ${folder}/auth
Timeout 30
NopInInterval 20
DiscoveryAuthMethod None
MaxSessions 16
MaxConnections 4
MaxR2T 32
MaxOutstandingR2T 16
FirstBurstLength 262144
MaxBurstLength 1048576
MaxRecvDataSegmentLength 262144
[UnitControl]
AuthMethod CHAP Mutual
AuthGroup AuthGroup1
[PortalGroup1]
Portal P1 127.0.0.1:${port}
[InitiatorGroup1]
InitiatorName ALL
Netmask 127.0.0.0/8
${unit(1, istgtNames.open, `${folder}/open`, 'AuthMethod None')}
${unit(2, istgtNames.chap, `${folder}/chap`, 'AuthMethod CHAP', 'AuthGroup AuthGroup1')}
${unit(3, istgtNames.mutual, `${folder}/mutual`, 'AuthMethod CHAP Mutual', 'AuthGroup AuthGroup1')}
`;

export class Istgt implements AsyncDisposable {
  readonly portal: string;
  readonly #process: Process;
  readonly #folder: string;

  private constructor(portal: string, process: Process, folder: string) {
    this.portal = portal;
    this.#process = process;
    this.#folder = folder;
  }

  static async start(): Promise<Istgt> {
    const folder = mkdtempSync(join(tmpdir(), 'ipscsi-istgt-'));
    const port = await freePort();
    for (const name of Object.keys(istgtNames)) {
      writeFileSync(join(folder, name), '');
      truncateSync(join(folder, name), 16 << 20);
    }
    const who = [alice.name, alice.secret, itself.name, itself.secret].map((word) => `"${word}"`).join(' ');
    writeFileSync(join(folder, 'auth'), `[AuthGroup1]\nAuth ${who}\n`, { mode: 0o600 });
    writeFileSync(join(folder, 'conf'), configuration(folder, port));
    const process = new Process(['stdbuf', '-oL', 'istgt', '-D', '-c', join(folder, 'conf')]);
    const istgt = new Istgt(`127.0.0.1:${port}`, process, folder);
    await process.says(/LU3: LUN0 command queuing/);
    return istgt;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stop('SIGKILL'); // to SIGTERM it takes its time
    rmSync(this.#folder, { recursive: true });
  }
}
