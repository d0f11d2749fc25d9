import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import type { Placement } from '../mpi/placement.ts';
import { TaskManagementResponse } from '../scsi/command.ts';
import { together } from './membership.ts';

it('ranks on one bus offer each other to fetch long messages where they lie', (context) => {
  const root = mkdtempSync('/dev/shm/ipscsi-test-');
  const ports = [0, 1].map((rank) => {
    const placement = { directory: join(root, 'bus'), rank, size: 2 } as Placement;
    return together({ placement, memory: 1 << 16, manners: {}, env: {} }, {} as never).port;
  });
  context.after(() => {
    for (const port of ports) port[Symbol.dispose]();
    rmSync(root, { recursive: true, force: true });
  });
  const target = {
    command: () => undefined,
    manage: () => TaskManagementResponse.rejected,
    nexusEstablished() {},
    nexusLost() {},
  } as const;
  for (const port of ports) port.target = target;
  while (!ports.every(({ targets }) => targets.size === 1)) for (const port of ports) port.poll();
  for (let i = 0; i < 10; i++) for (const port of ports) port.poll();
  assert.ok(ports[0]?.targets.get(1)?.far);
  assert.ok(ports[1]?.targets.get(0)?.far);
});
