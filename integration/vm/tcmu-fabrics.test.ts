import { guestTests } from './guest-tests.ts';

guestTests('IP over TCMU on Fibre Channel and SRP', 'tcmu-fabrics', {
  modules: ['sg', 'tun'],
  net: true,
});
