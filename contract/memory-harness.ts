/** The memory bus as the contract needs it; `wrap` puts a wrapper round every port. */

import type { Target } from '../src/scsi/command.ts';
import { MemoryBus, type MemoryBusOptions } from '../src/transport/memory/bus.ts';
import type { InitiatorNexus, Port } from '../src/transport/transport.ts';
import type { JoinOptions, TransportHarness } from './transport.ts';

export function memoryHarness(
  target: Target,
  options: MemoryBusOptions = {},
  wrap: (port: Port, bus: MemoryBus) => Port = (port) => port,
): TransportHarness {
  const bus = new MemoryBus(options);
  const ports: Port[] = [];
  const join = ({ id = bus.width - 1 - ports.length, target }: JoinOptions): Port => {
    const port = wrap(bus.attach(id), bus);
    port.target = target;
    ports.push(port);
    return port;
  };
  const initiator = join({ id: 0 });
  const targetPort = join({ id: 1, target });
  const drive = () => {
    let done = 0;
    for (const port of ports) done += port.poll();
    if (done === 0) bus.clock.advance(1);
  };
  for (let i = 0; i < 3; i++) drive();
  return {
    initiator,
    target: targetPort,
    nexus: initiator.targets.get(1) as InitiatorNexus,
    drive,
    join,
    async [Symbol.asyncDispose]() {
      for (const port of ports) port[Symbol.dispose]();
    },
  };
}
