/** `ipscsi scan` and `ipscsi raw` on devices of the kernel's own and on ours; a port whose device goes, and comes back. */

import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { parseBusUrl } from '../../../src/cli/bus-url.ts';
import { noColours } from '../../../src/cli/colours.ts';
import { doctor } from '../../../src/cli/doctor/doctor.ts';
import { ExitCode } from '../../../src/cli/exit-codes.ts';
import type { Output } from '../../../src/cli/output.ts';
import { raw } from '../../../src/cli/raw/raw.ts';
import { scanSg } from '../../../src/cli/scan/sg.ts';
import { TaskManagement, TaskManagementResponse } from '../../../src/scsi/command.ts';
import { dropCapabilities } from '../../../src/sys/privileges.ts';
import { SgPort } from '../../../src/transport/sg/port.ts';
import { Task } from '../../../src/transport/task.ts';
import { execute, type InitiatorNexus } from '../../../src/transport/transport.ts';
import { until } from '../../lab/until.ts';
import { attempt } from './commands.ts';
import { complaintsOfTheKernel } from './kernel-log.ts';
import { patience } from './patience.ts';
import { type Serving, serve } from './tcmu-process.ts';

const main = new URL('../../../src/cli/main.js', import.meta.url).pathname;
const testUnitReady = new Uint8Array(6);
/** scsi_debug's devices: LUN 0 and 1 of one target. */
const [first, second] = ['/dev/sg0', '/dev/sg1'];
const retry = { first: 20, most: 200 };

let ours: Serving;
before(async () => {
  ours = await serve();
});
after(() => ours.host.stop());

/** What a command prints, and its exit code; in this process, since an emulated machine takes seconds to start one. */
async function printed(
  command: (output: Output) => ExitCode | Promise<ExitCode>,
): Promise<{ code: ExitCode; out: string }> {
  const lines: string[] = [];
  const code = await command({ colours: noColours, line: (text) => void lines.push(text) });
  return { code, out: lines.join('\n') };
}

test('scan shows every device, and asks those that may be hosts', async () => {
  const { code, out } = await printed((output) =>
    scanSg({ devices: [], json: false, timeoutMs: patience }, output),
  );
  assert.equal(code, ExitCode.ok, out);
  assert.match(out, /\/dev\/sg0 +0:0:0:0 +comms +Linux +scsi_debug .* scsi_debug +- +rfc2143\?/);
  assert.match(out, /comms +IPSCSI +VM test +0\.1 +tcm_loopback/);
  const said = attempt(process.execPath, main, 'scan', '--bus', 'sg:', '--json', '--timeout', '60');
  assert.equal(said.status, 0, said.err || 'killed');
  const { devices } = JSON.parse(said.out);
  assert.deepEqual(
    devices.map(({ node }: { node: string }) => node),
    [first, second, ...ours.nodes],
  );
});

/** `ipscsi raw`, with room for 36 bytes. */
const sendRaw = (node: string, cdb: Uint8Array) =>
  printed((output) =>
    raw(
      {
        ...{ bus: parseBusUrl(`sg:${node}`), target: undefined, lun: 0, cdb, dataIn: 36, dataOut: undefined },
        ...{ chap: undefined, json: false, timeoutMs: patience },
      },
      output,
    ),
  );

test('raw sends to a device of the kernel’s and to ours', async () => {
  const attention = await sendRaw(first, testUnitReady);
  assert.match(attention.out, /CHECK CONDITION[\s\S]*29h/);
  const inquiry = Uint8Array.of(0x12, 0, 0, 0, 36, 0);
  const good = await sendRaw(first, inquiry);
  assert.equal(good.code, ExitCode.ok, good.out);
  assert.match(good.out, /scsi_debug/);
  assert.match((await sendRaw(ours.nodes[0] ?? '', inquiry)).out, /VM test/);
  const refused = await sendRaw(first, Uint8Array.of(0xc0, 0, 0, 0, 0, 0));
  assert.deepEqual(
    [refused.code, /INVALID COMMAND/i.test(refused.out)],
    [ExitCode.failure, true],
    refused.out,
  );
});

test('doctor finds the devices, the modules and the way to them', async () => {
  const { out } = await printed((output) => doctor({ json: true }, output));
  const { kernel, modules, adapters, transports } = JSON.parse(out);
  assert.match(kernel, /amd64/);
  assert.deepEqual(
    [modules.sg, modules.iscsi_target_mod, modules.usb_f_tcm],
    ['loaded', 'available', 'absent'],
  );
  assert.ok(adapters.some(({ driver }: { driver: string }) => driver === 'scsi_debug'));
  const verdicts = Object.fromEntries(
    transports.map(({ name, verdict }: Record<string, string>) => [name, verdict]),
  );
  assert.equal(verdicts['sg'], 'ready');
  assert.equal(verdicts['tcmu loopback'], 'ready');
  assert.equal(verdicts['tcmu iscsi'], 'possible');
  assert.equal(verdicts['tcmu usb_gadget'], 'not here');
});

/** Polls until something is so; once a look: on a slow machine the answers of steady traffic may never run out. */
const drive = (port: SgPort, what: string, isSo: () => boolean) =>
  until(
    what,
    () => {
      port.poll();
      return isSo();
    },
    patience,
  );

async function ask(port: SgPort, nexus: InitiatorNexus, cdb = testUnitReady): Promise<number> {
  let status = -1;
  const asked = execute(nexus, { cdb }).then((outcome) => {
    status = outcome.status;
  });
  let ended = false;
  void asked
    .catch(() => undefined)
    .finally(() => {
      ended = true;
    });
  await drive(port, 'it is answered', () => ended);
  await asked;
  return status;
}

/** GET MESSAGE(10), which our device keeps until there is a message. */
const heldCommand = () => {
  const task = new Task().setCdb(Uint8Array.of(0x28, 0, 0, 0, 0, 0, 0, 0, 64, 0));
  return task.setDataIn(new Uint8Array(64));
};

/** Submits a task, and gives how it ended. */
async function run(port: SgPort, nexus: InitiatorNexus, task: Task): Promise<string> {
  let end: string | undefined;
  task.done = ({ fault, status }) => {
    end = fault ?? `status ${status}`;
  };
  assert.equal(nexus.submit(task), true);
  await drive(port, 'the task ends', () => end !== undefined);
  return end ?? '';
}

test('a command whose time is over is aborted, and the device lives on', async () => {
  const [path = ''] = ours.nodes;
  using port = new SgPort({ bus: 'vm', devices: [{ path, id: 1 }], retry, timeouts: { heldMs: 1000 } });
  const nexus = port.targets.get(1) as InitiatorNexus;
  assert.equal(await run(port, nexus, heldCommand()), 'aborted');
  assert.equal(await ask(port, nexus), 0);
  assert.equal(nexus.alive, true);
});

test('a reset of the logical unit ends what it holds', async () => {
  const [path = ''] = ours.nodes;
  using port = new SgPort({ bus: 'vm', devices: [{ path, id: 1 }], retry });
  const nexus = port.targets.get(1) as InitiatorNexus;
  const held = run(port, nexus, heldCommand());
  const order: string[] = [];
  void held.then((end) => order.push(end));
  const reset = nexus
    .manage(TaskManagement.logicalUnitReset, 0)
    .then((said) => order.push(`response ${said}`));
  await Promise.all([held, reset]);
  // How it ended is the adapter's affair: tcm_loop may report no status for what its own initiator aborts, which reads GOOD.
  assert.equal(order.length, 2);
  assert.ok(order.includes(`response ${TaskManagementResponse.complete}`), order.join());
  assert.equal(await nexus.manage(TaskManagement.abortTask, 0), TaskManagementResponse.rejected);
  assert.equal(await nexus.manage(TaskManagement.logicalUnitReset, 5), TaskManagementResponse.incorrectLun);
});

test('a device that is taken away in mid-traffic is told of at once, and found when it is back', async () => {
  const told = { appeared: [] as InitiatorNexus[], vanished: [] as InitiatorNexus[] };
  using port = new SgPort({ bus: 'vm', devices: [{ path: second, id: 1 }], retry });
  port.listener = {
    appeared: (nexus) => told.appeared.push(nexus),
    vanished: (nexus) => told.vanished.push(nexus),
  };
  const nexus = port.targets.get(1) as InitiatorNexus;
  let ended = 0;
  for (let i = 0; i < 20; i++) {
    const task = new Task().setCdb(testUnitReady);
    task.done = () => {
      ended++;
      if (nexus.alive) nexus.submit(task);
    };
    nexus.submit(task);
  }
  await drive(port, 'there is traffic', () => ended > 100);
  writeFileSync('/sys/class/scsi_device/0:0:0:1/device/delete', '1');
  assert.equal(port.wait(patience), true, 'it wakes');
  await drive(port, 'it is gone', () => told.vanished.length > 0 && nexus.queued === 0);
  assert.deepEqual([told.vanished[0] === nexus, nexus.alive, port.targets.size], [true, false, 0]);
  await assert.rejects(ask(port, nexus), { fault: 'selection-timeout' });
  assert.equal(readdirSync('/dev').includes('sg1'), false);
  writeFileSync('/sys/class/scsi_host/host0/scan', '- - -');
  await drive(port, 'it is back', () => told.appeared.length > 0);
  const back = told.appeared[0] as InitiatorNexus;
  assert.ok(back !== nexus && port.targets.get(1) === back);
  await ask(port, back);
  assert.equal(await ask(port, back), 0);
});

test('the kernel has no complaints', () => assert.deepEqual(complaintsOfTheKernel(), []));

// The last: it can't be undone.
test('a port lives on when its thread gives up its capabilities', async () => {
  using port = new SgPort({ bus: 'vm', devices: [{ path: second, id: 1 }], retry });
  const nexus = port.targets.get(1) as InitiatorNexus;
  await ask(port, nexus); // a unit attention
  assert.equal(await ask(port, nexus), 0);
  assert.ok(nexus.limits.maxDataIn >= 65_536 && nexus.limits.maxQueued === 32);
  dropCapabilities();
  assert.equal(await ask(port, nexus), 0);
  assert.equal(nexus.alive, true);
});
