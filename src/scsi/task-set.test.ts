/** Task attributes (SAM-5 §8.9) and task management (SAM-5 §7). */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TaskAttribute, TaskManagement, TaskManagementResponse } from './command.ts';
import { Status } from './status.ts';
import { getMessage, sendMessage, TestHost, testServer, testUnitReady } from './testing.ts';

const { ordered, headOfQueue } = TaskAttribute;
const data = { dataOut: new Uint8Array(4) };
const message = sendMessage(4);
const { complete, succeeded, rejected, incorrectLun } = TaskManagementResponse;

describe('task attributes', () => {
  it('simple commands do not wait for each other', () => {
    const { server, service } = testServer();
    const host = new TestHost(server);
    host.say(message, data);
    host.say(message, data);
    assert.equal(service.held.length, 2);
    assert.equal(host.say(testUnitReady).status, Status.good);
  });

  it('an ordered command waits for all older ones, and all younger ones for it', () => {
    const { server, service } = testServer();
    const host = new TestHost(server);
    host.say(message, data);
    host.say(message, data);
    host.say(message, { ...data, attribute: ordered, tag: 103 });
    const ready = host.say(testUnitReady, { tag: 104 });
    assert.equal(service.held.length, 2);
    service.held.shift()?.complete(Status.good);
    assert.equal(service.held.length, 1);
    service.held.shift()?.complete(Status.good);
    assert.deepEqual(
      service.held.map(({ tag }) => tag),
      [103],
    );
    assert.equal(ready.ended, 0);
    service.held.shift()?.complete(Status.good);
    assert.equal(ready.status, Status.good);
  });

  it('a head of queue command waits for none; younger ones wait for it', () => {
    const { server, service } = testServer();
    const host = new TestHost(server);
    host.say(message, data);
    host.say(message, { ...data, attribute: ordered, tag: 102 });
    host.say(message, { ...data, attribute: headOfQueue, tag: 103 });
    assert.deepEqual(
      service.held.map(({ tag }) => tag),
      [1, 103],
    );
    service.held.shift()?.complete(Status.good);
    assert.deepEqual(
      service.held.map(({ tag }) => tag),
      [103],
    );
    service.held.shift()?.complete(Status.good);
    assert.deepEqual(
      service.held.map(({ tag }) => tag),
      [102],
    );
  });

  it('a GET MESSAGE that waits for its message holds up nobody', () => {
    const { server, service } = testServer();
    const host = new TestHost(server);
    host.say(getMessage(64), { attribute: ordered });
    host.say(message, { ...data, attribute: ordered });
    assert.equal(host.say(getMessage(64), { attribute: ordered }).ended, 0);
    assert.equal(service.log.length, 2);
    service.held.pop()?.complete(Status.good);
    assert.equal(service.log.length, 3);
    assert.equal(host.say(testUnitReady, { attribute: ordered }).status, Status.good);
  });

  it('order is kept within a nexus only: no host can stall another', () => {
    const { server } = testServer();
    const [a, b] = [new TestHost(server, 1), new TestHost(server, 2)];
    a.say(message, { ...data, attribute: ordered });
    assert.equal(b.say(testUnitReady, { attribute: ordered }).status, Status.good);
  });

  it('a thousand waiting commands run in turn, without nesting', () => {
    const { server, service } = testServer();
    const host = new TestHost(server);
    host.say(message, data);
    service.onSend = (command) => command.complete(Status.good);
    const waiting = Array.from({ length: 1000 }, () => host.say(message, { ...data, attribute: ordered }));
    assert.ok(waiting.every(({ ended }) => ended === 0));
    service.held.shift()?.complete(Status.good);
    assert.ok(waiting.every(({ status }) => status === Status.good));
  });
});

describe('task management', () => {
  function two() {
    const { server, service } = testServer();
    return { server, service, a: new TestHost(server, 1), b: new TestHost(server, 2) };
  }

  it('ABORT TASK ends one task, held or waiting its turn; none there is fine too', () => {
    const { server, service, a } = two();
    const first = a.say(message, { ...data, tag: 1 });
    const second = a.say(message, { ...data, attribute: ordered, tag: 2 });
    const third = a.say(message, { ...data, tag: 3 });
    assert.equal(server.manage(a.nexus, TaskManagement.abortTask, 0, 2), complete);
    assert.deepEqual([first.ended, second.abandoned], [0, true]);
    assert.deepEqual(
      service.held.map(({ tag }) => tag),
      [1, 3],
    );
    assert.equal(server.manage(a.nexus, TaskManagement.abortTask, 0, 1), complete);
    assert.equal(first.abandoned, true);
    assert.equal(third.ended, 0);
    assert.equal(server.manage(a.nexus, TaskManagement.abortTask, 0, 99), complete);
    assert.deepEqual(service.log.slice(2), ['cancelled 1']);
  });

  it('ABORT TASK of a blocking task lets the next one start', () => {
    const { server, a } = two();
    a.say(message, { ...data, attribute: ordered, tag: 100 });
    const next = a.say(testUnitReady);
    server.manage(a.nexus, TaskManagement.abortTask, 0, 100);
    assert.equal(next.status, Status.good);
  });

  it('ABORT TASK SET ends the commands of its own nexus at that LUN', () => {
    const { server, a, b } = two();
    const own = [a.say(getMessage(9)), a.say(message, data), a.say(message, { ...data, attribute: ordered })];
    const spared = [b.say(getMessage(9)), a.say(hexReceive, { lun: 1 })];
    assert.equal(server.manage(a.nexus, TaskManagement.abortTaskSet, 0, 0), complete);
    assert.ok(own.every(({ abandoned, ended }) => abandoned && ended === 1));
    assert.ok(spared.every(({ ended }) => ended === 0));
    assert.equal(b.say(testUnitReady).status, Status.good);
  });

  it('CLEAR TASK SET ends all; others learn of it by TASK ABORTED and a unit attention', () => {
    const { server, a, b } = two();
    const c = new TestHost(server, 3);
    const own = a.say(getMessage(9));
    const others = b.say(getMessage(9));
    assert.equal(server.manage(a.nexus, TaskManagement.clearTaskSet, 0, 0), complete);
    assert.equal(own.abandoned, true);
    assert.equal(others.status, Status.taskAborted);
    assert.equal(others.ended, 1);
    assert.equal(b.say(testUnitReady).refusal, '6/2f00');
    assert.equal(b.say(testUnitReady).status, Status.good);
    assert.equal(a.say(testUnitReady).status, Status.good);
    assert.equal(c.say(testUnitReady).status, Status.good);
  });

  it('LOGICAL UNIT RESET does, for everybody, and leaves other units alone', () => {
    const { server, a, b } = two();
    const held = [a.say(getMessage(9)), b.say(getMessage(9)), b.say(hexReceive, { lun: 1 })];
    assert.equal(server.manage(a.nexus, TaskManagement.logicalUnitReset, 0, 0), complete);
    assert.deepEqual(
      held.map(({ ended }) => ended),
      [1, 1, 0],
    );
    assert.equal(held[1]?.status, Status.taskAborted);
    for (const host of [a, b]) {
      assert.equal(host.say(testUnitReady).refusal, '6/2903');
      assert.equal(host.say(testUnitReady).status, Status.good);
      assert.equal(host.say(testUnitReady, { lun: 1 }).status, Status.good);
    }
  });

  it('target reset is that for every unit', () => {
    const { server, a, b } = two();
    b.say(hexReceive, { lun: 1 });
    assert.equal(server.manage(a.nexus, TaskManagement.targetReset, 77, 0), complete);
    for (const lun of [0, 1]) assert.equal(b.say(testUnitReady, { lun }).refusal, '6/2903');
  });

  it('a bus reset ends all without a status', () => {
    const { server, a, b } = two();
    const held = [a.say(getMessage(9)), b.say(hexReceive, { lun: 1 })];
    server.busReset();
    assert.ok(held.every(({ abandoned, ended }) => abandoned && ended === 1));
    assert.equal(b.say(testUnitReady).refusal, '6/2902');
  });

  it('QUERY TASK says whether a task is there', () => {
    const { server, a, b } = two();
    a.say(getMessage(9), { tag: 5 });
    assert.equal(server.manage(a.nexus, TaskManagement.queryTask, 0, 5), succeeded);
    assert.equal(server.manage(a.nexus, TaskManagement.queryTask, 0, 6), complete);
    assert.equal(server.manage(b.nexus, TaskManagement.queryTask, 0, 5), complete);
  });

  it('there is no ACA to clear, and no task at a LUN that is not there', () => {
    const { server, a } = two();
    assert.equal(server.manage(a.nexus, TaskManagement.clearAca, 0, 0), rejected);
    assert.equal(server.manage(a.nexus, TaskManagement.abortTask, 9, 0), incorrectLun);
    assert.equal(server.manage(a.nexus, TaskManagement.logicalUnitReset, 9, 0), incorrectLun);
  });

  it('a lost nexus takes its commands with it, unheard, and frees their places', () => {
    const { server, service } = testServer({ maxTasks: 1 });
    const [a, b] = [new TestHost(server, 1), new TestHost(server, 2)];
    const command = a.say(getMessage(9), { tag: 3 });
    server.nexusLost(a.nexus);
    assert.equal(command.ended, 0);
    assert.deepEqual(service.log.slice(1), ['cancelled 3']);
    assert.equal(b.say(testUnitReady).status, Status.good);
  });
});

const hexReceive = Uint8Array.of(0x08, 0, 0, 0, 9, 0);
