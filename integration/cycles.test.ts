/** Hosts that come and go leave nothing behind, neither themselves nor at a host that stays. */

import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { configure } from './lab/configure.ts';
import { holdings, leaks } from './lab/holdings.ts';
import { Lab, noLab } from './lab/lab.ts';
import { run } from './lab/processes.ts';
import { reach } from './lab/sockets.ts';
import { until } from './lab/until.ts';

const soak = fileURLToPath(new URL('./soak.js', import.meta.url));
const rounds = 10;
/** At the same time. */
const ids = [2, 3, 4, 5];

describe('up and down', { skip: noLab, timeout: 120_000 }, () => {
  it('forty processes, every fourth of them killed, beside a host that stays', async () => {
    await using lab = await Lab.open();
    const staying = await lab.host({ id: 1 });
    const places = ids.map(() => lab.place());
    const alone = () => until('it is alone', async () => (await staying.status()).peers.length === 0);
    let before = holdings(staying.pid);
    for (let round = 0; round < rounds; round++) {
      const hosts = await lab.hosts(ids.map((id, i) => ({ id, place: places[i] ?? lab.place() })));
      for (const host of hosts) await reach(staying.place, host.ipv4);
      await Promise.all(hosts.map((host, i) => host.stop(i === round % 4 ? 'SIGKILL' : 'SIGTERM')));
      await alone();
      if (round === 2) before = holdings(staying.pid);
    }
    assert.deepEqual(leaks('the host that stays', before, holdings(staying.pid)), []);
    for (const place of places)
      assert.deepEqual(
        configure(place, (netlink) => netlink.links().map(({ name }) => name)),
        ['lo'],
      );
    // What a killed host left is removed by whoever comes next or leaves.
    const last = await lab.host({ id: 2 });
    await last.stop();
    assert.deepEqual(
      readdirSync(lab.directory).filter((name) => !name.startsWith('1.')),
      [],
    );
    await staying.stop();
    assert.ok(!existsSync(lab.directory));
  });

  it('the soak script, briefly', async () => {
    const { code, out, err } = await run([process.execPath, soak, '--cycles', '200']);
    assert.equal(code, 0, out + err);
    assert.match(out, /200 cycles in .*: nothing was left behind/);
  });

  it('the soak script explains itself', async () => {
    assert.equal((await run([process.execPath, soak, '--cycles', 'many'])).code, 2);
    const { code, out } = await run([process.execPath, soak, '--help']);
    assert.equal(code, 0);
    assert.match(out, /--cycles N/);
  });
});
