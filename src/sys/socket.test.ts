import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { EPOLLIN, EPOLLOUT, Epoll } from './epoll.ts';
import { closeDescriptor } from './libc.ts';
import {
  acceptTcp,
  connectTcp,
  endSending,
  listenTcp,
  localAddress,
  receive,
  remoteAddress,
  sendAll,
  socketError,
  tuneTcp,
  wouldBlock,
} from './socket.ts';
import { decodeSocketAddress, encodeSocketAddress } from './socket-address.ts';

const longMs = 5000;

/** Waits until a descriptor is ready. */
function until(fd: number, events: number): void {
  using epoll = new Epoll();
  epoll.add(fd, events, 0);
  assert.equal(epoll.wait(longMs), 1, 'it becomes ready');
}

/** A pair of connected sockets. */
function pair(host: string, buffers = {}) {
  const door = listenTcp({ host, port: 0 });
  tuneTcp(door, buffers);
  const { port } = localAddress(door);
  const caller = connectTcp({ host, port });
  tuneTcp(caller, buffers);
  until(door, EPOLLIN);
  const called = acceptTcp(door);
  assert.equal(acceptTcp(door), -1);
  until(caller, EPOLLOUT);
  assert.equal(socketError(caller), 0);
  const close = () => {
    for (const fd of [door, caller, called]) closeDescriptor(fd);
  };
  return { door, caller, called, port, [Symbol.dispose]: close };
}

describe('TCP sockets', () => {
  for (const host of ['127.0.0.1', '::1']) {
    it(`connects, accepts, and says who is who: ${host}`, (t) => {
      let both: ReturnType<typeof pair>;
      try {
        both = pair(host);
      } catch (error) {
        if ((error as { code?: string }).code === 'EADDRNOTAVAIL') return t.skip(`no ${host} here`);
        throw error;
      }
      using two = both;
      assert.deepEqual(remoteAddress(two.caller), { host, port: two.port });
      assert.deepEqual(remoteAddress(two.called), localAddress(two.caller));
      assert.deepEqual(localAddress(two.called), { host, port: two.port });
    });
  }

  it('takes IPv4 callers where it listens on ::', (t) => {
    let door: number;
    try {
      door = listenTcp({ host: '::', port: 0 });
    } catch {
      return t.skip('no IPv6 here');
    }
    const caller = connectTcp({ host: '127.0.0.1', port: localAddress(door).port });
    until(door, EPOLLIN);
    const called = acceptTcp(door);
    assert.equal(remoteAddress(called).host, '127.0.0.1');
    for (const fd of [door, caller, called]) closeDescriptor(fd);
  });

  it('writes one or several buffers in order, and reads them', () => {
    using two = pair('127.0.0.1');
    assert.equal(receive(two.called, new Uint8Array(8)), wouldBlock);
    assert.equal(sendAll(two.caller, [Uint8Array.of(1, 2)]), 2);
    assert.equal(sendAll(two.caller, [Uint8Array.of(3), Uint8Array.of(4, 5)]), 3);
    const bytes = new Uint8Array(8);
    let have = 0;
    while (have < 5) {
      until(two.called, EPOLLIN);
      have += receive(two.called, bytes.subarray(have));
    }
    assert.deepEqual([...bytes.subarray(0, have)], [1, 2, 3, 4, 5]);
    endSending(two.caller);
    until(two.called, EPOLLIN);
    assert.equal(receive(two.called, bytes), 0, 'the end');
  });

  it('takes what fits, then nothing', () => {
    using two = pair('127.0.0.1', { sendBuffer: 4096, receiveBuffer: 4096 });
    const big = new Uint8Array(1 << 20);
    const parts = [big, big];
    const first = sendAll(two.caller, parts);
    assert.ok(first > 0 && first < 2 * big.length, `${first} bytes`);
    let blocked: number;
    do blocked = sendAll(two.caller, parts);
    while (blocked !== wouldBlock);
    do blocked = sendAll(two.caller, [big]);
    while (blocked !== wouldBlock);
  });

  it('says why a connection was refused', () => {
    const door = listenTcp({ host: '127.0.0.1', port: 0 });
    const { port } = localAddress(door);
    closeDescriptor(door);
    const caller = connectTcp({ host: '127.0.0.1', port });
    until(caller, EPOLLOUT);
    assert.equal(socketError(caller), constants.errno.ECONNREFUSED);
    closeDescriptor(caller);
  });

  it('refuses to listen where somebody listens, and a name', () => {
    using two = pair('127.0.0.1');
    assert.throws(() => listenTcp({ host: '127.0.0.1', port: two.port }), { code: 'EADDRINUSE' });
    assert.throws(() => listenTcp({ host: 'localhost', port: 0 }), SyntaxError);
    assert.throws(() => connectTcp({ host: 'localhost', port: 1 }), SyntaxError);
    assert.throws(() => connectTcp({ host: 'fe80::1%nosuchone0', port: 1 }), { code: 'ENODEV' });
  });

  it('writing to somebody who has gone is an error, no signal: in threads too', async () => {
    const urls = ['./socket.js', './libc.js'].map((file) => new URL(file, import.meta.url).href);
    const code = `
      const { parentPort } = require('node:worker_threads');
      Promise.all(${JSON.stringify(urls)}.map((url) => import(url))).then(([s, l]) => {
        const door = s.listenTcp({ host: '127.0.0.1', port: 0 });
        const codes = [];
        for (const parts of [[new Uint8Array(9)], [new Uint8Array(9), new Uint8Array(9)]]) {
          const caller = s.connectTcp(s.localAddress(door));
          let called;
          do called = s.acceptTcp(door); while (called < 0);
          l.closeDescriptor(called);
          try { for (;;) s.sendAll(caller, parts); } catch (error) { codes.push(error.code); }
          try { s.sendAll(caller, parts); } catch (error) { codes.push(error.code); }
          l.closeDescriptor(caller);
        }
        l.closeDescriptor(door);
        parentPort.postMessage(codes);
      });`;
    const worker = new Worker(code, { eval: true });
    const codes = await new Promise<string[]>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    assert.equal(codes.length, 4);
    for (const one of codes) assert.match(one, /^(EPIPE|ECONNRESET)$/);
  });
});

describe('socket addresses', () => {
  it('come back as they were put in', () => {
    for (const host of ['10.1.2.3', '::1', 'fd00::2', 'fe80::1%7'])
      assert.deepEqual(decodeSocketAddress(encodeSocketAddress({ host, port: 3260 })), { host, port: 3260 });
    const mapped = encodeSocketAddress({ host: '::ffff:10.1.2.3', port: 1 });
    assert.equal(decodeSocketAddress(mapped).host, '10.1.2.3');
  });
});

/** Errors of one caller (accept(2)), and one of ours. */
const ofOneCaller = [
  'ECONNABORTED',
  'ENETDOWN',
  'EPROTO',
  'ENOPROTOOPT',
  'EHOSTDOWN',
  'ENONET',
  'EHOSTUNREACH',
  'EOPNOTSUPP',
  'ENETUNREACH',
];

/** A process that accepts until nobody waits or an error comes, the first accept4 failing with `error`. */
function acceptingWith(error: string) {
  const module = JSON.stringify(new URL('./socket.js', import.meta.url).href);
  const script = `import { acceptTcp, connectTcp, listenTcp, localAddress } from ${module};
    const door = listenTcp({ host: '127.0.0.1', port: 0 });
    connectTcp(localAddress(door));
    try { console.log(acceptTcp(door) >= 0 ? 'the next caller' : 'nobody'); } catch (error) { console.log(error.code); }`;
  return spawnSync(
    'strace',
    [
      ...['-f', '-o', '/dev/null', '-e', 'trace=accept4', '-e', `inject=accept4:error=${error}:when=1`],
      ...[process.execPath, '--input-type=module', '-e', script],
    ],
    { encoding: 'utf8', timeout: 60_000 },
  );
}

describe('accepting', () => {
  it('goes on with the next caller after an error of one, and says what is ours', (t) => {
    const ours = acceptingWith('EMFILE');
    if (ours.error || /ptrace|invalid|PTRACE/.test(ours.stderr))
      return t.skip(`strace can't inject errors here: ${ours.error?.message ?? ours.stderr.slice(0, 80)}`);
    assert.equal(ours.stdout.trim(), 'EMFILE', ours.stderr);
    for (const error of ofOneCaller)
      assert.equal(acceptingWith(error).stdout.trim(), 'the next caller', error);
  });
});
