/** Options about the ways of messages between ranks. What they mean is loaded where one is given alone: a job is to start soon. */

import { type Command, Option } from 'commander';

export interface RoutingFlags {
  readonly route?: string;
  readonly explain?: boolean;
  readonly measure?: boolean;
  readonly carriers?: string;
}

export const routingHelp = `
Ranks on one host speak by shared memory, ranks on several hosts by iSCSI besides; docs/mpi-routing.md tells of routes.
`;

export function addRoutingOptions(command: Command): Command {
  return command
    .addOption(new Option('--route <file>', 'the network and its routes are as this file says'))
    .addOption(
      new Option(
        '--explain',
        'print the network, its costs and the routes found, as such a file, on standard error',
      ),
    )
    .addOption(new Option('--measure', 'measure what hops cost, even if it is known from before'))
    .addOption(new Option('--carriers <list>', 'use these alone: shm, iscsi'));
}

/** NAME=VALUE for the ranks; what our own environment says, they have anyway. @throws CliError */
export async function routingVariables(flags: RoutingFlags, size: number): Promise<string[]> {
  const { route, explain, measure, carriers } = flags;
  if (route === undefined && carriers === undefined && !explain && !measure) return [];
  return (await import('./routing-variables.ts')).variablesOf(flags, size);
}
