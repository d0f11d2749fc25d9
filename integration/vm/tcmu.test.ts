import { guestTests } from './guest-tests.ts';

guestTests('TCMU on the loopback fabric', 'tcmu', { modules: ['sg'] });
guestTests('TCMU on LIO’s iSCSI fabric, open-iscsi logging in', 'tcmu-iscsi', {
  modules: ['sg', 'tun', 'iscsi_tcp'],
});
guestTests('IP over TCMU on Fibre Channel and SRP', 'tcmu-fabrics', {
  modules: ['sg', 'tun'],
  net: true,
});
