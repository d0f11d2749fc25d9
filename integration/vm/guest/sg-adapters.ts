/** Which command sets get through which emulated adapter. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { before, test } from 'node:test';
import { sgDevices } from '../../../src/cli/scan/sg-devices.ts';
import { type CommandSet, extendedGet, extendedSend } from '../../../src/link/command-set.ts';
import { SgPort } from '../../../src/transport/sg/port.ts';
import { Task } from '../../../src/transport/task.ts';
import type { InitiatorNexus } from '../../../src/transport/transport.ts';
import { until } from '../../lab/until.ts';
import { complaintsOfTheKernel } from './kernel-log.ts';
import { patience } from './patience.ts';

interface Found {
  readonly carries: readonly CommandSet[];
  /** These fail at once, or after a time-out and a reset; the device lives on. */
  readonly refuses: readonly CommandSet[];
}

/** By the driver's name. QEMU works out length and direction from the opcode, but under virtio-scsi and pvscsi. */
const expected: Readonly<Record<string, Found>> = {
  sym53c8xx: { carries: ['buffer'], refuses: ['message', 'send'] },
  virtio_scsi: { carries: ['message', 'send', 'buffer'], refuses: [] },
  // SEND MESSAGE(12) only when it is short: its length counts as blocks.
  vmw_pvscsi: { carries: ['send', 'buffer'], refuses: [] },
  megaraid_sas: { carries: ['buffer'], refuses: ['message', 'send'] },
  uas: { carries: ['buffer'], refuses: ['message'] },
  am53c974: { carries: ['buffer'], refuses: [] },
};
const timeouts = { usualMs: 4000, heldMs: 4000 };
const good = '0';
const checkCondition = '2';
const retry = { first: 100, most: 1000 };

const all = () => sgDevices()?.filter(({ vendor }) => vendor === 'IPSCSI') ?? [];
before(() =>
  until('every adapter shows its device', () => all().length === Object.keys(expected).length, patience),
);

async function run(port: SgPort, nexus: InitiatorNexus, task: Task): Promise<string> {
  let end: string | undefined;
  task.done = ({ fault, status }) => {
    end = fault ?? String(status);
  };
  if (!nexus.submit(task)) return 'full';
  await until('the command ends', () => port.poll() >= 0 && end !== undefined, patience);
  return end ?? '';
}

/** Sends until no unit attention is in the way; how it ended. */
async function persist(port: SgPort, nexus: InitiatorNexus, task: Task): Promise<string> {
  for (let tries = 0; ; tries++) {
    const end = await run(port, nexus, task);
    if (end !== checkCondition || tries === 3) return end;
  }
}

/** Does a message go, and come back as it was? Undefined, or what went wrong. */
async function failure(port: SgPort, set: CommandSet, size: number): Promise<string | undefined> {
  const nexus = port.targets.get(1);
  if (!nexus) return 'no device';
  const message = randomBytes(size);
  const send = new Task();
  send.cdbLength = extendedSend(send.cdb, set, 0, size);
  send.setDataOut(message);
  const sent = await persist(port, nexus, send);
  if (sent !== good) return `sent: ${sent}`;
  const get = new Task();
  get.cdbLength = extendedGet(get.cdb, set, 0, size);
  get.setDataIn(new Uint8Array(size));
  const got = await persist(port, nexus, get);
  if (got !== good) return `got: ${got}`;
  return Buffer.compare(get.dataIn, message) === 0 ? undefined : 'other bytes came back';
}

for (const [driver, { carries, refuses }] of Object.entries(expected)) {
  test(`${driver}: ${carries.join(', ')}`, async () => {
    const device = all().find((one) => one.driver === driver);
    assert.ok(device, `a device of ${driver}; there are ${all().map((one) => one.driver)}`);
    using port = new SgPort({ bus: 'vm', devices: [{ path: device.node, id: 1 }], timeouts, retry });
    const nexus = port.targets.get(1) as InitiatorNexus;
    // Unit attentions; a command with data-out that meets one may look like an adapter's failure.
    for (let i = 0; i < 3; i++) await run(port, nexus, new Task().setCdb(new Uint8Array(6)));
    const failures: string[] = [];
    for (const set of carries)
      for (const size of [60, 1500, 65_280]) {
        const why = await failure(port, set, size);
        if (why) failures.push(`${set}, ${size} bytes: ${why}`);
      }
    assert.deepEqual(failures, []);
    for (const set of refuses) assert.ok(await failure(port, set, 1500), `${set} is refused`);
    assert.equal(nexus.alive, true);
  });
}

test('the kernel has no complaints', () => assert.deepEqual(complaintsOfTheKernel(), []));
