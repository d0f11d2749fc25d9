/** Ranks that say on the job's page that each waits for the next, and then do nothing until they are ended. */

import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { ActivityWord, operationNumber } from '../../../src/mpi/activity.ts';
import { JobPage } from '../../../src/mpi/job-page.ts';
import { pageName } from '../../../src/mpi/placement.ts';
import { agentEnvironment } from '../../../src/mpi/pmi/agent-environment.ts';

const [rank, size] = [Number(process.env['PMI_RANK']), Number(process.env['PMI_SIZE'])];
const next = (rank + 1) % size;
const page = JobPage.open(join(process.env[agentEnvironment.directory] ?? '', pageName), size);
const watch = page.watch(rank, () => 'pretend:1:1');
const set = (word: keyof typeof ActivityWord, value: number) =>
  Atomics.store(watch.words, ActivityWord[word], value);
set('operation', operationNumber('recv'));
set('peer', next);
set('tag', 7);
set('bytes', 1);
set('calls', 1);
watch.blocked([next]);
set('blocked', 1);
writeSync(1, 'waits\n');
setInterval(() => undefined, 60_000);
