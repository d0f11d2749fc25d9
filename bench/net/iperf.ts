/** iperf3: one TCP stream, as others measure it. */

import type { Plan } from '../figure.ts';
import type { Path } from './paths.ts';
import { isInstalled, Program } from './programs.ts';

/** Whether to measure with it; Debian's package iperf3. */
export const hasIperf = (): boolean => isInstalled('iperf3');

interface Report {
  readonly error?: string;
  readonly end: { readonly sum_received: { readonly bits_per_second: number } };
}

/** Gbit/s that the server received from the client. */
export async function iperf(path: Path, { smoke, stop }: Plan): Promise<number> {
  const [seconds, omitted] = smoke ? [1, 0] : [3, 1];
  const common = ['--forceflush', '--idle-timeout', '30', '--one-off', '--bind', path.address];
  await using server = new Program(path.serverNamespace, stop, 'iperf3', ['--server', ...common]);
  await server.says('Server listening');
  await using client = new Program(path.clientNamespace, stop, 'iperf3', [
    ...['--client', path.address, '--connect-timeout', '3000', '--json'],
    ...['--time', String(seconds), '--omit', String(omitted)],
  ]);
  const report = JSON.parse(await client.output(seconds + omitted + 10)) as Report;
  return report.end.sum_received.bits_per_second / 1e9;
}
