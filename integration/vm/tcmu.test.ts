import { guestTests } from './guest-tests.ts';

guestTests('TCMU on the loopback fabric', 'tcmu', { modules: ['sg'] });
