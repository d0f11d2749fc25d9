import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EPOLLIN, Epoll } from './epoll.ts';
import { TimerFd } from './timer-fd.ts';

describe('timer descriptors', () => {
  it('wake a sleeper once, and not when they were stopped', () => {
    using timer = new TimerFd();
    using epoll = new Epoll();
    epoll.add(timer.fd, EPOLLIN, 7);
    assert.equal(epoll.wait(0), 0);
    for (const ms of [5, 0, -3, 0.25]) {
      timer.set(ms);
      assert.equal(epoll.wait(5000), 1);
      assert.equal(epoll.key(0), 7);
      timer.clear();
      assert.equal(epoll.wait(0), 0);
    }
    timer.set(1);
    timer.set(Number.POSITIVE_INFINITY);
    assert.equal(epoll.wait(20), 0);
    timer.set(3_600_000);
    assert.equal(epoll.wait(0), 0);
  });
});
