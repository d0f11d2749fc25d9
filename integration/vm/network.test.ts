import { guestTests } from './guest-tests.ts';

guestTests('IP through the kernel: sg, tcm_loop, TCMU', 'network', { modules: ['sg', 'tun'] });
