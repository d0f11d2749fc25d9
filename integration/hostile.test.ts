/**
 * A host that writes garbage into its own region, at random, while two others talk. IPSCSI_SOAK=60 makes it a minute;
 * IPSCSI_SEED repeats one.
 */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { holdings, leaks } from './lab/holdings.ts';
import { Lab, noLab } from './lab/lab.ts';
import { pingAll, reach } from './lab/sockets.ts';
import { until } from './lab/until.ts';

const program = fileURLToPath(new URL('./lab/hostile-process.js', import.meta.url));
const seconds = Number(process.env['IPSCSI_SOAK'] ?? 4);
const seed = Number(process.env['IPSCSI_SEED'] ?? Date.now() % 1_000_000);

describe('a hostile host', { skip: noLab, timeout: seconds * 1000 + 60_000 }, () => {
  it(`disturbs nobody (seed ${seed})`, async () => {
    await using lab = await Lab.open();
    const [first, second] = await lab.hosts([
      { id: 1, logLevel: 'warn' },
      { id: 2, logLevel: 'warn' },
    ]);
    assert.ok(first && second);
    await reach(first.place, second.ipv4);
    const [near, far] = [await lab.guest(first.place), await lab.guest(second.place)];
    await near.call('talk', await far.call('serveEcho', { address: second.ipv4 }));
    const before = holdings(first.pid);
    const plan = [lab.directory, lab.bus, '5', '16', String(seconds), String(seed)];
    const hostile = lab.start(first.place, [process.execPath, program, ...plan]);
    const { code } = await hostile.ended;
    assert.equal(code, 0, hostile.err);
    const did = JSON.parse(hostile.out) as Record<string, number>;
    assert.ok(Number(did['lives']) > 3 && Number(did['writes']) > 100, hostile.out);

    const { pings, messages } = await near.call('hush', {});
    assert.ok(pings.sent > 20);
    assert.deepEqual([pings.answered, messages.echoed], [pings.sent, messages.sent], hostile.out);
    for (const host of [first, second]) {
      await until(`host ${host.id} is rid of it`, async () => (await host.status()).peers.length === 1);
      const { counters } = await host.status();
      assert.ok(Number(counters['violations']) > 0, `host ${host.id} counts violations`);
      assert.match(host.err, /broke the rules/);
    }
    // A new host under the same ID is met without prejudice.
    const third = await lab.host({ id: 5 });
    await reach(first.place, third.ipv4);
    assert.deepEqual(pingAll(second.place, [first.ipv4, third.ipv4]), []);
    const { url, sha256 } = await far.call('serveFile', { address: second.ipv4, size: 8 << 20 });
    assert.equal((await near.call('fetch', { url })).sha256, sha256);
    assert.deepEqual(leaks('host 1', before, holdings(first.pid)), []);
  });
});
