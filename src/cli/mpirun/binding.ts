/** Processors that ranks can be bound to: those that the launcher itself may use. */

import { readFileSync } from 'node:fs';

/** Numbers in a list as the kernel writes them: "0-2,5". */
export const parseProcessors = (list: string): number[] =>
  list.split(',').flatMap((range) => {
    const [first = Number.NaN, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });

/** Those of this process (proc(5), Cpus_allowed_list). */
export function allowedProcessors(): number[] {
  const status = readFileSync('/proc/self/status', 'utf8');
  return parseProcessors(/^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? '0');
}
