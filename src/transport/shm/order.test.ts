import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import type { Command, Target } from '../../scsi/command.ts';
import { Status } from '../../scsi/status.ts';
import { EPOLLIN, Epoll } from '../../sys/epoll.ts';
import { Task } from '../task.ts';
import { openShmPort } from './port.ts';

const good: Target = {
  command: (command: Command) => command.complete(Status.good, undefined, command.cdb, 0, 0),
  manage: () => 0,
  nexusEstablished: () => undefined,
  nexusLost: () => undefined,
};

it('a target that looks while its answers are being taken sees no more commands than its queue holds', () => {
  const root = mkdtempSync('/dev/shm/ipscsi-test-');
  const violations: string[] = [];
  const options = { directory: join(root, 'bus'), bus: 'test', width: 8, hostName: 'h', depth: 16 } as const;
  const onViolation = (_: number, why: string) => violations.push(why);
  try {
    using initiator = openShmPort({ ...options, id: 0, onViolation });
    using target = openShmPort({ ...options, id: 1, onViolation });
    target.target = good;
    while (!initiator.targets.has(1)) initiator.poll() + target.poll();
    const nexus = initiator.targets.get(1) ?? assert.fail('no target');
    let left = 200;
    let ended = 0;
    const again = (task: Task) => {
      ended++;
      if (left-- > 0) assert.ok(nexus.submit(task));
      target.poll(); // as a thread of its own might at any moment
    };
    for (let i = 0; i < nexus.limits.maxQueued; i++) {
      const task = new Task().setCdb(new Uint8Array(6));
      task.done = again;
      assert.ok(nexus.submit(task));
    }
    for (let i = 0; i < 1000 && ended < 200; i++) target.poll() + initiator.poll();
    assert.deepEqual(violations, []);
    assert.ok(ended >= 200, `${ended} commands ended`);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

it('a target that answers outside of poll() does not go to sleep before the initiator has been told', () => {
  const root = mkdtempSync('/dev/shm/ipscsi-test-');
  const options = { directory: join(root, 'bus'), bus: 'test', width: 8, hostName: 'h', depth: 16 } as const;
  try {
    using initiator = openShmPort({ ...options, id: 0 });
    using target = openShmPort({ ...options, id: 1 });
    const held: Command[] = [];
    target.target = { ...good, command: (command) => held.push(command) };
    while (!initiator.targets.has(1)) initiator.poll() + target.poll();
    const task = new Task().setCdb(new Uint8Array(6));
    assert.ok(initiator.targets.get(1)?.submit(task));
    while (held.length === 0) target.poll();
    do {
      initiator.disarm();
      initiator.poll();
    } while (!initiator.arm(false));
    using epoll = new Epoll();
    epoll.add(initiator.fd, EPOLLIN, 0);
    assert.equal(epoll.wait(0), 0);
    held[0]?.complete(Status.good);
    for (; !target.arm(false); target.poll()) target.disarm(0);
    assert.equal(epoll.wait(0), 1, 'it was woken');
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
