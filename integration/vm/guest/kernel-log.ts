/** What the guest's kernel complained about. */

import { writeFileSync } from 'node:fs';
import { must } from './commands.ts';

const complaints =
  /\bBUG\b|\bOops\b|WARNING: |Call Trace|general protection|blocked for more than|soft lockup|refcount_t|use-after-free/;

/** Has the kernel complain of tasks that wait for so many seconds without a break; usually that takes 120. */
export function watchForHungTasks(seconds: number): void {
  writeFileSync('/proc/sys/kernel/hung_task_timeout_secs', String(seconds));
}

/** Lines that come with a complaint: who, where. */
const context = 30;

/** The kernel's log from where it tells of a defect or of a task that hangs; it is to be empty. */
export function complaintsOfTheKernel(): readonly string[] {
  const lines = must('dmesg').split('\n');
  const first = lines.findIndex((line) => complaints.test(line));
  return first < 0 ? [] : lines.slice(Math.max(0, first - 5), first + context);
}
