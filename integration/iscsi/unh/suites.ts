/** All conformance suites. */

import { initiatorChaps } from './chap-initiator.ts';
import { chaps } from './chap-target.ts';
import { commands } from './ffp-initiator-commands.ts';
import { numbers } from './ffp-initiator-data.ts';
import { requests as initiatorRequests } from './ffp-initiator-requests.ts';
import { discoveries } from './ffp-initiator-text.ts';
import { data } from './ffp-target-data.ts';
import { management } from './ffp-target-management.ts';
import { requests } from './ffp-target-requests.ts';
import { responses } from './ffp-target-responses.ts';
import { text } from './ffp-target-text.ts';
import { initiatorLogins } from './login-initiator.ts';
import { initiatorKeys } from './login-initiator-keys.ts';
import { logins } from './login-target.ts';
import { moreLogins } from './login-target-more.ts';
import { initiatorRecoveries } from './recovery-initiator.ts';
import { retries, snacks } from './recovery-target.ts';
import { losses } from './recovery-target-losses.ts';
import type { Check, Suite } from './suite.ts';

/** By number: 9.3.1 before 10.1. */
function sorted(...groups: readonly (readonly Check[])[]): Check[] {
  const key = ({ number }: Check) =>
    number
      .split('.')
      .map((part) => part.replace('A', '99').padStart(3, '0'))
      .join('.');
  return groups.flat().sort((one, other) => (key(one) < key(other) ? -1 : 1));
}

const mirrored = 'the public document for targets was not at hand; by the groups of the one for initiators';

export const suites: readonly Suite[] = [
  {
    name: 'Login Phase, targets',
    role: 'target',
    numbering: `${mirrored} (version 3.0), whose 1.1 to 22.1 are known. A.1 and so on are ours`,
    checks: sorted(logins, moreLogins),
  },
  {
    name: 'Login Phase, initiators',
    role: 'initiator',
    numbering:
      'tests 1.1 to 22.1 of the public document (version 3.0), by their numbers; what each says beyond its title was not at hand. A.1 and so on are ours',
    checks: sorted(initiatorLogins, initiatorKeys),
  },
  {
    name: 'CHAP, targets',
    role: 'target',
    numbering: `${mirrored} (version 3.1: CHAP_A, CHAP_I, CHAP_C, CHAP_N, CHAP_R); numbers within a group are ours`,
    checks: sorted(chaps),
  },
  {
    name: 'CHAP, initiators',
    role: 'initiator',
    numbering:
      'tests 1.1 to 5.3 of the public document (version 3.1), by their numbers; what each says beyond its title was not at hand',
    checks: sorted(initiatorChaps),
  },
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
  {
    name: 'Error Recovery, targets',
    role: 'target',
    numbering:
      'tests 1.1 to 3.5 of the public document (version 2.1), by their numbers; from 3.6 on ours (4: dropped PDUs, 5: digest errors, which the document has too)',
    checks: sorted(retries, snacks, losses),
  },
  {
    name: 'Error Recovery, initiators',
    role: 'initiator',
    numbering: 'no public document is known to us; by the groups of the one for targets',
    checks: sorted(initiatorRecoveries),
  },
];
