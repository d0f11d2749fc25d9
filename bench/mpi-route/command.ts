/** `npm run bench -- mpi-route`: what it takes. */

import type { Command } from 'commander';
import { missing } from '../../integration/lab/processes.ts';
import { needsUserNamespace, reexecInUserNamespace } from '../../src/cli/demo/privilege.ts';
import { CliError } from '../../src/cli/failure.ts';
import { suiteCommand } from '../suite.ts';
import { figures } from './figures.ts';

const explanation = `It makes its own network namespaces and touches nothing else; as root, or without root in a user namespace. nsenter, unshare and tc
must be installed. Open MPI is measured where Debian's openmpi-bin and libopenmpi-dev are, bare TCP where a C compiler is.
Results are kept in bench/results/ as JSON, SVG and Markdown.
`;

function probe(): void {
  const lacking = missing('nsenter', 'unshare', 'tc', 'setpriv');
  if (lacking) throw new CliError('failure', lacking, 'util-linux and iproute2');
}

export const mpiRouteCommand = (): Command =>
  suiteCommand({
    name: 'mpi-route',
    description:
      'Measures MPI across iSCSI: on loopback, between hosts, over two rails, over a forwarder, after a cut; beside Open MPI and bare TCP.',
    figures,
    explanation,
    rounds: 3,
    probe,
    elsewhere: () => (needsUserNamespace() ? reexecInUserNamespace(process.argv.slice(2)) : undefined),
  });
