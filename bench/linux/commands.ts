/** How many SCSI commands a stream takes, and what is in one: from the counters of the host that initiates. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Measurable, Plan, Values } from '../figure.ts';
import type { Path } from '../net/paths.ts';
import { program, throughKernel } from './path.ts';

const run = promisify(execFile);

interface Totals {
  /** Commands: messages that were sent, and those that were fetched. */
  readonly commands: number;
  readonly datagrams: number;
  readonly bytes: number;
}

type Counted = Readonly<Record<string, number>>;

async function totalsOf(bus: string): Promise<Totals> {
  const command = [program, 'status', '--bus', bus, '--json', '--timeout', '20'];
  const { stdout } = await run(process.execPath, command);
  const { hosts } = JSON.parse(stdout) as {
    hosts: readonly { status?: { peers: readonly { counters: Counted }[] } }[];
  };
  const counters = hosts[0]?.status?.peers[0]?.counters;
  if (!counters) throw new Error(`the host on ${bus} tells nothing of its peer`);
  const sum = (...names: readonly string[]) =>
    names.reduce((total, name) => total + (counters[name] ?? 0), 0);
  return {
    commands: sum('txMessages', 'pulls'),
    datagrams: sum('txPackets', 'rxPackets'),
    bytes: sum('txBytes', 'rxBytes'),
  };
}

async function streamOf({ server, client, address }: Path, seconds: number) {
  const stream = await server.call('serveStream', { address });
  return client.call('readStream', { ...stream, seconds });
}

export async function measureCommands(plan: Plan, mtu: number): Promise<Measurable> {
  let bus = '';
  const path = await throughKernel(plan, mtu, (met) => {
    bus = met;
  });
  const measure = async (): Promise<Values> => {
    const before = await totalsOf(bus);
    const { seconds } = await streamOf(path, plan.smoke ? 0.3 : 2);
    const after = await totalsOf(bus);
    const commands = after.commands - before.commands;
    return {
      commands: commands / seconds,
      'datagrams in each': (after.datagrams - before.datagrams) / commands,
      data: (after.bytes - before.bytes) / seconds / 1e6,
    };
  };
  try {
    // A stream that is not counted, for the reason that figures.ts gives.
    if (!plan.smoke) await streamOf(path, 10);
  } catch (error) {
    await path[Symbol.asyncDispose]();
    throw error;
  }
  return { measure, [Symbol.asyncDispose]: () => path[Symbol.asyncDispose]() };
}
