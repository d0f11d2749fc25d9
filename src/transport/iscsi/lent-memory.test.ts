import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect as connectSocket, createServer, type Server, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { ScriptedTarget } from '../../../contract/scripted-target.ts';
import { EPOLLIN, Epoll } from '../../sys/epoll.ts';
import { closeDescriptor } from '../../sys/libc.ts';
import { acceptTcp, connectTcp, listenTcp, localAddress, receive, tuneTcp } from '../../sys/socket.ts';
import { VirtualClock } from '../../time/clock.ts';
import { Task } from '../task.ts';
import { Framer, type Pdu } from './framer.ts';
import { TargetOpcode } from './opcodes.ts';
import { Outbox } from './outbox.ts';
import * as pdus from './pdu.ts';
import { PolledLink } from './polled-link.ts';
import { Reactor } from './polled-reactor.ts';
import { SocketLink } from './socket-link.ts';
import { converse, Lab } from './testing-wire.ts';

/** More than sockets take at once. */
const size = 8 << 20;
const written = 0x5a;
const another = 0xa5;

/** In full feature phase, with data digests; all data goes with the command. */
function session() {
  const burst = { InitialR2T: false, FirstBurstLength: size, MaxBurstLength: size, DataDigest: ['CRC32C'] };
  const lab = new Lab(new ScriptedTarget(), { wishes: burst, maxDataOut: size });
  const defaults = lab.node.policy.wishes;
  const { connection } = lab.initiator({ wishes: { ...defaults, ...burst } });
  connection.start();
  converse(connection, lab.connection());
  assert.equal(connection.settings.DataDigest, 'CRC32C');
  const { tasks } = connection;
  assert.ok(tasks);
  const data = new Uint8Array(size).fill(written);
  const task = new Task().setCdb(new Uint8Array(6)).setDataOut(data);
  // Its owner uses the memory for something else as soon as he may.
  task.done = () => data.fill(another);
  tasks.submit(task);
  const outbox = new Outbox();
  /** The target answers before it has the data. */
  const answer = () => {
    pdus.ScsiResponse.encode(
      { opcode: TargetOpcode.scsiResponse, final: 1, tag: task.slot, expCmdSn: 2, maxCmdSn: 9 },
      outbox.header,
    );
    outbox.put();
    for (const bytes of outbox.take()) connection.receive(bytes.slice());
  };
  const ends: Readonly<Record<string, () => void>> = {
    'an early answer': answer,
    'the end of the session': () => connection.lost(),
  };
  return { connection, task, data, ends };
}

/** Takes what was sent; checks that it is what the task held. */
class Reader {
  bytes = 0;
  readonly #framer = new Framer(1 << 24, (pdu) => this.#pdu(pdu));
  constructor() {
    this.#framer.dataDigest = true;
  }
  push(bytes: Uint8Array): void {
    this.#framer.push(bytes.slice());
  }
  #pdu(pdu: Pdu): void {
    assert.ok(pdu.intact, 'its digest is right');
    assert.ok(
      pdu.data.every((byte) => byte === written),
      'nothing of others is read',
    );
    this.bytes += pdu.data.length;
  }
}

const closing = (server: Server, ...sockets: Socket[]): Disposable => ({
  [Symbol.dispose]: () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  },
});

/** A connected pair of sockets; the first belongs to whoever takes it. */
function pair() {
  const door = listenTcp({ host: '127.0.0.1', port: 0 });
  const fd = connectTcp({ host: '127.0.0.1', port: localAddress(door).port });
  tuneTcp(fd, { sendBuffer: 65536 });
  using epoll = new Epoll();
  epoll.add(door, EPOLLIN, 0);
  assert.equal(epoll.wait(5000), 1);
  const peer = acceptTcp(door);
  closeDescriptor(door);
  return { fd, peer, [Symbol.dispose]: () => closeDescriptor(peer) };
}

describe('memory of a task that has ended, whose data was not all sent', () => {
  for (const end of ['an early answer', 'the end of the session']) {
    it(`belongs to its owner: in the outbox, ${end}`, () => {
      const { connection, data, ends } = session();
      ends[end]?.();
      assert.equal(data[size - 1], another, 'the task has ended');
      const reader = new Reader();
      for (const bytes of connection.outbox.take()) reader.push(bytes);
      assert.equal(reader.bytes, size);
    });

    it(`belongs to its owner: in a polled link, ${end}`, () => {
      const { connection, data, ends } = session();
      using both = pair();
      const { fd, peer } = both;
      using reactor = new Reactor(new VirtualClock());
      const link = new PolledLink(reactor, fd, connection, true);
      link.flush();
      ends[end]?.();
      assert.equal(data[size - 1], another, 'the task has ended');
      const reader = new Reader();
      const room = new Uint8Array(1 << 16);
      using epoll = new Epoll();
      epoll.add(peer, EPOLLIN, 0);
      while (reader.bytes < size) {
        reactor.poll();
        assert.ok(epoll.wait(5000) > 0, 'more comes');
        const count = receive(peer, room);
        if (count > 0) reader.push(room.subarray(0, count));
        assert.notEqual(count, 0, 'not all came');
      }
    });

    it(`belongs to its owner: in a socket of Node's, ${end}`, async () => {
      const { connection, data, ends } = session();
      const server = createServer({ pauseOnConnect: true });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const socket = connectSocket((server.address() as AddressInfo).port, '127.0.0.1');
      const [[peer]] = (await Promise.all([once(server, 'connection'), once(socket, 'connect')])) as [
        [Socket],
        unknown,
      ];
      using _sockets = closing(server, socket, peer);
      const link = new SocketLink(socket, connection);
      link.flush();
      assert.ok(socket.writableLength > 0, 'it takes more than the kernel does');
      ends[end]?.();
      assert.equal(data[size - 1], another, 'the task has ended');
      const reader = new Reader();
      for await (const bytes of peer) {
        reader.push(bytes);
        if (reader.bytes === size) break;
      }
      assert.equal(reader.bytes, size);
    });
  }
});
