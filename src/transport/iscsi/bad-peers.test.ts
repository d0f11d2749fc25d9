import assert from 'node:assert/strict';
import { type AddressInfo, connect as connectSocket, createServer } from 'node:net';
import { describe, it } from 'node:test';
import { closeDescriptor } from '../../sys/libc.ts';
import { connectTcp } from '../../sys/socket.ts';
import {
  descriptors,
  Echo,
  nameOf,
  nexusTo,
  portOf,
  run,
  servingPort,
  testUnitReady,
  until,
} from './testing-ports.ts';

describe('bad peers of a port', () => {
  it('who say nothing, or too little, are dropped in time; others are let in meanwhile', () => {
    const before = descriptors();
    const serving = servingPort(2, new Echo(), { timeouts: { login: 60 } });
    const to = { host: '127.0.0.1', port: serving.tcp };
    const silent = Array.from({ length: 12 }, () => connectTcp(to));
    const port = portOf(1);
    port.reach(2, { portal: serving.portal, target: nameOf(2) });
    until([port, serving.port], 'it is in', () => port.targets.has(2));
    until([serving.port, port], 'they are dropped', () => serving.port.counters.droppedConnections === 12);
    for (const fd of silent) closeDescriptor(fd);
    run([port, serving.port], nexusTo(port, 2), testUnitReady());
    port[Symbol.dispose]();
    serving.port[Symbol.dispose]();
    assert.equal(descriptors(), before);
  });

  it('who come in crowds are turned away', () => {
    const serving = servingPort(2);
    using target = serving.port;
    const to = { host: '127.0.0.1', port: serving.tcp };
    const crowd = Array.from({ length: 100 }, () => connectTcp(to));
    until([target], 'some are let in, most are not', () => target.counters.droppedConnections === 84);
    assert.equal(target.counters.crowded, 84);
    for (const fd of crowd) closeDescriptor(fd);
    using port = portOf(1);
    port.reach(2, { portal: serving.portal, target: nameOf(2) });
    until([port, target], 'there is room again', () => port.targets.has(2));
  });

  it('who vanish without a word are noticed by their silence', () => {
    const echo = new Echo();
    const serving = servingPort(2, echo, { timeouts: { ping: 20, pong: 20 } });
    using target = serving.port;
    using port = portOf(1);
    port.reach(2, { portal: serving.portal, target: nameOf(2) });
    until([port, target], 'it is in', () => port.targets.has(2));
    // The initiator is not polled any more: its kernel acknowledges, it does not answer.
    until([target], 'it is given up', () => echo.lost.length === 1);
    assert.equal(target.counters.droppedConnections, 1);
  });

  it('who speak something else are dropped, on either side', async () => {
    const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'.padEnd(64)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    using port = portOf(1);
    port.reach(2, { portal: `127.0.0.1:${(server.address() as AddressInfo).port}`, target: nameOf(2) });
    while (port.counters.failedConnects < 3) {
      port.poll();
      await new Promise((resolve) => setImmediate(resolve));
    }
    server.close();
    const serving = servingPort(3);
    using target = serving.port;
    const socket = connectSocket(serving.tcp, '127.0.0.1');
    socket.end('GET / HTTP/1.1\r\n\r\n'.padEnd(64));
    socket.resume();
    let over = false;
    socket.once('close', () => {
      over = true;
    });
    while (!over) {
      target.poll();
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(target.counters.droppedConnections, 1);
  });
});
