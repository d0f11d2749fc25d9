import { guestTests } from './guest-tests.ts';

guestTests('a virtual machine', 'smoke', { modules: ['sg', 'scsi_debug ptype=3 max_luns=1'], limit: 120 });
