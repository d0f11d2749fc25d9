/** What needs sockets: who closes a connection, and when an initiator comes back. A raw peer at one end, a port of ours at the other. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { realClock } from '../../../src/time/clock.ts';
import type { Machine } from '../../../src/transport/iscsi/machine.ts';
import { AsyncEvent, LogoutReason } from '../../../src/transport/iscsi/opcodes.ts';
import { Outbox } from '../../../src/transport/iscsi/outbox.ts';
import type { IscsiPort } from '../../../src/transport/iscsi/port.ts';
import { nameOf, portOf, servingPort } from '../../../src/transport/iscsi/testing-ports.ts';
import { asyncMessage, logoutRequest, logoutResponse } from './pdus.ts';
import { RawInitiator } from './raw-initiator.ts';
import { RawTarget } from './raw-target.ts';

/** The far end of a socket, as a peer sees it. */
class Remote implements Machine {
  readonly outbox = new Outbox();
  ended = false;
  readonly due = Number.POSITIVE_INFINITY;
  readonly holding = false;
  readonly lends = false;
  onOutput = (): void => undefined;
  readonly socket: Socket;
  readonly #came: Uint8Array[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    this.outbox.take = () => this.#came.splice(0);
    socket.on('data', (bytes) => this.#came.push(new Uint8Array(bytes)));
    socket.on('error', () => undefined);
    for (const end of ['end', 'close'])
      socket.on(end, () => {
        this.ended = true;
      });
  }

  receive(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  tick(): void {}
  lost(): void {}
}

/** Lets a port and the event loop work until something is so. */
async function until(port: IscsiPort, what: string, isSo: () => boolean): Promise<void> {
  const deadline = realClock.now() + 20_000;
  while (!isSo()) {
    port.poll();
    await setImmediate();
    assert.ok(realClock.now() < deadline, `never: ${what}`);
  }
}

/** A target at a free TCP port of loopback, and a port of ours that has logged in to it. */
async function reached() {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address && typeof address === 'object');
  const port = portOf(1);
  port.reach(2, { portal: `127.0.0.1:${address.port}`, target: nameOf(2) });
  /** The next connection that comes. */
  const accept = async () => {
    await until(port, 'it connects', () => sockets.length > 0);
    const remote = new Remote(sockets.shift() as Socket);
    const raw = new RawTarget(remote);
    for (const answer of [() => raw.admit(), () => raw.agree([])]) {
      await until(port, 'it logs in', () => raw.kinds.length > 0);
      answer();
    }
    return { remote, raw };
  };
  const first = await accept();
  await until(port, 'it is ready', () => port.targets.has(2));
  const close = () => {
    port[Symbol.dispose]();
    server.close();
    for (const socket of [first.remote.socket, ...sockets]) socket.destroy();
  };
  return { port, accept, ...first, [Symbol.dispose]: close };
}

describe('an initiator of ours, at a socket', () => {
  it('sends its Logout Request when it is asked to, closes, and comes back (17.1, 20.1)', async () => {
    using all = await reached();
    const { port, raw, remote, accept } = all;
    raw.send(asyncMessage({ ...raw.numbered(), event: AsyncEvent.logoutRequested, parameter3: 1 }));
    await until(port, 'it logs out', () => raw.kinds.length > 0);
    const logout = raw.expect('logoutRequest');
    raw.send(logoutResponse({ ...raw.numbered(), tag: logout.tag }));
    await until(port, 'it closes', () => remote.ended);
    raw.silence();
    const again = await accept();
    again.remote.socket.destroy();
  });

  it('leaves when it is told that all connections are dropped, and waits Time2Wait (20.3)', async () => {
    using all = await reached();
    const { port, raw, remote, accept } = all;
    const told = realClock.now();
    raw.send(asyncMessage({ ...raw.numbered(), event: AsyncEvent.allConnectionsDropped, parameter2: 1 }));
    await until(port, 'it closes', () => remote.ended);
    const again = await accept();
    assert.ok(realClock.now() - told >= 1_000);
    again.remote.socket.destroy();
  });
});

describe('a target of ours, at a socket', () => {
  it('closes after its Logout Response (13.1, 13.2)', async () => {
    const serving = servingPort(2);
    using port = serving.port;
    for (const reason of [LogoutReason.session, LogoutReason.connection]) {
      const socket = connect(serving.tcp, '127.0.0.1');
      const remote = new Remote(socket);
      const raw = new RawInitiator(remote);
      raw.sendLogin([], nameOf(2));
      await until(port, 'it answers', () => raw.kinds.length > 0);
      assert.equal(raw.expect('loginResponse').status, 0);
      raw.send(logoutRequest({ ...raw.immediate(), reason }));
      await until(port, 'it closes', () => raw.kinds.length > 0 && remote.ended);
      assert.equal(raw.expect('logoutResponse').response, 0);
      raw.silence();
      socket.destroy();
    }
  });
});
