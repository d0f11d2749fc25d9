import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EPOLLIN, Epoll } from './epoll.ts';
import { TimerFd } from './timer-fd.ts';
import { UioDevice } from './uio.ts';

describe('a UIO device', () => {
  // /dev/zero can be mapped, read and written as well; that the kernel shares it is seen in a virtual machine.
  it('maps what the device shows, to be read and written', () => {
    using device = new UioDevice('/dev/zero', 131_072);
    const { bytes, words } = device.memory;
    bytes[131_071] = 7;
    Atomics.store(words, 16, 42);
    assert.deepEqual([bytes[64], bytes[131_071], Atomics.load(words, 16)], [42, 7, 42]);
    assert.deepEqual([device.clear(), device.ring()], [true, true]);
  });

  it('leaves views behind that harm nobody', () => {
    const device = new UioDevice('/dev/zero', 65_536);
    const { bytes } = device.memory;
    bytes[0] = 1;
    device[Symbol.dispose]();
    device[Symbol.dispose]();
    assert.equal(bytes[0], 0);
  });

  it('says why it can’t be opened', () => {
    assert.throws(() => new UioDevice('/dev/none-such', 65_536), { code: 'ENOENT' });
    assert.throws(() => new UioDevice('/dev', 65_536), { code: 'EISDIR' });
  });
});

describe('a timer’s descriptor', () => {
  it('turns readable when it goes off, until that is taken note of', () => {
    using timer = new TimerFd();
    using epoll = new Epoll();
    epoll.add(timer.fd, EPOLLIN, 0);
    timer.set(5);
    assert.equal(epoll.wait(5000), 1);
    assert.equal(epoll.wait(0), 1);
    timer.clear();
    assert.equal(epoll.wait(0), 0);
  });

  it('goes off at once for a time that is over, and never for one that never comes', () => {
    using timer = new TimerFd();
    using epoll = new Epoll();
    epoll.add(timer.fd, EPOLLIN, 0);
    timer.set(-10);
    assert.equal(epoll.wait(5000), 1);
    timer.set(Number.POSITIVE_INFINITY);
    assert.equal(epoll.wait(0), 0);
  });
});
