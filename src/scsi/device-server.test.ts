import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hex } from '../bytes/hex.ts';
import { DeviceServer, type DeviceServerOptions } from './device-server.ts';
import { communicationsUnit, type LogicalUnitOptions, processorUnit } from './logical-unit.ts';
import { Status } from './status.ts';
import { TestHost, TestService } from './testing.ts';

const identity = { vendor: 'IPSCSI', product: 'test unit', revision: '0.1', serial: 'lab-3' };
const testUnitReady = hex`00 00 00 00 00 00`;
const sendMessage = (length: number, stream = 0) =>
  hex`2a 00 0000 ${stream.toString(16).padStart(4, '0')} 00 ${length.toString(16).padStart(4, '0')} 00`;

/** LUN 0 is a communications device, LUN 1 a processor; their service is the same. */
function server(options: DeviceServerOptions & Partial<LogicalUnitOptions> = {}) {
  const service = new TestService();
  const unit = { identity, service, ...options };
  const units = new Map([
    [0, communicationsUnit(unit)],
    [1, processorUnit(unit)],
  ]);
  return { service, server: new DeviceServer(units, { powerOnUnitAttention: false, ...options }) };
}

describe('device server', () => {
  it('takes a SEND MESSAGE(10), and its sender hears when the service is done', () => {
    const { service, server: target } = server();
    const host = new TestHost(target);
    const command = host.say(sendMessage(4, 6), { dataOut: hex`01020304` });
    assert.deepEqual(service.log, ['send(10) stream 6 length 4']);
    assert.equal(command.ended, 0);
    service.held[0]?.complete(Status.good);
    assert.equal(command.status, Status.good);
    assert.equal(command.ended, 1);
  });

  it('ends a message that the service ends at once', () => {
    const { service, server: target } = server();
    service.onSend = (command) => command.complete(Status.good);
    const host = new TestHost(target);
    assert.equal(host.say(sendMessage(4), { dataOut: new Uint8Array(4) }).status, Status.good);
    assert.equal(host.say(sendMessage(4), { dataOut: new Uint8Array(4) }).status, Status.good);
  });

  it('answers TEST UNIT READY', () => {
    const host = new TestHost(server().server);
    assert.equal(host.say(testUnitReady).status, Status.good);
  });

  it('answers INQUIRY, as much as was asked for', () => {
    const host = new TestHost(server().server);
    assert.deepEqual(
      host.say(hex`12 00 00 0024 00`).dataIn,
      hex`09 00 02 02 1f 000002 4950534353492020 7465737420756e697420202020202020 302e3120`,
    );
    assert.deepEqual(host.say(hex`12 00 00 0005 00`).dataIn, hex`09 00 02 02 1f`);
  });
});
