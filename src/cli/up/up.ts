/** `ipscsi up`: a host from its start to its end. */

import { setFlagsFromString } from 'node:v8';
import { HostError } from '../../net/errors.ts';
import type { Host, HostOptions } from '../../net/host.ts';
import type { Logger, LogLevel } from '../../observe/logger.ts';
import { ExitCode } from '../exit-codes.ts';
import { CliError } from '../failure.ts';
import { jsonLogger } from '../log.ts';
import type { Output } from '../output.ts';
import { aborted, pause } from '../signals.ts';

export interface UpSettings {
  readonly json: boolean;
  readonly logLevel: LogLevel;
}

/** Brings a host up. */
export type StartHost = (options: HostOptions, logger: Logger) => Promise<Host>;

/** A host that has not gone by then is left to the end of the process. */
const stopLimitMs = 5000;

const startRealHost: StartHost = async (options, logger) => {
  const [{ startHost }, { dropCapabilities }] = await Promise.all([
    import('../../net/host.ts'),
    import('../../sys/privileges.ts'),
  ]);
  const host = await startHost(options, logger);
  // A host that is woken a hundred times a second should not have to wait minutes for its compiled code.
  setFlagsFromString('--interrupt-budget=1000');
  dropCapabilities(); // the interface is made; what is left needs none (the host's thread has done the same)
  return host;
};

/** The one line that says the interface is up. */
export function readyLine(host: Host, options: HostOptions, pid: number, json: boolean): string {
  const { interface: name, mac, mtu } = host;
  const { id, bus, addresses } = options;
  if (json) return JSON.stringify({ event: 'ready', interface: name, mac, id, bus, mtu, addresses, pid });
  const where = options.netns === undefined ? '' : ` in ${options.netns}`;
  return [`${name}${where} is ready: ID ${id} on ${bus}`, mac, `MTU ${mtu}`, ...addresses, `pid ${pid}`].join(
    ', ',
  );
}

async function stopInTime(host: Host): Promise<void> {
  const limit = new AbortController();
  const late = pause(stopLimitMs, limit.signal).then(() => 'late');
  const end = await Promise.race([host.stop(), late]);
  limit.abort();
  if (end === 'late')
    throw new CliError(
      'failure',
      `the host did not stop within ${stopLimitMs / 1000} s`,
      undefined,
      'it ends with its process',
    );
}

/** Runs a host until `stop` fires or it ends by itself. @throws HostError, CliError */
export async function up(
  options: HostOptions,
  { json, logLevel }: UpSettings,
  output: Output,
  stop: AbortSignal,
  start: StartHost = startRealHost,
): Promise<ExitCode> {
  const logger = jsonLogger(logLevel, (line) => void process.stderr.write(line));
  const starting = start(options, logger);
  // Loaded while the host's thread starts.
  const [host, { ControlServer }] = await Promise.all([starting, import('../control/server.ts')]);
  let why: Error | undefined;
  try {
    await using control = await ControlServer.open(options.directory, options.id, host, logger);
    output.line(readyLine(host, options, process.pid, json));
    logger.log('info', 'ready', { id: options.id, bus: options.bus, control: control.path });
    why = await Promise.race([aborted(stop).then(() => undefined), host.ended]);
  } finally {
    logger.log('info', 'stopping', { id: options.id, reason: stop.reason ?? why });
    await stopInTime(host);
  }
  if (stop.aborted) return ExitCode.ok;
  throw new HostError('ended', `the host ended by itself: ${why?.message ?? 'no reason given'}`, {
    hint: 'start it again; --log-level debug tells more',
    cause: why,
  });
}
