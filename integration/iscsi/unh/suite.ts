/** What a conformance suite is: numbered checks, each with the clause it rests on, and the table of their results. */

import type { Pair } from '../../../src/transport/iscsi/text.ts';

/** Why a check does not say simply "pass"; the check then shows that this is so. */
export type Verdict = { readonly deviation: string } | { readonly notApplicable: string };

export interface Check {
  /** As the public suite numbers it. */
  readonly number: string;
  readonly title: string;
  /** Of RFC 7143, unless it says otherwise. */
  readonly clause: string;
  /** Throws when we do not do what is said here. */
  readonly run: () => void | Promise<void>;
  readonly verdict: Verdict | undefined;
}

export interface Suite {
  readonly name: string;
  readonly role: 'target' | 'initiator';
  /** Where the numbers come from. */
  readonly numbering: string;
  readonly checks: readonly Check[];
}

export const check = (
  number: string,
  title: string,
  clause: string,
  run: Check['run'],
  verdict?: Verdict,
): Check => ({ number, title, clause, run, verdict });

/** A check, and what came of it: undefined, or how it failed. */
export interface Result {
  readonly suite: Suite;
  readonly check: Check;
  readonly failure: string | undefined;
}

/** A result in words. */
export function outcome({ check: { verdict }, failure }: Result): string {
  if (failure !== undefined) return `**fail**: ${failure.split('\n')[0]}`;
  if (!verdict) return 'pass';
  return 'deviation' in verdict
    ? `deviation: ${verdict.deviation}`
    : `not applicable: ${verdict.notApplicable}`;
}

/** "Key=value" as a pair. */
export function pairOf(text: string): Pair {
  const equals = text.indexOf('=');
  return [text.slice(0, equals), text.slice(equals + 1)];
}
