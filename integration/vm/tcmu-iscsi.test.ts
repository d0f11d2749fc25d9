import { guestTests } from './guest-tests.ts';

guestTests('TCMU on LIO’s iSCSI fabric, open-iscsi logging in', 'tcmu-iscsi', {
  modules: ['sg', 'tun', 'iscsi_tcp'],
});
