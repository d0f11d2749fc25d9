/** The thread of a forwarder (forwarder.ts). */

import { writeSync } from 'node:fs';
import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import { Forwarder } from '../mpi/fabric/forwarder.ts';
import { realClock } from '../time/clock.ts';
import { type ForwarderAnswer, type ForwarderData, Stage } from './forwarder.ts';
import { networkOf } from './layout.ts';
import { Places } from './places.ts';
import { type Doors, Rails } from './rails.ts';

/** Milliseconds of sleep after which it looks whether it is to end. */
const napMs = 50;

const { layout, hosts, node, directory, secret, patienceMs, stage, port } = workerData as ForwarderData;
const word = new Int32Array(stage);
const name = layout.names[node];

function step(to: number): void {
  Atomics.store(word, 0, to);
  Atomics.notify(word, 0);
}

function answer(said: ForwarderAnswer): void {
  port.postMessage(said);
  step(Stage.listening);
}

function open(): Rails | undefined {
  try {
    const places = new Places(layout, hosts);
    const rails = new Rails({ places, directory, secret, patienceMs, clock: realClock }, node, 0);
    answer({ doors: rails.doors });
    return rails;
  } catch (error) {
    answer({ failed: (error as Error).message });
    return undefined;
  }
}

/** Passes on what comes, until it is to end. */
function serve(rails: Rails): void {
  Atomics.wait(word, 0, Stage.listening);
  const doors = receiveMessageOnPort(port)?.message as (Doors | undefined)[] | undefined;
  if (doors) rails.reach(doors);
  const options = { node, network: networkOf(layout), rails: rails.rails, clock: realClock };
  using forwarder = new Forwarder(options, layout.size);
  const goesOn = () => {
    const now = Atomics.load(word, 0);
    return now === Stage.running || (now === Stage.lingering && !forwarder.alone);
  };
  while (goesOn()) forwarder.run(napMs);
}

try {
  using rails = open();
  if (rails) serve(rails);
} catch (error) {
  // Its rank may be in a call for long: nobody else would tell.
  writeSync(2, `forwarder ${name} has failed: ${(error as Error).stack ?? String(error)}\n`);
}
step(Stage.ended);
