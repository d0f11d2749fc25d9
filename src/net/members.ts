/** Who is who among those that log in. */

import type { IscsiMember } from './carrier.ts';

/** An initiator that only looks about on behalf of a member, beside the member's host itself, puts this behind its name. */
export const scannerSuffix = '.scan';

const baseOf = (initiator: string) =>
  initiator.endsWith(scannerSuffix) ? initiator.slice(0, -scannerSuffix.length) : initiator;

/** The member that an initiator is, or looks about for: a member's own name may end like that, too. */
export const memberOf = (members: readonly IscsiMember[], initiator: string): IscsiMember | undefined =>
  members.find(({ name }) => name === initiator) ?? members.find(({ name }) => name === baseOf(initiator));

/**
 * IDs of initiators by their names: a member has its own, whoever looks about the highest that no member has. `own` is
 * ours. Undefined: not let in.
 */
export function idsOf(
  members: readonly IscsiMember[],
  own: number,
  width: number,
): (initiator: string) => number | undefined {
  const taken = new Set([own, ...members.map(({ id }) => id)]);
  let visitor: number | undefined = width - 1;
  while (visitor !== undefined && taken.has(visitor)) visitor = visitor > 0 ? visitor - 1 : undefined;
  return (initiator) => {
    const member = memberOf(members, initiator);
    return member?.name === initiator ? member.id : member && visitor;
  };
}
