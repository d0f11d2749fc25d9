import { guestTests } from './guest-tests.ts';

guestTests('sg devices and the commands for them', 'sg-devices', {
  modules: ['sg', 'scsi_debug ptype=9 max_luns=2 num_tgts=1', 'target_core_user', 'tcm_loop'],
});
guestTests('the transport contract over sg, tcm_loop and TCMU', 'sg-contract', {
  modules: ['sg', 'target_core_user', 'tcm_loop'],
});
