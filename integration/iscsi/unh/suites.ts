/** All conformance suites. */

import { commands } from './ffp-initiator-commands.ts';
import { numbers } from './ffp-initiator-data.ts';
import { requests as initiatorRequests } from './ffp-initiator-requests.ts';
import { discoveries } from './ffp-initiator-text.ts';
import { data } from './ffp-target-data.ts';
import { management } from './ffp-target-management.ts';
import { requests } from './ffp-target-requests.ts';
import { responses } from './ffp-target-responses.ts';
import { text } from './ffp-target-text.ts';
import type { Check, Suite } from './suite.ts';

/** By number: 9.3.1 before 10.1. */
function sorted(...groups: readonly (readonly Check[])[]): Check[] {
  const key = ({ number }: Check) =>
    number
      .split('.')
      .map((part) => part.padStart(3, '0'))
      .join('.');
  return groups.flat().sort((one, other) => (key(one) < key(other) ? -1 : 1));
}

export const suites: readonly Suite[] = [
  {
    name: 'Full Feature Phase, targets',
    role: 'target',
    numbering: 'all 82 tests of the public document (version 0.1, 2003), by their numbers',
    checks: sorted(data, management, requests, responses, text),
  },
  {
    name: 'Full Feature Phase, initiators',
    role: 'initiator',
    numbering: 'all 66 tests of the public document (version 0.1, 2003), by their numbers',
    checks: sorted(numbers, commands, initiatorRequests, discoveries),
  },
];
