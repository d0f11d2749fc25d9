/** Hosts that are killed, and hosts that are stopped, in mid-transfer: the others must not notice. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { askPing } from '../src/cli/control/client.ts';
import type { Guest } from '../src/cli/demo/guest-process.ts';
import type { Host } from './lab/host.ts';
import { Lab, noLab } from './lab/lab.ts';
import { pingAll, reach, TestSocket } from './lab/sockets.ts';
import { until } from './lab/until.ts';

const file = 24 << 20;

/** Hosts 1, 2 and 3 with a guest each; 1 and 3 talk to each other, 1 streams from 2 as fast as it can. */
interface Scene {
  readonly lab: Lab;
  readonly hosts: readonly [Host, Host, Host];
  readonly guests: readonly [Guest, Guest, Guest];
  /** Settles when the stream from 2 to 1 ends, however it does. */
  readonly stream: Promise<unknown>;
}

async function openScene(lab: Lab): Promise<Scene> {
  const [a, b, c] = await lab.hosts([{ id: 1 }, { id: 2 }, { id: 3 }]);
  assert.ok(a && b && c);
  const guests = [await lab.guest(a.place), await lab.guest(b.place), await lab.guest(c.place)] as const;
  await reach(a.place, c.ipv4);
  await reach(a.place, b.ipv4);
  const from = await guests[1].call('serveStream', { address: b.ipv4 });
  const reader = await lab.guest(a.place);
  const stream = reader.call('readStream', { ...from, seconds: 100 }).catch((error: Error) => error);
  await until('the stream flows', async () => (await a.counted(2, 'rxBytes')) > 1 << 20);
  await guests[0].call('talk', await guests[2].call('serveEcho', { address: c.ipv4 }));
  return { lab, hosts: [a, b, c], guests, stream };
}

/** A file from 3 to 1, its sum compared. */
async function transfer({ hosts: [, , c], guests: [near, , far] }: Scene): Promise<void> {
  const { url, sha256 } = await far.call('serveFile', { address: c.ipv4, size: file });
  const fetched = await near.call('fetch', { url });
  assert.deepEqual([fetched.bytes, fetched.sha256], [file, sha256]);
}

/** 1 and 3 have talked all the time, and nothing of it was lost. */
async function nothingWasLost({ guests: [near] }: Scene): Promise<void> {
  const { pings, messages } = await near.call('hush', {});
  assert.ok(pings.sent >= 10, `${pings.sent} pings`);
  assert.deepEqual([pings.answered, messages.echoed], [pings.sent, messages.sent]);
}

describe('hosts that die or stop', { skip: noLab, timeout: 240_000 }, () => {
  it('SIGKILL: the others lose nothing, its tasks end, its ID is free at once', async () => {
    await using lab = await Lab.open();
    const scene = await openScene(lab);
    const [a, b] = scene.hosts;
    const during = transfer(scene);
    await b.stop('SIGKILL');
    const again = lab.host({ id: 2, place: b.place });
    const [scan] = await Promise.all([again, during]);
    await reach(a.place, scan.ipv4);
    await transfer(scene);
    await nothingWasLost(scene);
    assert.deepEqual(pingAll(a.place, [scan.ipv4]), []);
  });

  it('SIGKILL: a command to it ends with selection timeout', async () => {
    await using lab = await Lab.open();
    const [a, b] = await lab.hosts([{ id: 1 }, { id: 2 }]);
    assert.ok(a && b);
    const before = await lab.ipscsi('ping', '--id', '1', '2', '-c', '2', '-i', '0');
    assert.deepEqual([before.code, before.json['received']], [0, 2]);
    const pinging = lab.ipscsi('ping', '--id', '1', '2', '-c', '15', '-i', '0.05');
    await b.stop('SIGKILL');
    const { json } = await pinging;
    assert.ok(Number(json['received']) < 15, JSON.stringify(json));
    const after = await lab.ipscsi('ping', '2', '-c', '1');
    assert.deepEqual([after.code, after.json['message']], [5, `no target with ID 2 on ${lab.bus}`]);
    const gone = await lab.ipscsi('ping', '--id', '1', '2', '-c', '3', '-i', '0');
    assert.deepEqual([gone.code, gone.json['sent'], gone.json['received']], [5, 3, 0]);
    await until('host 1 has forgotten it', async () => (await a.status()).peers.length === 0);
  });

  it('SIGSTOP: nobody else is stalled, and it catches up when continued', async () => {
    await using lab = await Lab.open();
    const scene = await openScene(lab);
    const [a, b] = scene.hosts;
    b.kill('SIGSTOP');
    using udp = TestSocket.udp(a.place, a.ipv4, 4000);
    await until('the one that is stopped gets more than its queue holds', async () => {
      for (let i = 0; i < 1000; i++) udp.sendTo(Buffer.alloc(1000), b.ipv4, 4000);
      const { counters } = await a.peer(2);
      return Number(counters['drops.full']) + Number(counters['drops.stalled']) > 0;
    });
    await transfer(scene);
    await nothingWasLost(scene);
    assert.deepEqual(pingAll(a.place, [b.ipv4], 200), [b.ipv4], 'it is stopped');
    const { queued } = await a.peer(2);
    const ping = { do: 'ping', target: 2, count: 2, interval: 0, bytes: 0 } as const;
    assert.equal((await askPing(lab.directory, 1, ping, 5000)).received, 0);
    b.kill('SIGCONT');
    assert.equal((await askPing(lab.directory, 1, ping, 5000)).received, 2);
    await reach(a.place, b.ipv4);
    const rest = await until('its queue is empty', async () => (await a.peer(2)).queued === 0 || undefined);
    assert.ok(rest, `${queued} were queued`);
    assert.deepEqual(pingAll(a.place, Array(20).fill(b.ipv4)), []);
    const bytes = await a.counted(2, 'rxBytes');
    await until('TCP goes on where it was', async () => (await a.counted(2, 'rxBytes')) > bytes + (1 << 20));
  });
});
