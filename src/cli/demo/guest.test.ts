import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { Lab, noNamespaces } from '../../sys/lab.ts';
import { Guest } from './guest-process.ts';
import { joinByVeth, reach } from './measure.ts';

const skip = noNamespaces;
const here = '10.91.0.1';
const there = '10.91.0.2';

/** Runs `work` with two guests in namespaces joined by veth. */
async function withGuests(work: (near: Guest, far: Guest) => Promise<void>): Promise<void> {
  using lab = new Lab();
  const [one, two] = [lab.namespace(), lab.namespace()];
  joinByVeth(one, two, [`${here}/24`, `${there}/24`]);
  await using near = await Guest.start('near', one);
  await using far = await Guest.start('far', two);
  await reach(near, there);
  await work(near, far);
}

test('ping, and the neighbour that it finds', { skip }, () =>
  withGuests(async (near) => {
    const result = await near.call('ping', { to: there, count: 5, interval: 1, timeout: 1000 });
    assert.deepEqual([result.sent, result.received, result.times?.count], [5, 5, 5]);
    const nobody = await near.call('ping', { to: '10.91.0.9', count: 1, interval: 1, timeout: 20 });
    assert.deepEqual(nobody, { sent: 1, received: 0 });
    const neighbours = await near.call('neighbours', {});
    assert.match(neighbours.find(({ address }) => address === there)?.mac ?? '', /^([0-9a-f]{2}:){5}/);
  }),
);

test('a file arrives as it was', { skip }, () =>
  withGuests(async (near, far) => {
    const served = await far.call('serveFile', { address: there, size: 3_000_000 });
    const fetched = await near.call('fetch', { url: served.url });
    assert.deepEqual([fetched.bytes, fetched.sha256], [3_000_000, served.sha256]);
  }),
);

test('stream and ping-pong are measured', { skip }, () =>
  withGuests(async (near, far) => {
    const stream = await far.call('serveStream', { address: there });
    const { bytes, seconds } = await near.call('readStream', { ...stream, seconds: 0.1 });
    assert.ok(bytes > 0 && seconds >= 0.09);
    const echo = await far.call('serveEcho', { address: there });
    const times = await near.call('pingPong', { ...echo, size: 4, seconds: 0.1 });
    assert.ok(times.count > 0 && times.min <= times.median && times.median <= times.p99);
  }),
);

test('a talk loses nothing on a sound link', { skip }, () =>
  withGuests(async (near, far) => {
    await near.call('talk', await far.call('serveEcho', { address: there }));
    await assert.rejects(near.call('talk', { address: there, port: 1 }), /already talking/);
    await reach(far, here);
    const { pings, messages } = await near.call('hush', {});
    assert.ok(pings.sent > 0 && pings.answered === pings.sent);
    assert.ok(messages.sent > 0 && messages.echoed === messages.sent);
  }),
);

test("a guest's reason comes back as an error", { skip }, () =>
  withGuests(async (near) => {
    await assert.rejects(near.call('fetch', { url: `http://${there}:1/` }), /near: .*ECONNREFUSED/);
    await assert.rejects(near.call('hush', {}), /near: not talking/);
  }),
);

test('calls fail when the guest ends, and no descriptor stays', { skip }, async () => {
  const before = readdirSync('/proc/self/fd').length;
  await withGuests(async (near) => {
    const call = near.call('ping', { to: '10.91.0.9', count: 1, interval: 0, timeout: 20_000 });
    process.kill(near.pid, 'SIGKILL');
    await assert.rejects(call, /near ended: SIGKILL/);
    await assert.rejects(near.call('neighbours', {}), /near has ended/);
  });
  assert.equal(readdirSync('/proc/self/fd').length, before);
});

test('a guest ends when it is told to stop', { skip }, async () => {
  using lab = new Lab();
  const stop = new AbortController();
  await using guest = await Guest.start('guest', lab.namespace(), stop.signal);
  const call = guest.call('ping', { to: '127.0.0.1', count: 10_000, interval: 10, timeout: 100 });
  stop.abort('SIGINT');
  await assert.rejects(call);
});

test('what is no namespace is reported', { skip }, async () => {
  await assert.rejects(Guest.start('lost', 99_999), /lost: open .*ENOENT/);
});
