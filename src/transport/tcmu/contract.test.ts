import type { Lacks } from '../../../contract/abilities.ts';
import { ScriptedTarget } from '../../../contract/scripted-target.ts';
import { type TransportHarness, transportContract } from '../../../contract/transport.ts';
import type { Target } from '../../scsi/command.ts';
import type { InitiatorNexus, Port } from '../transport.ts';
import { FakeInitiator } from './testing-initiator.ts';
import { TcmuStage } from './testing-stage.ts';

const lacks: Lacks = {
  'both directions': 'a command has one data phase',
  direction: 'TCMU does not tell which way data goes',
  'logical units': 'a device is one logical unit',
  attributes: 'TCMU does not tell the task attribute',
  'long sense': 'a response holds 96 bytes',
  residuals: 'TCMU can’t say zero bytes, nor that there was more',
  'long CDBs': 'their length is told by the CDB itself',
  abort: 'TCMU names the command but not its LUN',
  abandon: 'TCMU has no answer without a status',
  'task management': 'the kernel does not wait for our response',
  'leaving initiators': 'TCMU does not tell of them',
};

const limits = { maxDataOut: 70_000, maxDataIn: 70_000, maxQueued: 16 };
const shape = { ringSize: 65_536, block: 4096, blocks: 18 * 16 };

class Loop implements TransportHarness {
  readonly lacks = lacks;
  readonly #stage = new TcmuStage(new ScriptedTarget(), shape);
  readonly initiator: Port;
  readonly target: Port;
  readonly nexus: InitiatorNexus;

  constructor(target: Target) {
    const { port, kernel } = this.#stage;
    const initiator = new FakeInitiator(kernel, limits);
    port.target = target;
    port.poll();
    this.initiator = initiator;
    this.target = port;
    this.nexus = initiator.nexus;
    this.#stage.onEnd = () => {
      initiator.nexus.gone = true;
    };
  }

  drive(): void {
    this.target.poll();
    this.initiator.poll();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.initiator[Symbol.dispose]();
    this.#stage[Symbol.dispose]();
  }
}

transportContract('TCMU, its kernel in plain memory', (target) => new Loop(target));
