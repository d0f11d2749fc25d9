/** Loaded before a program (`node --import`): it ends when the process that started it does, even by SIGKILL. */

import { dieWithParent } from '../../sys/privileges.ts';

dieWithParent('SIGTERM');
