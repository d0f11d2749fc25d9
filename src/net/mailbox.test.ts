import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { EPOLLIN, Epoll } from '../sys/epoll.ts';
import { Inbox, Mailbox } from './mailbox.ts';

// A mailbox alone keeps no process alive.
const alive = setInterval(() => undefined, 1000);
after(() => clearInterval(alive));

test('a request is handed over once, and its answer comes back', async () => {
  const mailbox = new Mailbox();
  const inbox = new Inbox(mailbox.end);
  const asked = mailbox.ask<string>('how much?');
  assert.ok(inbox.pending);
  inbox.take((body, answer) => answer(`${body} 42`));
  assert.equal(await asked, 'how much? 42');
  assert.ok(!inbox.pending);
  inbox.take(() => assert.fail('nothing is left'));
  mailbox.close();
});

test('a flag without a readable descriptor is no failure: an earlier look has read both requests', async () => {
  const mailbox = new Mailbox();
  const inbox = new Inbox(mailbox.end);
  const first = mailbox.ask('first');
  inbox.take((body, answer) => answer(body));
  Atomics.store(new Int32Array(mailbox.end.flag), 0, 1);
  inbox.take(() => assert.fail('nothing is there'));
  assert.equal(await first, 'first');
  mailbox.close();
});

test('a thread that looks all the time answers every request, and is left without a wake-up', async () => {
  const mailbox = new Mailbox();
  const source = `
    import { workerData } from 'node:worker_threads';
    const { Inbox } = await import(workerData.module);
    const inbox = new Inbox(workerData.end);
    for (let open = true; open; )
      if (inbox.pending) inbox.take((body, answer) => { open = body !== 'end'; answer(body); });`;
  const module = new URL('./mailbox.js', import.meta.url).href;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), {
    workerData: { module, end: mailbox.end },
    transferList: [mailbox.end.port],
  });
  const failed = new Promise<never>((_, reject) => worker.once('error', reject));
  for (let i = 0; i < 2000; i++) assert.equal(await Promise.race([mailbox.ask(i), failed]), i);
  const burst = Array.from({ length: 100 }, (_, i) => mailbox.ask(i));
  assert.equal((await Promise.race([Promise.all(burst), failed])).length, 100);
  assert.equal(await Promise.race([mailbox.ask('end'), failed]), 'end');
  await worker.terminate();
  using epoll = new Epoll();
  epoll.add(mailbox.end.fd, EPOLLIN, 0);
  assert.equal(epoll.wait(0), 0);
  mailbox.close();
});
