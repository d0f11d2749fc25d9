/** What befalls machines and cables: the others must not notice, and what comes back is found again. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Guest } from '../../src/cli/demo/guest-process.ts';
import type { Host } from '../lab/host.ts';
import { Lab, noLab } from '../lab/lab.ts';
import { pingAll, reach } from '../lab/sockets.ts';
import type { UnderlayWish } from '../lab/underlay.ts';
import { span, until } from '../lab/until.ts';

const file = 8 << 20;
/** Long enough for back-off and a busy machine. */
const patience = 60_000;
const relayProgram = fileURLToPath(new URL('../lab/relay.js', import.meta.url));

/** Three hosts; 1 and 3 talk to each other all the time. */
interface Scene {
  readonly lab: Lab;
  readonly hosts: readonly [Host, Host, Host];
  readonly near: Guest;
  readonly far: Guest;
}

async function openScene(lab: Lab): Promise<Scene> {
  const [a, b, c] = await lab.hosts([{ id: 1 }, { id: 2 }, { id: 3 }]);
  assert.ok(a && b && c);
  const near = await lab.guest(a.place);
  const far = await lab.guest(c.place);
  await reach(a.place, c.ipv4);
  await reach(a.place, b.ipv4);
  await near.call('talk', await far.call('serveEcho', { address: c.ipv4 }));
  return { lab, hosts: [a, b, c], near, far };
}

/** A file from 3 to 1, its sum compared. */
async function transfer({ hosts: [, , c], near, far }: Scene): Promise<void> {
  const { url, sha256 } = await far.call('serveFile', { address: c.ipv4, size: file });
  const fetched = await near.call('fetch', { url });
  assert.deepEqual([fetched.bytes, fetched.sha256], [file, sha256]);
}

async function nothingWasLost({ near }: Scene): Promise<void> {
  const { pings, messages } = await near.call('hush', {});
  assert.ok(pings.sent >= 5, `${pings.sent} pings`);
  assert.equal(messages.echoed, messages.sent);
  // A busy machine may answer one of thousands too late.
  assert.ok(pings.answered >= pings.sent - 1 - pings.sent / 1000, JSON.stringify(pings));
}

/** The other end answers, however long that takes. */
const back = (from: Host, to: Host) =>
  until(`${to.id} answers ${from.id}`, () => pingAll(from.place, [to.ipv4]).length === 0, patience);

const three: UnderlayWish = { hosts: 3, pingSeconds: 2 };

describe('faults of machines and cables under iSCSI', { skip: noLab, timeout: 400_000 }, () => {
  it('SIGKILL: the others lose nothing; the host is found again when it is back', async () => {
    await using lab = await Lab.open(three);
    const scene = await openScene(lab);
    const [a, b] = scene.hosts;
    const during = transfer(scene);
    await b.stop('SIGKILL');
    await until('host 1 has forgotten it', async () => (await a.status()).peers.every(({ id }) => id !== 2));
    const again = await lab.host({ id: 2, place: b.place });
    await during;
    await back(a, again);
    await transfer(scene);
    await nothingWasLost(scene);
    assert.ok(Number((await a.status()).counters['reconnects']) > 0);
  });

  it('SIGSTOP: the others lose nothing; the host goes on when it is let', async () => {
    await using lab = await Lab.open(three);
    const scene = await openScene(lab);
    const [a, b] = scene.hosts;
    b.kill('SIGSTOP');
    await transfer(scene);
    assert.deepEqual(pingAll(a.place, [b.ipv4], 200), [b.ipv4], 'it is stopped');
    await until(
      'host 1 gives it up',
      async () => (await a.status()).peers.every(({ id }) => id !== 2),
      patience,
    );
    await transfer(scene);
    b.kill('SIGCONT');
    await back(a, b);
    await nothingWasLost(scene);
  });

  for (const seconds of [5, 60])
    it(`a cable that is out for ${seconds} s: the others lose nothing, and then it works again`, async () => {
      await using lab = await Lab.open({ hosts: 3, pingSeconds: 4 });
      const scene = await openScene(lab);
      const [a, b] = scene.hosts;
      lab.underlay?.cable(2, false);
      assert.deepEqual(pingAll(a.place, [b.ipv4], 200), [b.ipv4], 'the cable is out');
      await Promise.all([transfer(scene), span(1000 * seconds)]);
      lab.underlay?.cable(2, true);
      await back(a, b);
      await back(b, a);
      await nothingWasLost(scene);
    });

  it('a cable that turns bits: with digests nothing corrupt is ever delivered', async () => {
    await using lab = await Lab.open({
      hosts: 2,
      digests: 'on',
      chap: true,
      portals: { 2: '192.168.77.254:3262' },
    });
    assert.ok(lab.underlay);
    const relay = lab.start(lab.underlay.place, [
      ...[process.execPath, relayProgram, '192.168.77.254', '3262'],
      ...[lab.underlay.address(2), '3260', String(1 << 20)],
    ]);
    await relay.says(/listening/);
    const [a, b] = await lab.hosts([{ id: 1 }, { id: 2 }]);
    assert.ok(a && b);
    const sender = await lab.guest(a.place);
    const receiver = await lab.guest(b.place);
    await reach(b.place, a.ipv4);
    relay.kill('SIGUSR1');
    await relay.says(/bad/);
    // Host 1 sends to host 2 through the relay.
    const { url, sha256 } = await sender.call('serveFile', { address: a.ipv4, size: 2 * file });
    const fetched = await receiver.call('fetch', { url });
    assert.deepEqual([fetched.bytes, fetched.sha256], [2 * file, sha256]);
    const { counters } = await b.status();
    assert.ok(Number(counters['digestErrors']) > 0, JSON.stringify(counters));
    await relay.stop();
    assert.ok(Number((await relay.says(/damaged (\d+)/))[1]) > 0);
  });
});
