import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { closeDescriptor, SystemError } from '../../sys/libc.ts';
import { connectTcp } from '../../sys/socket.ts';
import { VirtualClock } from '../../time/clock.ts';
import { PolledListener } from './polled-listener.ts';
import { Reactor, type Watched } from './polled-reactor.ts';
import { TargetNode } from './target-node.ts';
import { descriptors, Echo, nameOf, portOf, until } from './testing-ports.ts';

/** Takes no more descriptors, once told so. */
class Full extends Reactor {
  full = false;
  override watch(fd: number, events: number, who: Watched): number {
    if (this.full) throw new SystemError('epoll_ctl', '', 28);
    return super.watch(fd, events, who);
  }
}

describe('descriptors', () => {
  it('are closed when a connection can not be tuned', () => {
    using port = portOf(1, { tcp: { unacknowledged: -1 } });
    const before = descriptors();
    port.reach(2, { portal: '127.0.0.1:1', target: nameOf(2) });
    until([port], 'it tries again and again', () => port.counters.failedConnects === 4);
    assert.equal(descriptors(), before);
  });

  it('of callers are closed, and their places free, when they can not be watched', () => {
    const clock = new VirtualClock();
    let refusals = 0;
    const logger = { log: () => refusals++ };
    const lent = { clock, random: (bytes: number) => new Uint8Array(bytes) };
    const node = new TargetNode({ name: nameOf(2), device: new Echo(), logger }, lent);
    using reactor = new Full(clock);
    const listener = new PolledListener(node, reactor, undefined);
    listener.listen({ host: '127.0.0.1', port: 0 });
    const [portal] = listener.portals;
    assert.ok(portal);
    reactor.full = true;
    const before = descriptors();
    for (let i = 1; i <= 70; i++) {
      const caller = connectTcp(portal);
      assert.ok(reactor.wait(5000), 'it calls');
      reactor.poll();
      assert.equal(refusals, i);
      closeDescriptor(caller);
      clock.advance(1000); // so long the door stays shut
      reactor.poll();
    }
    assert.equal(node.counters.droppedConnections, 0, 'there was room for each');
    assert.equal(descriptors(), before);
    listener.close();
  });
});
