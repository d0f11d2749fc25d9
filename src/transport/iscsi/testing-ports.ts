/** Ports for tests: joined by loopback, driven by blocking waits, with no event loop. */

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { Command, Nexus, Target } from '../../scsi/command.ts';
import { Status } from '../../scsi/status.ts';
import { realClock } from '../../time/clock.ts';
import { Task } from '../task.ts';
import type { InitiatorNexus } from '../transport.ts';
import { IscsiPort, type IscsiPortOptions } from './port.ts';

export const nameOf = (id: number): string => `iqn.2026-01.org.example:${id}`;

/** Why nothing can be tried over IPv6; false: it can. */
export const noIpv6: string | false = Object.values(networkInterfaces())
  .flat()
  .some((one) => one?.address === '::1')
  ? false
  : 'loopback has no IPv6 address here';

/** Answers GOOD, with the data-out as data-in; keeps what it was told of nexuses. */
export class Echo implements Target {
  readonly nexuses: Nexus[] = [];
  readonly lost: Nexus[] = [];
  commands = 0;
  command(command: Command): void {
    this.commands++;
    const { dataOut, dataOutOffset, dataOutLength } = command;
    command.complete(Status.good, undefined, dataOut, dataOutOffset, dataOutLength);
  }
  manage(): 0 {
    return 0;
  }
  nexusEstablished(nexus: Nexus): void {
    this.nexuses.push(nexus);
  }
  nexusLost(nexus: Nexus): void {
    this.lost.push(nexus);
  }
}

export function portOf(id: number, options: Partial<IscsiPortOptions> = {}): IscsiPort {
  return new IscsiPort({
    bus: 'lab',
    id,
    width: 8,
    name: nameOf(id),
    retry: { first: 1, most: 8 },
    ...options,
  });
}

/** A port that serves at a free TCP port of loopback. */
export function servingPort(
  id: number,
  target: Target = new Echo(),
  options: Partial<IscsiPortOptions> = {},
) {
  const port = portOf(id, options);
  port.target = target;
  port.listen('127.0.0.1:0');
  const tcp = port.portals[0]?.port ?? 0;
  return { port, tcp, portal: `127.0.0.1:${tcp}` };
}

/** Polls ports in turn, sleeping in one of them when there is nothing to do, until something is so. */
export function until(ports: readonly IscsiPort[], what: string, isSo: () => boolean): void {
  const deadline = realClock.now() + 20_000;
  while (!isSo()) {
    let done = 0;
    for (const port of ports) done += port.poll();
    if (done === 0) ports[0]?.wait(1);
    assert.ok(realClock.now() < deadline, `never: ${what}`);
  }
}

/** A command without data. */
export function testUnitReady(): Task {
  return new Task().setCdb(new Uint8Array(6));
}

/** The nexus to a target that is there. */
export function nexusTo(port: IscsiPort, id: number): InitiatorNexus {
  const nexus = port.targets.get(id);
  assert.ok(nexus, `target ${id} is there`);
  return nexus;
}

/** Runs a task to its end. */
export function run(ports: readonly IscsiPort[], nexus: InitiatorNexus, task: Task): void {
  let ended = false;
  task.done = () => {
    ended = true;
  };
  assert.ok(nexus.submit(task));
  nexus.kick();
  until(ports, 'the task ends', () => ended);
}

/** Descriptors that this process has. */
export const descriptors = (): number => readdirSync('/proc/self/fd').length;
