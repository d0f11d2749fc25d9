/** Two hosts joined by this machine's own kernel: TCMU behind tcm_loop, sg before it. */

import { readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Plan } from '../figure.ts';
import { build, type Path } from '../net/paths.ts';
import { Program } from '../net/programs.ts';

export const program: string = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const nodes = () => readdirSync('/sys/class/scsi_generic');
/** An emulated machine takes its time to scan. */
const patience = 120_000;
const napMs = 50;

/** The sg device that was not there before. */
async function newNode(before: readonly string[]): Promise<string> {
  for (let waited = 0; waited < patience; waited += napMs) {
    const node = nodes().find((name) => !before.includes(name));
    if (node !== undefined) return `/dev/${node}`;
    await pause(napMs);
  }
  throw new Error('the kernel has found no device of ours');
}

/** `met`: told the bus of the initiator. */
export const throughKernel = (
  plan: Plan,
  mtu: number,
  met: (bus: string) => void = () => undefined,
): Promise<Path> =>
  build(plan, 'sg and TCMU', async (server, client, own) => {
    const before = nodes();
    const up = async (namespace: number, bus: string, address: string, ...more: readonly string[]) => {
      const args = [program, 'up', '--bus', bus, '--address', address, '--mtu', String(mtu), ...more];
      const host = new Program(namespace, plan.stop, process.execPath, args);
      own.add(() => host.end());
      await host.says('ready');
    };
    await up(server, 'tcmu:bench', '10.92.0.1/24', '--fabric', 'loopback');
    const bus = `sg:${await newNode(before)}`;
    await up(client, bus, '10.92.0.2/24');
    met(bus);
    return { address: '10.92.0.1' };
  });
