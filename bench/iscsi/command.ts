/** `npm run bench -- iscsi`: what it takes. */

import type { Command } from 'commander';
import { needsUserNamespace, reexecInUserNamespace } from '../../src/cli/demo/privilege.ts';
import { suiteCommand } from '../suite.ts';
import { figures } from './figures.ts';

const explanation = `tgt and iscsi-perf are measured where Debian's tgt and libiscsi-bin are installed, libiscsi by a program in C where libiscsi-dev is.
Each end is a process of its own, over loopback TCP; IP over iSCSI between network namespaces of its own. Results are kept in bench/results/ as JSON, SVG and Markdown.
`;

export const iscsiCommand = (): Command =>
  suiteCommand({
    name: 'iscsi',
    description:
      'Measures our iSCSI initiator and target, libiscsi and tgt with each other, in turn, several rounds.',
    figures,
    explanation,
    rounds: 5,
    elsewhere: () => (needsUserNamespace() ? reexecInUserNamespace(process.argv.slice(2)) : undefined),
  });
