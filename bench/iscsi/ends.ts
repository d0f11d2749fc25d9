/** The two ends that are measured: targets and initiators, ours and those of others, each a process of its own. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Tgt, tgtMissing, tgtName } from '../../integration/iscsi/tgt.ts';
import { missing, Process } from '../../integration/lab/processes.ts';
import { packageRoot } from '../environment.ts';
import { type Plan, Skip } from '../figure.ts';
import { formatWorkload, type Workload } from './workload.ts';

/** None or CRC32C, for headers and data. */
export type Digest = 'None' | 'CRC32C';

/** A target with a disk at LUN 1. */
export interface TargetEnd extends AsyncDisposable {
  readonly portal: string;
  readonly name: string;
}

export type OpenTarget = () => Promise<TargetEnd>;

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const lun = 1;
/** What an initiator may take beyond what it measures, in seconds. */
const patience = 20;

export const ourTarget: OpenTarget = async () => {
  const name = 'iqn.2026-01.org.example:bench';
  const process_ = new Process([process.execPath, path('target.js'), name]);
  const [portal] = await process_.says(/^127\.0\.0\.1:\d+$/m);
  return { portal, name, [Symbol.asyncDispose]: () => process_[Symbol.asyncDispose]() };
};

/** @throws Skip where it is not installed */
export const tgtTarget: OpenTarget = async () => {
  if (tgtMissing) throw new Skip(tgtMissing);
  const tgt = await Tgt.start(64 << 20);
  for (const key of ['HeaderDigest', 'DataDigest'])
    tgt.admin('--op', 'update', '--mode', 'target', '--tid', '1', '-n', key, '-v', 'None,CRC32C');
  return { portal: tgt.portal, name: tgtName, [Symbol.asyncDispose]: () => tgt[Symbol.asyncDispose]() };
};

/** Measures workloads in one session: operations and seconds of each. */
type Measure = (
  target: TargetEnd,
  workloads: readonly Workload[],
  digest: Digest,
  plan: Plan,
) => Promise<readonly (readonly [operations: number, seconds: number])[]>;

export type OpenInitiator = () => Measure;

/** How long each workload is measured, and warmed up before. */
const secondsOf = ({ smoke }: Plan) => (smoke ? 0.03 : 1);

const initiator =
  (program: readonly string[]): Measure =>
  async (target, workloads, digest, plan) => {
    const seconds = secondsOf(plan);
    const args = [target.portal, target.name, String(lun), digest, String(seconds)];
    await using process_ = new Process([...program, ...args, ...workloads.map(formatWorkload)]);
    const kill = () => process_.kill('SIGKILL');
    const timer = setTimeout(kill, 1000 * (2 * seconds * workloads.length + patience));
    plan.stop.addEventListener('abort', kill);
    const { code, signal } = await process_.ended;
    plan.stop.removeEventListener('abort', kill);
    clearTimeout(timer);
    const lines = process_.out.trim().split('\n');
    if (code !== 0 || lines.length !== workloads.length)
      throw new Error(`${program.at(-1)} ended with ${code ?? signal}: ${process_.err.trim().slice(-300)}`);
    return lines.map((line) => line.split(' ').map(Number) as [number, number]);
  };

export const ourInitiator: OpenInitiator = () => initiator([process.execPath, path('initiator.js')]);

let compiled: string | undefined;

/** The program in C, compiled once. @throws Skip where libiscsi's headers or a compiler are missing */
export const libiscsi: OpenInitiator = () => {
  if (compiled === undefined) {
    const directory = mkdtempSync(join(tmpdir(), 'ipscsi-bench-'));
    process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
    const program = join(directory, 'libiscsi');
    const source = join(packageRoot(), 'bench/peers/iscsi.c');
    const { status } = spawnSync('cc', ['-O2', '-o', program, source, '-liscsi']);
    compiled = status === 0 ? program : '';
  }
  if (compiled === '') throw new Skip('libiscsi-dev or a C compiler is not installed');
  return initiator([compiled]);
};

/** Operations per second of iscsi-perf, libiscsi's own tool: READs in order. @throws Skip where it is not installed */
export async function iscsiPerf(target: TargetEnd, bytes: number, depth: number): Promise<number> {
  const lacking = missing('iscsi-perf');
  if (lacking) throw new Skip(lacking);
  const url = `iscsi://${target.portal}/${target.name}/${lun}`;
  const options = ['-t', '100', '-m', String(depth), '-b', String(bytes / 512)];
  // Its own clock may wrap around when the machine holds it up: it is told to end.
  const ended = ['timeout', '--foreground', '--preserve-status', '-s', 'INT', '-k', '10', '2'];
  await using process_ = new Process([...ended, 'iscsi-perf', ...options, url]);
  const { code } = await process_.ended;
  const rate = Number([...process_.out.matchAll(/iops average (\d+)/g)].at(-1)?.[1]);
  if (code !== 0 || !(rate > 0)) throw new Error(`iscsi-perf ended with ${code}: ${process_.err.trim()}`);
  return rate;
}
