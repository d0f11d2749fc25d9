/** Options of `ipscsi up` that no other test is about, and an interface that is taken away. */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { configure } from './lab/configure.ts';
import { Lab, noLab } from './lab/lab.ts';
import { pingAll, reach } from './lab/sockets.ts';
import { until } from './lab/until.ts';

/** Threads of a process that hold no capability. */
const powerless = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`).filter((thread) =>
    /^CapEff:\s*0+$/m.test(readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8')),
  ).length;

describe('options of up', { skip: noLab }, () => {
  it('--busy-poll: hosts that never sleep carry traffic both ways', async () => {
    await using lab = await Lab.open();
    const [one, two] = await lab.hosts([
      { id: 1, options: ['--busy-poll'] },
      { id: 2, options: ['--busy-poll'] },
    ]);
    assert.ok(one && two);
    await reach(one.place, two.ipv4);
    await reach(two.place, one.ipv6);
  });

  it('--lun: the device answers at that LUN, and peers find it there', async () => {
    await using lab = await Lab.open();
    const [one, two] = await lab.hosts([{ id: 1, options: ['--lun', '3'] }, { id: 2 }]);
    assert.ok(one && two);
    await reach(two.place, one.ipv4);
    const { out } = await lab.ipscsi('scan');
    assert.match(out, /"lun": ?3/);
  });

  it('--pin: an address that is pinned to another ID is refused under --guard enforce', async () => {
    await using lab = await Lab.open();
    const [one, two, three] = await lab.hosts([
      { id: 1, guard: 'enforce', options: ['--pin', '2=10.90.0.3'] },
      { id: 2 },
      { id: 3 },
    ]);
    assert.ok(one && two && three);
    await reach(two.place, one.ipv4);
    assert.deepEqual(pingAll(three.place, [one.ipv4], 500), [one.ipv4]);
    const dropped = await until('it is counted', async () => {
      const { counters } = await one.peer(3);
      return counters['drops.guardAddress'];
    });
    assert.ok(dropped > 0);
    assert.deepEqual(pingAll(three.place, [two.ipv4]), [], 'others are not concerned');
  });

  it('keeps no capability in its own threads once it is ready', async () => {
    await using lab = await Lab.open();
    const host = await lab.host({ id: 1 });
    assert.match(readFileSync(`/proc/${host.pid}/status`, 'utf8'), /^CapEff:\s*0+$/m, 'the main thread');
    assert.ok(powerless(host.pid) >= 2, 'and the thread of the host');
  });

  it('ends with a reason, and leaves nothing, when its interface is deleted', async () => {
    await using lab = await Lab.open();
    const host = await lab.host({ id: 1 });
    configure(host.place, (netlink) => netlink.deleteLink(host.interface));
    const { code } = await host.ended;
    assert.equal(code, 1);
    assert.match(`${host.out}${host.err}`, /interface has gone/);
    assert.ok(!existsSync(lab.directory));
  });
});
