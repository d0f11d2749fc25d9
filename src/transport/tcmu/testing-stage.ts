/** For tests: a port whose devices have fake kernels behind them, and a target that does as the test says. */

import type { Target } from '../../scsi/command.ts';
import { VirtualClock } from '../../time/clock.ts';
import { TcmuDevice } from './device.ts';
import { type Backing, TcmuPort } from './port.ts';
import { FakeKernel } from './testing-kernel.ts';

/** How long the target may hold a command, ms. */
export const patience = 20_000;

export class TcmuStage<T extends Target> implements Disposable {
  readonly clock = new VirtualClock();
  readonly target: T;
  readonly kernels: readonly FakeKernel[];
  readonly port: TcmuPort;
  /** What the port did with its backing. */
  readonly did: string[] = [];
  /** The port has closed. */
  onEnd: () => void = () => undefined;
  /** Set by the test: the fabric is up, or why not. */
  settled: { readonly failure: string | undefined } | undefined = { failure: undefined };

  constructor(
    target: T,
    shape: ConstructorParameters<typeof FakeKernel>[0] = {},
    peers: readonly number[] = [0],
  ) {
    this.target = target;
    this.kernels = peers.map(() => new FakeKernel(shape));
    const devices = this.kernels.map((kernel, i) => {
      const initiator = peers[i] as number;
      return new TcmuDevice({ initiator, name: `peer ${initiator}`, lun: 0 }, kernel.memory, kernel);
    });
    const backing: Backing = {
      fd: -1,
      begin: () => this.did.push('begin'),
      settled: () => this.settled,
      resetRing: (device) => {
        this.did.push('reset');
        this.kernels[devices.indexOf(device)]?.reset();
        device.reset();
      },
      lost: (device) => this.did.push(`lost ${device.initiator}`),
      end: () => {
        this.did.push('end');
        this.onEnd();
        for (const kernel of this.kernels) kernel.reset();
      },
    };
    this.port = new TcmuPort({ bus: 'lab', id: 1, width: 8, devices, backing, clock: this.clock, patience });
    this.port.target = this.target;
  }

  /** The first device's kernel. */
  get kernel(): FakeKernel {
    return this.kernels[0] as FakeKernel;
  }

  [Symbol.dispose](): void {
    this.port[Symbol.dispose]();
    for (const kernel of this.kernels) kernel[Symbol.dispose]();
  }
}
