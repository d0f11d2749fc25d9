import { memoryHarness } from '../../../contract/memory-harness.ts';
import { transportContract } from '../../../contract/transport.ts';

transportContract('memory', (target) => memoryHarness(target));
transportContract('memory, a slow and narrow bus', (target) =>
  memoryHarness(target, { latency: 3, depth: 4 }),
);
