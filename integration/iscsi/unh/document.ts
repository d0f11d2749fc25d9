/** docs/iscsi-conformance.md, made of the results. */

import { outcome, type Result, type Suite } from './suite.ts';

const head = `# iSCSI conformance

The University of New Hampshire's InterOperability Laboratory (UNH-IOL) has published test suites for iSCSI: documents that
say, test by test, what to send to a target or an initiator and what to expect. No program comes with them. We have our own
program for them, for both roles: \`integration/iscsi/unh/\`.

- The checks are *numbered after* those documents. Titles and code are our own. Where the public document is older than
  RFC 7143, the RFC decides, and the result says so.
- Each check drives the real protocol machine of ipscsi (\`src/transport/iscsi\`) over a wire in memory, on a virtual clock.
  At the other end is a peer that sends exactly the PDUs of the check, right or wrong ones, and looks at each PDU that comes back.
  The target has a RAM disk behind it.
- This file is written by the run, and the test fails if it is out of date. Nothing in it is written by hand:
  \`UPDATE_TABLES=1 node --enable-source-maps --test dist/integration/iscsi/unh/unh.test.js\`.
- \`mutants.test.ts\` breaks rules on purpose, in the PDUs of the machine under test, and sees to it that the checks notice.
- \`sockets.test.ts\` runs over TCP what needs a socket: who closes, and when an initiator comes back (13.1, 13.2, 17.1, 20.1, 20.3).
- *not applicable*: a feature that we do not offer. The check then shows that it is declined as the RFC says.
- *deviation*: we do something else than the public document wants. The check then shows what we do.

What is not here: the Multi-Connection suite, as our sessions have one connection (that is shown where the other suites want two);
the tests of the public documents whose numbers we do not know (login from 23.1 on, CHAP from 5.4 on, error recovery from 3.6 on), other
than by checks of our own. A check has the number of a public test and its subject; it is our reading of it, no certificate.
`;

const cell = (text: string): string => text.replaceAll('|', '\\|');

function count(results: readonly Result[]): string {
  const words = results.map(outcome);
  const of = (start: string) => words.filter((one) => one.startsWith(start)).length;
  return `| ${words.length} | ${of('pass')} | ${of('deviation')} | ${of('not applicable')} | ${of('**fail')} |`;
}

function table(suite: Suite, results: readonly Result[]): string {
  const rows = results.map((result) => {
    const { number, title, clause } = result.check;
    return `| ${number} | ${cell(title)} | ${cell(clause)} | ${cell(outcome(result))} |`;
  });
  return [
    `## ${suite.name}`,
    '',
    `Role tested: ${suite.role}. Numbering: ${suite.numbering}.`,
    '',
    '| Test | What is checked | RFC 7143 | Result |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

export function document(suites: readonly Suite[], results: readonly Result[]): string {
  const of = (suite: Suite) => results.filter((result) => result.suite === suite);
  const summary = [
    '| Suite | Checks | pass | deviation | not applicable | fail |',
    '|---|---|---|---|---|---|',
    ...suites.map((suite) => `| ${suite.name} ${count(of(suite))}`),
    `| **All** ${count(results)}`,
    '',
  ].join('\n');
  return [head, summary, ...suites.map((suite) => table(suite, of(suite)))].join('\n');
}
