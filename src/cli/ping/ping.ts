/** `ipscsi ping`: round trips of SCSI commands, without IP. */

import { BusClient } from '../bus-client.ts';
import type { BusUrl } from '../bus-url.ts';
import { askStatus, controlIds, NotRunning } from '../control/client.ts';
import { ExitCode } from '../exit-codes.ts';
import { CliError } from '../failure.ts';
import { openPort, requireBus } from '../open-port.ts';
import type { Output } from '../output.ts';
import { lunsOf, reportLunsRequest } from '../scan/device.ts';
import { pause } from '../signals.ts';
import { formatMicroseconds } from '../units.ts';
import { daemonPinger, type Pinger, PortPinger } from './pingers.ts';
import { type Summary, summarize } from './statistics.ts';

export interface PingSettings {
  readonly bus: BusUrl;
  /** Ours; undefined: any that is free. */
  readonly id: number | undefined;
  /** On whose behalf, on a bus that a file describes. */
  readonly host?: string | undefined;
  readonly target: number;
  /** 0: until told to stop. */
  readonly count: number;
  readonly intervalMs: number;
  readonly bytes: number;
  readonly timeoutMs: number;
  readonly json: boolean;
}

/** Is the host with our ID up? A host that does not answer is up, too. */
async function isUp({ bus, timeoutMs }: PingSettings, id: number): Promise<boolean> {
  if (!controlIds(bus.directory)?.includes(id)) return false;
  try {
    await askStatus(bus.directory, id, timeoutMs);
    return true;
  } catch (error) {
    if (error instanceof NotRunning) return false;
    throw new CliError(
      'unreachable',
      `host ${id} does not answer: ${error instanceof Error ? error.message : error}`,
      'a host that runs',
      'without --id, ping uses an ID of its own',
    );
  }
}

function noSuchTarget({ bus, target }: PingSettings, present: readonly number[]): CliError {
  return new CliError(
    'unreachable',
    `no target with ID ${target} on ${bus.url}`,
    present.length > 0 ? `one of ${present.join(', ')}` : 'somebody to be there',
    `ipscsi scan --bus ${bus.url} shows who is`,
  );
}

/** Whose ID to ping from: on a bus that is no shared memory, rather from the host of this machine that is there already. */
function ownId({ bus, id, host }: PingSettings): number | undefined {
  if (id !== undefined || host !== undefined || bus.kind === 'shm') return id;
  const [only, ...others] = controlIds(bus.directory) ?? [];
  return others.length === 0 ? only : undefined;
}

async function openPinger(settings: PingSettings): Promise<Pinger> {
  const { bus, host, target, bytes, timeoutMs } = settings;
  const id = ownId(settings);
  requireBus(bus);
  if (id !== undefined && (await isUp(settings, id)))
    return daemonPinger(bus.directory, id, target, bytes, timeoutMs);
  const { port } = await openPort(bus, { id, host });
  try {
    const client = new BusClient(port);
    await client.until(() => port.targets.has(target), timeoutMs);
    const nexus = port.targets.get(target);
    if (!nexus)
      throw noSuchTarget(
        settings,
        [...port.targets.keys()].sort((a, b) => a - b),
      );
    const [lun = 0] = lunsOf(await client.send(target, reportLunsRequest(), timeoutMs));
    const pinger = new PortPinger(port, nexus, lun, bytes, timeoutMs);
    await pinger.prepare();
    return pinger;
  } catch (error) {
    port[Symbol.dispose]();
    throw error;
  }
}

/** "10 sent, 9 received, 10 % loss; min/median/p99 10.1 µs / 12.3 µs / 40.0 µs". */
export function summaryLine({ sent, received, lossPercent, minUs, medianUs, p99Us }: Summary): string {
  const loss = `${sent} sent, ${received} received, ${Number(lossPercent.toFixed(1))} % loss`;
  if (minUs === undefined || medianUs === undefined || p99Us === undefined) return loss;
  return `${loss}; min/median/p99 ${[minUs, medianUs, p99Us].map(formatMicroseconds).join(' / ')}`;
}

/** Sends and times; `each` hears of every round trip. */
export async function series(
  pinger: Pick<Pinger, 'once'>,
  { count, intervalMs }: Pick<PingSettings, 'count' | 'intervalMs'>,
  stop: AbortSignal,
  each: (sequence: number, us: number | undefined) => void,
): Promise<Summary & { readonly roundTripsUs: readonly number[] }> {
  const roundTripsUs: number[] = [];
  let sent = 0;
  const start = performance.now();
  while (!stop.aborted && (count === 0 || sent < count)) {
    const us = await pinger.once();
    each(sent++, us);
    if (us !== undefined) roundTripsUs.push(us);
    if (sent !== count) await pause(Math.max(start + sent * intervalMs - performance.now(), 0), stop);
  }
  return { ...summarize(sent, roundTripsUs), roundTripsUs };
}

/** @throws CliError, BusError */
export async function ping(settings: PingSettings, output: Output, stop: AbortSignal): Promise<ExitCode> {
  const { bus, target, bytes, json } = settings;
  using pinger = await openPinger(settings);
  const what = bytes > 0 ? `WRITE BUFFER and READ BUFFER, ${bytes} bytes` : 'TEST UNIT READY';
  if (!json) output.line(`SCSI ping from ID ${pinger.id} to ID ${target} on ${bus.url}: ${what}`);
  const result = await series(pinger, settings, stop, (sequence, us) => {
    if (json) return;
    const time = us === undefined ? output.colours.red('no answer') : `time=${formatMicroseconds(us)}`;
    output.line(`from ID ${target}: seq=${sequence} ${time}`);
  });
  if (json) output.line(JSON.stringify({ bus: bus.url, id: pinger.id, target, bytes, ...result }));
  else {
    output.line(`--- ID ${target} on ${bus.url} ---`);
    output.line(summaryLine(result));
  }
  return result.received > 0 || result.sent === 0 ? ExitCode.ok : ExitCode.unreachable;
}
