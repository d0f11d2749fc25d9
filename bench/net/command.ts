/** `npm run bench -- net`: what it takes. */

import type { Command } from 'commander';
import { needsUserNamespace, probeMachine, reexecInUserNamespace } from '../../src/cli/demo/privilege.ts';
import { suiteCommand } from '../suite.ts';
import { figures } from './figures.ts';

const explanation = `It makes its own network namespaces and touches nothing else; as root, or without root in a user namespace.
iperf3 and socat are used where they are installed. Results are kept in bench/results/ as JSON, SVG and Markdown.
`;

export const netCommand = (): Command =>
  suiteCommand({
    name: 'net',
    description: 'Measures ipscsi, veth, loopback and socat in turn, several rounds: medians and ratios.',
    figures,
    explanation,
    rounds: 5,
    probe: probeMachine,
    elsewhere: () => (needsUserNamespace() ? reexecInUserNamespace(process.argv.slice(2)) : undefined),
  });
