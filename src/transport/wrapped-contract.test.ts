/** Wrappers keep the contract: with one, and with all of them at once. */

import { memoryHarness } from '../../contract/memory-harness.ts';
import { transportContract } from '../../contract/transport.ts';
import { Counters } from '../observe/counters.ts';
import { counted, portCounters } from './counted.ts';
import { faulty } from './faults.ts';
import type { MemoryBus } from './memory/bus.ts';
import { traced } from './trace.ts';
import type { Port } from './transport.ts';

const wrappers: Readonly<Record<string, (port: Port, bus: MemoryBus) => Port>> = {
  traced: (port, { clock }) => traced(port, { sink: () => undefined, clock }),
  counted: (port) => counted(port, new Counters(portCounters)),
  'faulty, without faults': (port, { clock }) => faulty(port, {}, 1, clock),
  'traced, counted and faulty': (port, bus) => {
    const inner = faulty(counted(port, new Counters(portCounters)), {}, 1, bus.clock);
    return traced(inner, { sink: () => undefined, clock: bus.clock });
  },
};

for (const [name, wrap] of Object.entries(wrappers))
  transportContract(`memory, ${name}`, (target) => memoryHarness(target, {}, wrap));
