/** What the guest's kernel complained about. */

import { must } from './commands.ts';

const complaints =
  /\bBUG\b|\bOops\b|WARNING: |Call Trace|general protection|blocked for more than|soft lockup|refcount_t|use-after-free/;

/** Lines of the kernel's log that tell of a defect or of a task that hangs; it is to be empty. */
export function complaintsOfTheKernel(): readonly string[] {
  return must('dmesg')
    .split('\n')
    .filter((line) => complaints.test(line));
}
