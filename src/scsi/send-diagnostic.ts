/** SEND DIAGNOSTIC: the default self-test, which passes. Not here: diagnostic pages. */

import { SendDiagnostic } from './cdb.ts';
import { invalidField } from './refusals.ts';
import type { ServerTask } from './server-task.ts';

export function sendDiagnostic(task: ServerTask): void {
  const { length } = SendDiagnostic.decode(task.cdb);
  if (length !== 0) task.refuse(invalidField(3), length);
  else task.good();
}
