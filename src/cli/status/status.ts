/** `ipscsi status`: once, or again and again. */

import type { BusUrl } from '../bus-url.ts';
import { askAll, controlIds, type HostReport } from '../control/client.ts';
import { ExitCode } from '../exit-codes.ts';
import { CliError } from '../failure.ts';
import { requireBus } from '../open-port.ts';
import type { Output } from '../output.ts';
import { pause } from '../signals.ts';
import { statusLines } from './report.ts';

export interface StatusSettings {
  readonly bus: BusUrl;
  /** That host only. */
  readonly id: number | undefined;
  readonly json: boolean;
  readonly timeoutMs: number;
  /** Milliseconds between two looks; undefined: one look. */
  readonly watchMs: number | undefined;
}

/** Home, and erase what is below. */
const redraw = '\x1b[H\x1b[J';

/** Nobody is there to ask. @throws CliError when there is not even a bus */
function nobodyUp(bus: BusUrl, id?: number): CliError {
  const { url } = bus;
  requireBus(bus);
  const ids = controlIds(bus.directory) ?? [];
  const who = id === undefined ? 'no host' : `no host with ID ${id}`;
  const others = ids.filter((each) => each !== id);
  const expected =
    id !== undefined && others.length > 0 ? `one of ${others.join(', ')}` : 'a running `ipscsi up`';
  return new CliError(
    'unreachable',
    `${who} is up on ${url}`,
    expected,
    `start one: ipscsi up --bus ${url} --id ${id ?? 0}`,
  );
}

async function look({ bus, id, timeoutMs }: StatusSettings): Promise<HostReport[]> {
  return askAll(bus.directory, timeoutMs, id === undefined ? undefined : [id]);
}

const asJson = ({ bus }: StatusSettings, hosts: readonly HostReport[], now: number) =>
  JSON.stringify({ bus: bus.url, time: new Date(now).toISOString(), hosts });

function show(settings: StatusSettings, reports: readonly HostReport[], now: number, output: Output): void {
  if (settings.json) output.line(asJson(settings, reports, now));
  else for (const line of statusLines(reports, now, output.colours)) output.line(line);
}

/** Prints one look. */
async function once(settings: StatusSettings, output: Output): Promise<ExitCode> {
  const reports = await look(settings);
  if (reports.length === 0) throw nobodyUp(settings.bus, settings.id);
  show(settings, reports, Date.now(), output);
  return reports.some(({ state }) => state === 'up') ? ExitCode.ok : ExitCode.unreachable;
}

/** Prints look after look, with rates, until told to stop. With JSON: a line for each look. */
async function watch(
  settings: StatusSettings,
  everyMs: number,
  output: Output,
  stop: AbortSignal,
): Promise<ExitCode> {
  let before: { readonly reports: readonly HostReport[]; readonly at: number } | undefined;
  while (!stop.aborted) {
    const reports = await look(settings);
    const at = performance.now();
    const now = Date.now();
    if (settings.json) output.line(asJson(settings, reports, now));
    else {
      const earlier = before && {
        reports: before.reports,
        seconds: Math.max((at - before.at) / 1000, 0.001),
      };
      const lines = statusLines(reports, now, output.colours, earlier);
      const head = `${settings.bus.url}  ${new Date(now).toISOString()}  every ${everyMs / 1000} s, Ctrl-C ends`;
      const body = lines.length > 0 ? lines : ['nobody is up'];
      output.line(`${redraw}${[head, '', ...body].join('\n')}`);
    }
    before = { reports, at };
    await pause(everyMs, stop);
  }
  return ExitCode.ok;
}

/** @throws CliError when nobody is there; a stopped host is reported, not waited for. */
export function status(settings: StatusSettings, output: Output, stop: AbortSignal): Promise<ExitCode> {
  return settings.watchMs === undefined
    ? once(settings, output)
    : watch(settings, settings.watchMs, output, stop);
}
