/** The transport contract, from sg through tcm_loop and the target core to a TCMU port in the same process. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import type { Lacks } from '../../../contract/abilities.ts';
import { ScriptedTarget } from '../../../contract/scripted-target.ts';
import { type TransportHarness, transportContract } from '../../../contract/transport.ts';
import type { Command, Nexus, Target } from '../../../src/scsi/command.ts';
import { DeviceServer } from '../../../src/scsi/device-server.ts';
import { processorUnit } from '../../../src/scsi/logical-unit.ts';
import { Status } from '../../../src/scsi/status.ts';
import { SgPort } from '../../../src/transport/sg/port.ts';
import { sendOnceSg } from '../../../src/transport/sg/send-once.ts';
import { loopbackNode, openTcmuPort } from '../../../src/transport/tcmu/open.ts';
import type { TcmuPort } from '../../../src/transport/tcmu/port.ts';
import type { InitiatorNexus } from '../../../src/transport/transport.ts';
import { until } from '../../lab/until.ts';
import { complaintsOfTheKernel } from './kernel-log.ts';
import { patience } from './patience.ts';

const lacks: Lacks = {
  'both directions': 'a command has one data phase',
  direction: 'TCMU does not tell it',
  'logical units': 'a device is one logical unit',
  attributes: 'the kernel gives every command the attribute SIMPLE',
  statuses: 'the kernel itself tries again after BUSY and TASK SET FULL',
  'long sense': 'the kernel keeps 96 bytes, and takes what is no sense data for a failure',
  'long CDBs': 'tcm_loop takes CDBs of up to 16 bytes',
  residuals: 'TCMU can’t say zero bytes, nor that there was more',
  'data with sense': 'the target core drops it',
  'order of answers': 'the driver gives what has ended in the order of submission',
  abort: 'the kernel can’t take back one command',
  abandon: 'TCMU has no answer without a status',
  'task management': 'the kernel offers resets alone',
  loss: 'a command that meets a target that is leaving ends as the adapter likes',
  'leaving initiators': 'the initiator is the kernel, which stays',
};

const identity = { vendor: 'IPSCSI', product: 'contract', revision: '0', serial: 'contract' };
const service = { send: refuse, get: refuse, cancelled: () => undefined };
function refuse(command: Command): void {
  command.complete(Status.busy);
}

/** The device lives longer than the test: its nexus begins for the test's target with the first command. */
function introduced(target: Target): Target {
  let met = false;
  const meet = (nexus: Nexus) => {
    if (!met) target.nexusEstablished(nexus);
    met = true;
  };
  return {
    command(command) {
      meet(command.nexus);
      target.command(command);
    },
    manage(nexus, what, lun, tag) {
      meet(nexus);
      return target.manage(nexus, what, lun, tag);
    },
    nexusEstablished: meet,
    nexusLost(nexus) {
      if (met) target.nexusLost(nexus);
    },
  };
}

/** A device that the kernel knows already: to be met takes it seconds. */
interface Known {
  readonly port: TcmuPort;
  readonly path: string;
}

let buses = 0;
let idle: Known | undefined;

async function meet(): Promise<Known> {
  const fabric = { kind: 'loopback' } as const;
  const port = openTcmuPort({ bus: `contract${buses++}`, id: 1, width: 8, fabric, peers: [{ id: 0 }] });
  port.target = new DeviceServer(new Map([[0, processorUnit({ identity, service, messageBufferId: 0 })]]), {
    powerOnUnitAttention: false,
  });
  await until('the fabric is up', () => port.poll() === 0 && port.fabric !== 'pending', patience);
  const path = loopbackNode(port, 0);
  assert.ok(path, port.failure ?? 'no sg node');
  return { port, path };
}

class Loop implements TransportHarness {
  readonly lacks = lacks;
  readonly target: TcmuPort;
  readonly initiator: SgPort;
  readonly nexus: InitiatorNexus;
  readonly #known: Known;
  readonly #target: Target;

  constructor(known: Known, target: Target) {
    this.#known = known;
    this.#target = target;
    this.target = known.port;
    this.target.target = introduced(target);
    this.initiator = new SgPort({
      bus: 'contract',
      devices: [{ path: known.path, id: 1 }],
      depth: 40,
      retry,
    });
    this.nexus = this.initiator.targets.get(1) as InitiatorNexus;
    assert.ok(this.nexus, this.initiator.troubles.get(1)?.message);
  }

  async drive(): Promise<void> {
    const done = this.target.poll() + this.initiator.poll();
    await (done === 0 ? pause(1) : turn());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.initiator[Symbol.dispose]();
    if (this.target.fd === -1) return;
    const held = this.#target instanceof ScriptedTarget ? this.#target.held.splice(0) : [];
    for (const command of held) command.complete(Status.good);
    // What the initiator left in the kernel's queue comes before a command of ours.
    const last = new ScriptedTarget();
    this.target.target = introduced(last);
    const sent = sendOnceSg(this.#known.path, { cdb: new Uint8Array(6) });
    let ended = false;
    const end = () => {
      ended = true;
    };
    sent.then(end, end);
    while (!ended) {
      this.target.poll();
      await pause(1);
    }
    await sent;
    idle = this.#known;
  }
}

const retry = { first: 20, most: 1000 };

transportContract('sg, tcm_loop, TCMU', async (target) => {
  const known = idle ?? (await meet());
  idle = undefined;
  return new Loop(known, target);
});

test('the kernel has no complaints', () => {
  idle?.port[Symbol.dispose]();
  assert.deepEqual(complaintsOfTheKernel(), []);
});
