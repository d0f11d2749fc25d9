/** IP between two namespaces of the guest: a host of ours on one side of a fabric, another on the sg device on its other side. */

import assert from 'node:assert/strict';
import { Lab, program } from '../../lab/lab.ts';
import type { Place } from '../../lab/processes.ts';
import { reach } from '../../lab/sockets.ts';
import { until } from '../../lab/until.ts';
import { must } from './commands.ts';
import { sendFile } from './files.ts';
import { patience } from './patience.ts';

const file = 1 << 20;
/** SRP carries 48 KiB in a command. */
const mtu = ['--mtu', '40000'];

/** What the host on a device counts. */
const statusOf = async (place: Place, lab: Lab, node: string) =>
  (await lab.run(place, process.execPath, program, 'status', '--bus', `sg:${node}`, '--timeout', '20')).out;

/** The sg nodes of units of ours. */
export const ourNodes = (): readonly string[] =>
  must('lsscsi', '-g').match(/(?<=IPSCSI.*)\/dev\/sg\d+/g) ?? [];

/**
 * Brings a target up with these options of `ipscsi up`, lets `connect` bring the kernel's initiator to it, brings a host up on the
 * device that appears, and has them talk. `disconnect` comes before the target ends.
 */
export async function carry(
  options: readonly string[],
  connect: () => void,
  { disconnect }: { disconnect?: () => void } = {},
): Promise<void> {
  await using lab = await Lab.open();
  const [near, far] = [lab.place(), lab.place()];
  const old = ourNodes(); // a fabric that is gone keeps its devices for a while
  // The fabric's own traffic is the guest's; only the interface is in the namespace.
  const up = [...options, '--netns', near.path, '--address', '10.90.0.1/24', ...mtu];
  const target = lab.upHere(...up);
  await target.says(/"event":"ready"/, patience);
  connect();
  const node = await until('it appears', () => ourNodes().find((one) => !old.includes(one)), patience);
  assert.match(must('sg_inq', node), /PDT=9/);
  const initiator = lab.up(far, '--bus', `sg:${node}`, '--address', '10.90.0.2/24', ...mtu);
  await initiator.says(/"event":"ready"/, patience);
  await reach(far, '10.90.0.1', patience);
  await reach(near, '10.90.0.2', patience);
  await transfer(lab, near, far, node);
  assert.equal((await initiator.stop()).code, 0, initiator.err);
  // Its GET MESSAGEs wait on in the target, and its kernel waits for them; a frame each sends them home.
  await lab.run(near, 'ping', '-q', '-c', '64', '-i', '0.02', '-w', '5', '10.90.0.2');
  disconnect?.();
  assert.equal((await target.stop()).code, 0, target.err);
}

/** Large pings, and a file over TCP, its sum compared. */
async function transfer(lab: Lab, near: Place, far: Place, node: string): Promise<void> {
  const large = await lab.run(far, 'ping', '-c', '2', '-W', '20', '-s', '30000', '10.90.0.1');
  if (large.code !== 0) throw new Error(`${large.out}${large.err}${await statusOf(far, lab, node)}`);
  await sendFile(lab, { from: near, to: far, address: '10.90.0.1', size: file });
}
