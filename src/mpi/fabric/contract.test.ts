import { type JoinOptions, type TransportHarness, transportContract } from '../../../contract/transport.ts';
import type { Target } from '../../scsi/command.ts';
import { type Faults, faulty } from '../../transport/faults.ts';
import type { InitiatorNexus, Port } from '../../transport/transport.ts';
import { Lab, railsShape, type Shape } from './lab.test.ts';

const ranks = 8;

class Harness implements TransportHarness {
  readonly initiator: Port;
  readonly target: Port;
  readonly nexus: InitiatorNexus;
  readonly #lab: Lab;

  constructor(shape: Shape, target: Target) {
    this.#lab = new Lab(shape);
    this.initiator = this.join({ id: 0 });
    this.target = this.join({ id: 1, target });
    for (let round = 0; round < 1000 && !this.initiator.targets.has(1); round++) this.drive();
    this.nexus = this.initiator.targets.get(1) as InitiatorNexus;
    for (let round = 0; round < 20; round++) this.drive();
  }

  join({ id = ranks - 1 - this.#lab.ports.length, target }: JoinOptions): Port {
    const port = this.#lab.open(id, target);
    // Forwarders have threads of their own: they go on while a rank waits.
    const wait = port.wait.bind(port);
    port.wait = (ms) => {
      while (this.#lab.forward() > 0);
      return wait(ms);
    };
    return port;
  }

  drive(): void {
    this.#lab.drive();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lab[Symbol.dispose]();
  }
}

const contract = (name: string, shape: Shape) =>
  transportContract(`routed, ${name}`, (target) => new Harness(shape, target));

const odd = [1, 3, 5, 7];
const even = [0, 2, 4, 6];
const oneForwarder: Shape = {
  ranks,
  buses: [
    [...even, 8],
    [...odd, 8],
  ],
};

const unkind = (faults: Faults): Pick<Shape, 'wrap'> => {
  let seed = 1;
  return { wrap: (port, clock) => faulty(port, faults, seed++, clock) };
};

contract('one bus', railsShape(ranks, 1));
contract('a slow and narrow bus', { ...railsShape(ranks, 1), memory: { latency: 1, depth: 4 } });
contract('a forwarder between', oneForwarder);
contract('two rails', railsShape(ranks, 2));
contract('a chain of three forwarders', {
  ranks,
  buses: [
    [...even, 8],
    [8, 9],
    [9, 10],
    [...odd, 10],
  ],
});
contract('two rails that refuse and delay', {
  ...railsShape(ranks, 2),
  ...unkind({ busy: 0.05, full: 0.05, delay: 0.1, delayMs: 5 }),
});
contract('a forwarder between buses that lose', { ...oneForwarder, ...unkind({ lose: 0.02, busy: 0.02 }) });
