/** The demo from its start to its end: hosts of its own, joined by nothing but SCSI commands, and what they can do. */

import { constants } from 'node:os';
import { ExitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { aborted } from '../signals.ts';
import { formatBitRate } from '../units.ts';
import { type Measurement, measure, measureLoopback, measureVeth } from './measure.ts';
import { isRootless, probeMachine } from './privilege.ts';
import { Progress, type Say } from './progress.ts';
import { historical, type Measured, reportLines } from './report.ts';
import { arp, crash, hostsUp, http, keepHints, ping, type Trio } from './scenes.ts';
import { Stage } from './stage.ts';

export interface DemoOptions {
  /** At least 3: one crashes while two talk. */
  readonly hosts: number;
  /** Of the file fetched over HTTP, in MiB. */
  readonly size: number;
  /** Measure, and print the table. */
  readonly bench: boolean;
  /** Stay up until told to stop. */
  readonly keep: boolean;
  readonly json: boolean;
}

/** Runs it. A signal ends it early: 128 plus its number. @throws CliError naming the step that failed */
export async function demo(options: DemoOptions, output: Output, stop: AbortSignal): Promise<number> {
  const start = performance.now();
  const progress = new Progress(output, options.json);
  try {
    const { ipv6 } = probeMachine();
    await using stage = new Stage(options.hosts, ipv6, stop);
    progress.say(
      `${options.hosts} hosts, each in a network namespace of its own, joined by nothing but SCSI commands (${stage.bus}).`,
      { bus: stage.bus, hosts: options.hosts },
    );
    await play(stage, options, ipv6, progress, output);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    progress.say(`All of it worked, in ${seconds} s.`, { event: 'done', seconds: Number(seconds) });
    if (options.keep) await stay(stage, progress, stop);
    return ExitCode.ok;
  } catch (error) {
    if (!stop.aborted) throw error;
    return 128 + constants.signals[stop.reason as NodeJS.Signals];
  }
}

async function play(
  stage: Stage,
  { size, bench, json }: DemoOptions,
  ipv6: boolean,
  progress: Progress,
  output: Output,
): Promise<void> {
  const step = <T>(name: string, title: string, work: (say: Say) => Promise<T>) =>
    progress.step(name, title, work, stage.failed);
  const trio = await step('up', 'Hosts come up', (say) => hostsUp(stage, say));
  const [first] = trio;
  await step('arp', 'Address resolution', (say) => arp(stage, trio, say));
  await step('ping', 'ICMP ping', (say) => ping(stage, first, 'ipv4', say));
  if (ipv6) await step('ping6', 'ICMPv6 ping', (say) => ping(stage, first, 'ipv6', say));
  else progress.say('IPv6 is disabled on this machine: left out.');
  await step('http', `A file of ${size} MiB over HTTP`, (say) => http(stage, trio, size, say));
  await step('crash', 'A host crashes and comes back', (say) => crash(stage, trio, say));
  if (!bench) return;
  const measured = await step('bench', 'How fast, some seconds each', (say) => measureAll(stage, trio, say));
  if (json) progress.say('results', { event: 'results', ...measured, historical });
  else for (const line of ['', ...reportLines(measured, output.colours), '']) output.line(line);
}

async function measureAll(stage: Stage, [first, second]: Trio, say: Say): Promise<Measured> {
  const measured = async (what: string, work: Promise<Measurement>) => {
    const measurement = await work;
    say(`${what}: ${formatBitRate(measurement.megabytesPerSecond * 1e6)}`, { ...measurement });
    return measurement;
  };
  const ipscsi = await measured('IP over SCSI', measure(second, first, stage.place(2).ipv4));
  const veth = await measured('veth', measureVeth(stage.stop));
  const loopback = await measured('loopback', measureLoopback(stage.stop));
  return { ipscsi, veth, loopback };
}

async function stay(stage: Stage, progress: Progress, stop: AbortSignal): Promise<void> {
  const hints = keepHints(stage, isRootless(), process.argv[1] ?? '');
  for (const hint of hints) progress.say(hint);
  await Promise.race([aborted(stop), stage.failed]);
}
