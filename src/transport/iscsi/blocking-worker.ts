/** For blocking.test.ts, as a thread or a process: a port that only ever blocks in wait(), its event loop never turning. */

import { writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { InitiatorNexus } from '../transport.ts';
import { Echo, nameOf, portOf, testUnitReady } from './testing-ports.ts';

export interface Job {
  readonly id: number;
  /** TCP port to listen at; 0: any. */
  readonly listen: number;
  /** The target to talk to, and the TCP port where it listens. */
  readonly peer?: { readonly id: number; readonly tcp: number };
  /** Its first word is set: stop. A process is killed instead. */
  readonly stop?: Int32Array;
}

/** What is told: where it listens, that the peer came, that so many more commands ended well. */
export type Report = { readonly listening: number } | { readonly met: number } | { readonly ended: number };

const batch = 500;

function report(what: Report): void {
  if (parentPort) parentPort.postMessage(what);
  else writeSync(1, `${JSON.stringify(what)}\n`);
}

/** One command after the other, for as long as there is a nexus. */
function talk(port: ReturnType<typeof portOf>): void {
  const task = testUnitReady();
  let nexus: InitiatorNexus | undefined;
  let ended = 0;
  const send = () => {
    if (nexus?.submit(task)) nexus.kick();
  };
  task.done = () => {
    if (!task.fault && ++ended % batch === 0) report({ ended: batch });
    if (nexus?.alive) send();
  };
  port.listener = {
    appeared: (one) => {
      report({ met: one.target });
      nexus = one;
      if (task.slot === -1) send();
    },
    vanished: () => {
      nexus = undefined;
    },
  };
}

function work({ id, listen, peer, stop }: Job): void {
  using port = portOf(id);
  port.target = new Echo();
  port.listen(`127.0.0.1:${listen}`);
  report({ listening: port.portals[0]?.port ?? 0 });
  talk(port);
  if (peer) port.reach(peer.id, { portal: `127.0.0.1:${peer.tcp}`, target: nameOf(peer.id) });
  while (!stop || Atomics.load(stop, 0) === 0) {
    port.wait(stop ? 50 : Number.POSITIVE_INFINITY);
    port.poll();
  }
}

work(parentPort ? (workerData as Job) : (JSON.parse(process.argv[2] ?? '') as Job));
