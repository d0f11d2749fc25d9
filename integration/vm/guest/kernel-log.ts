/** What the guest's kernel complained about. */

import { writeFileSync } from 'node:fs';
import { must } from './commands.ts';

const complaints =
  /\bBUG\b|\bOops\b|WARNING: |Call Trace|general protection|blocked for more than|soft lockup|refcount_t|use-after-free/;

/** Has the kernel complain of tasks that wait for so many seconds without a break; usually that takes 120. */
export function watchForHungTasks(seconds: number): void {
  writeFileSync('/proc/sys/kernel/hung_task_timeout_secs', String(seconds));
}

/** Lines of the kernel's log that tell of a defect or of a task that hangs; it is to be empty. */
export function complaintsOfTheKernel(): readonly string[] {
  return must('dmesg')
    .split('\n')
    .filter((line) => complaints.test(line));
}
