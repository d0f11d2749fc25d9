import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hex } from '../bytes/hex.ts';
import { type Nexus, TaskAttribute } from './command.ts';
import { DeviceServer } from './device-server.ts';
import { communicationsUnit } from './logical-unit.ts';
import { Status } from './status.ts';
import {
  getMessage,
  sendMessage,
  TestCommand,
  TestHost,
  TestService,
  testServer,
  testUnitReady,
} from './testing.ts';

const requestSense = hex`03 00 0000 fc 00`;
const inquiry = hex`12 00 00 00ff 00`;
const reportLuns = hex`a0 00 00 000000 00000100 00 00`;
const data = (length: number) => ({ dataOut: new Uint8Array(length) });

describe('device server: unit attentions (SAM-5 §5.14)', () => {
  it('refuses the first command of a nexus with POWER ON OCCURRED, once at each logical unit', () => {
    const host = new TestHost(testServer({ powerOnUnitAttention: true }).server);
    const first = host.say(testUnitReady);
    assert.equal(first.status, Status.checkCondition);
    assert.equal(first.refusal, '6/2901');
    assert.equal(host.say(testUnitReady).status, Status.good);
    assert.equal(host.say(testUnitReady, { lun: 1 }).refusal, '6/2901');
  });

  it('keeps them per nexus', () => {
    const { server } = testServer({ powerOnUnitAttention: true });
    const [a, b] = [new TestHost(server, 1), new TestHost(server, 2)];
    assert.equal(a.say(testUnitReady).refusal, '6/2901');
    assert.equal(a.say(testUnitReady).status, Status.good);
    assert.equal(b.say(testUnitReady).refusal, '6/2901');
  });

  it('leaves them pending at INQUIRY and REPORT LUNS; REQUEST SENSE reports and clears them', () => {
    const host = new TestHost(testServer({ powerOnUnitAttention: true }).server);
    assert.equal(host.say(inquiry).status, Status.good);
    assert.equal(host.say(reportLuns).status, Status.good);
    const sense = host.say(requestSense);
    assert.equal(sense.status, Status.good);
    assert.deepEqual(sense.dataIn, hex`70 00 06 00000000 0a 00000000 2901 00 000000`);
    assert.deepEqual(host.say(requestSense).dataIn, hex`70 00 00 00000000 0a 00000000 0000 00 000000`);
    assert.equal(host.say(testUnitReady).status, Status.good);
  });

  it('does not hand a message to the service while one is pending, and takes no data for it', () => {
    const { server, service } = testServer({ powerOnUnitAttention: true });
    const host = new TestHost(server);
    const refused = host.say(sendMessage(4), data(4));
    assert.equal(refused.refusal, '6/2901');
    assert.equal(refused.dataOutWanted, 0);
    assert.deepEqual(service.log, []);
  });

  it('makes a nexus known by its first command, if the transport did not', () => {
    const { server } = testServer({ powerOnUnitAttention: true });
    const stranger: Nexus = { initiator: 4, name: 'stranger' };
    const command = new TestCommand(stranger, 1, testUnitReady);
    server.command(command);
    assert.equal(command.refusal, '6/2901');
  });
});

describe('device server: a LUN where nothing is', () => {
  const host = new TestHost(testServer({ powerOnUnitAttention: true }).server);
  const lun = 5;

  it('INQUIRY says so: 7Fh', () => {
    const answer = host.say(inquiry, { lun });
    assert.equal(answer.status, Status.good);
    assert.deepEqual(answer.dataIn?.subarray(0, 5), hex`7f 00 02 02 1f`);
    assert.deepEqual(host.say(hex`12 01 00 00ff 00`, { lun }).dataIn, hex`7f 00 0001 00`);
    assert.equal(host.say(hex`12 01 83 00ff 00`, { lun }).refusal, '5/2400 @2');
  });
  it('REQUEST SENSE gives LOGICAL UNIT NOT SUPPORTED, with GOOD', () => {
    const answer = host.say(requestSense, { lun });
    assert.equal(answer.status, Status.good);
    assert.deepEqual(answer.dataIn, hex`70 00 05 00000000 0a 00000000 2500 00 000000`);
  });
  it('refuses everything else with LOGICAL UNIT NOT SUPPORTED', () => {
    for (const cdb of [testUnitReady, reportLuns, hex`ff`, hex``])
      assert.equal(host.say(cdb, { lun }).refusal, '5/2500');
    const message = host.say(sendMessage(8), { lun, ...data(8) });
    assert.equal(message.refusal, '5/2500');
    assert.equal(message.dataOutWanted, 0);
  });
  it('answers REPORT LUNS at LUN 0 even when there is no LUN 0', () => {
    const identity = { vendor: 'V', product: 'P', revision: '1', serial: 'S' };
    const unit = communicationsUnit({ identity, service: new TestService() });
    const answer = new TestHost(new DeviceServer(new Map([[300, unit]]))).say(reportLuns);
    assert.deepEqual(answer.dataIn, hex`00000008 00000000 412c000000000000`);
  });
});

describe('device server: admission', () => {
  it('refuses an ACA attribute: there is no ACA', () => {
    const host = new TestHost(testServer().server);
    assert.equal(host.say(testUnitReady, { attribute: TaskAttribute.aca }).refusal, '5/4900');
  });

  it('answers TASK SET FULL to a host that has commands outstanding, BUSY to one that has none', () => {
    const { server, service } = testServer({ maxTasks: 2 });
    const [a, b] = [new TestHost(server, 1), new TestHost(server, 2)];
    a.say(getMessage(64));
    a.say(getMessage(64));
    const full = a.say(sendMessage(4), data(4));
    assert.equal(full.status, Status.taskSetFull);
    assert.equal(full.sense, undefined);
    assert.equal(full.dataOutWanted, 0);
    assert.equal(b.say(testUnitReady).status, Status.busy);
    assert.equal(b.say(inquiry).status, Status.good);
    assert.equal(b.say(testUnitReady, { lun: 1 }).status, Status.good);
    service.held.shift()?.complete(Status.good);
    assert.equal(b.say(testUnitReady).status, Status.good);
  });

  it('aborts all commands of a nexus that uses a tag twice (SAM-5, overlapped commands)', () => {
    const { server, service } = testServer();
    const [a, b] = [new TestHost(server, 1), new TestHost(server, 2)];
    const first = a.say(getMessage(64), { tag: 9 });
    const second = a.say(getMessage(64), { tag: 10 });
    const others = b.say(getMessage(64), { tag: 9 });
    const twice = a.say(testUnitReady, { tag: 9 });
    assert.equal(twice.refusal, 'b/4e00');
    assert.deepEqual([first.abandoned, second.abandoned, others.ended], [true, true, 0]);
    assert.deepEqual(service.log.slice(3), ['cancelled 9', 'cancelled 10']);
    assert.equal(a.say(testUnitReady, { tag: 9 }).status, Status.good);
  });

  it('refuses LUNs that cannot be', () => {
    const unit = communicationsUnit({
      identity: { vendor: 'V', product: 'P', revision: '1', serial: 'S' },
      service: new TestService(),
    });
    for (const lun of [-1, 0x4000, 1.5])
      assert.throws(() => new DeviceServer(new Map([[lun, unit]])), RangeError);
  });
});
