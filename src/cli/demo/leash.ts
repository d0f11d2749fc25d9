/** Loaded before a host's program (`node --import`): the host ends when the demo does, even by SIGKILL. */

import { dieWithParent } from '../../sys/privileges.ts';

dieWithParent('SIGTERM');
