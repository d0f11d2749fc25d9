/** Runs a job from its options to its exit status. */

import type { Crew } from './crew.ts';
import { Job } from './job.ts';
import type { JobOptions } from './job-options.ts';
import { Output } from './output.ts';

export async function runJob(options: JobOptions): Promise<number> {
  const output = new Output(options.tagged, {
    1: process.stdout,
    2: process.stderr,
  });
  const job = new Job(options);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => job.stop(signal));
  process.stdout.removeAllListeners('error');
  process.stdout.on('error', () => job.stop('SIGPIPE')); // whoever reads us has left; there is much to tidy up
  process.on('SIGQUIT', () => job.explain('what each rank does:'));
  let crews: readonly Crew[] = [];
  try {
    crews = await start(options, job, output);
    const status = await job.run(crews);
    await Promise.race([output.written(), fires(job.hurried)]);
    return status;
  } catch (error) {
    if (job.stopped.aborted) return job.status; // told to end before all was there
    throw error;
  } finally {
    await Promise.all(crews.map((crew) => crew.close()));
  }
}

async function start(options: JobOptions, job: Job, output: Output): Promise<readonly Crew[]> {
  const { hosts } = options;
  if (!hosts) {
    const { startHere } = await import('./local-job.ts');
    return [startHere(options, output, job)];
  }
  const { startOnHosts } = await import('./remote-job.ts');
  return startOnHosts(hosts, options, { output, events: job, stopped: job.stopped });
}

const fires = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
