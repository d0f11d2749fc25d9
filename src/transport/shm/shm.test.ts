import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type JoinOptions, type TransportHarness, transportContract } from '../../../contract/transport.ts';
import type { Target } from '../../scsi/command.ts';
import type { Port } from '../transport.ts';
import type { ShmOptions } from './options.ts';
import { openShmPort } from './port.ts';

/** Ports of one process on a bus of their own; what processes of their own add is in integration/. */
function shmHarness(target: Target, shape: Partial<ShmOptions>): TransportHarness {
  const root = mkdtempSync('/dev/shm/ipscsi-test-');
  const directory = join(root, 'bus');
  const ports: Port[] = [];
  const attach = ({ id, target: answering }: JoinOptions): Port => {
    const port = openShmPort({
      directory,
      bus: 'test',
      id,
      width: 8,
      hostName: 'test',
      memory: 1 << 20,
      ...shape,
    });
    port.target = answering;
    ports.push(port);
    return port;
  };
  const initiator = attach({ id: 0 });
  const served = attach({ id: 1, target });
  const drive = () => {
    let done = 0;
    for (const port of ports) done += port.poll();
    if (done === 0) for (const port of ports) port.wait(1);
  };
  while (!initiator.targets.has(1)) drive();
  const nexus = initiator.targets.get(1);
  if (!nexus) throw new Error('the target did not appear');
  return {
    initiator,
    target: served,
    nexus,
    drive,
    join: attach,
    [Symbol.asyncDispose]() {
      for (const port of ports) port[Symbol.dispose]();
      rmSync(root, { recursive: true, force: true });
      return Promise.resolve();
    },
  };
}

transportContract('shared memory', (target) => shmHarness(target, {}));
transportContract('shared memory, short queues, few reply slots', (target) =>
  shmHarness(target, { depth: 16, replySlots: 14 }),
);
