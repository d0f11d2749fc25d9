/** IP between two namespaces of one machine, through its kernel's whole SCSI stack: sg, tcm_loop, the target core, TCMU. */

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { Lab } from '../../lab/lab.ts';
import type { Place, Process } from '../../lab/processes.ts';
import { pingAll } from '../../lab/sockets.ts';
import { until } from '../../lab/until.ts';
import { sendFile } from './files.ts';
import { complaintsOfTheKernel } from './kernel-log.ts';
import { patience } from './patience.ts';

const size = 2 << 20;

const sgNodes = () => readdirSync('/sys/class/scsi_generic').map((name) => `/dev/${name}`);
const back = (from: Place, address: string) =>
  until(`${address} answers`, () => pingAll(from, [address]).length === 0, patience);

describe('a target behind tcm_loop, an initiator on its sg device', () => {
  let lab: Lab;
  let places: readonly [Place, Place];
  let target: Process;
  let initiator: Process;

  const startTarget = async () => {
    const addresses = ['--address', '10.90.0.2/24', '--address', 'fd90::2/64'];
    target = lab.up(places[0], '--bus', 'tcmu:lab', '--fabric', 'loopback', ...addresses);
    await target.says(/"event":"ready"/, patience);
  };
  const startInitiator = async () => {
    const [node = ''] = await until('there is a device', () => sgNodes().length > 0 && sgNodes(), patience);
    const addresses = ['--address', '10.90.0.1/24', '--address', 'fd90::1/64'];
    initiator = lab.up(places[1], '--bus', `sg:${node}`, ...addresses);
    await initiator.says(/"event":"ready"/, patience);
  };
  const reachBothWays = async () => {
    await back(places[1], '10.90.0.2');
    await back(places[0], '10.90.0.1');
  };

  before(async () => {
    lab = await Lab.open();
    places = [lab.place(), lab.place()];
    await startTarget();
    await startInitiator();
  });
  after(() => lab[Symbol.asyncDispose]());

  it('reach each other, IPv4 and IPv6', async () => {
    await reachBothWays();
    await back(places[1], 'fd90::2');
    await back(places[0], 'fd90::1');
  });

  it('a file arrives whole, either way', async () => {
    await sendFile(lab, { from: places[0], to: places[1], address: '10.90.0.2', size });
    await sendFile(lab, { from: places[1], to: places[0], address: '10.90.0.1', size });
  });

  it('a host that is stopped goes on where it was, be it the target or the initiator', async () => {
    for (const host of [target, initiator]) {
      host.kill('SIGSTOP');
      assert.deepEqual(pingAll(places[1], ['10.90.0.2'], 1000), ['10.90.0.2']);
      host.kill('SIGCONT');
      await reachBothWays();
    }
  });

  it('the initiator is killed, and starts again', async () => {
    await initiator.stop('SIGKILL');
    await startInitiator();
    await reachBothWays();
  });

  it('the target is killed, and starts again: the initiator finds it', async () => {
    await target.stop('SIGKILL');
    await startTarget();
    await reachBothWays();
  });

  it('end when they are told to, and leave no device', async () => {
    assert.equal((await initiator.stop()).code, 0, initiator.err);
    assert.equal((await target.stop()).code, 0, target.err);
    assert.deepEqual(sgNodes(), []);
  });

  it('the kernel has nothing to complain of', () => assert.deepEqual(complaintsOfTheKernel(), []));
});
