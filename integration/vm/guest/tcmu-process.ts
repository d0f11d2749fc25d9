/** tcmu-server.ts as a process. */

import type { TcmuOptions } from '../../../src/transport/tcmu/options.ts';
import { Process } from '../../lab/processes.ts';
import { patience } from './patience.ts';

const server = new URL('./tcmu-server.js', import.meta.url).pathname;

/** Seconds after which the kernel gives up on a server that died. */
export const timeLimit = 5;

/** A server that is up, and the sg nodes at which its peers find it where they are on this machine. */
export interface Serving {
  readonly host: Process;
  readonly nodes: readonly string[];
}

/** Starts a server, and waits until initiators can reach it. */
export async function serve(
  more: Partial<TcmuOptions> = {},
  kind: 'communications' | 'processor' = 'communications',
): Promise<Serving> {
  const host = start(more, kind);
  const [, nodes = ''] = await host.says(/^up (.*)$/m, patience);
  return { host, nodes: nodes.split(' ') };
}

/** The same without waiting. */
export function start(more: Partial<TcmuOptions> = {}, kind = 'communications'): Process {
  const usual: TcmuOptions = {
    bus: 'lab',
    id: 1,
    width: 8,
    fabric: { kind: 'loopback' },
    peers: [{ id: 0 }],
    timeLimit,
  };
  const options = JSON.stringify({ ...usual, ...more });
  return new Process([process.execPath, '--enable-source-maps', server, options, kind]);
}
