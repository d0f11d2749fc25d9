/** `ipscsi mpi-agent`: what `ipscsi mpirun` starts on each host of a job. It speaks frames, to a launcher alone. */

import { Command } from 'commander';
import { Agent } from './agent.ts';

export function mpiAgentCommand(): Command {
  return new Command('mpi-agent')
    .description('Serves `ipscsi mpirun` on a host of a job, through standard input and output.')
    .action(async () => {
      process.stdout.removeAllListeners('error'); // without a reader, too, there is much to tidy up
      const agent = new Agent(process.stdin, process.stdout);
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
        process.on(signal, () => agent.stop(signal));
      try {
        process.exitCode = await agent.run();
      } finally {
        agent.close();
      }
    });
}
