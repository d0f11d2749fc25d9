/** The interface is a link like any other: tcpdump, ip neigh, DHCP, SLAAC. */

import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { configure } from './lab/configure.ts';
import { Lab, noLab } from './lab/lab.ts';
import { missing, noRoot } from './lab/processes.ts';
import { pingAll, reach } from './lab/sockets.ts';
import { until } from './lab/until.ts';

/** In the foreground, as itself, without files of its own. */
const dnsmasq = [
  ...['dnsmasq', '--keep-in-foreground', '--conf-file=/dev/null', '--pid-file=', '--user=root'],
  ...['--log-facility=-', '--port=0', '--interface=scsi0', '--bind-interfaces', '--no-ping'],
];

/** What udhcpc calls when it has an address. */
const leaseScript = '#!/bin/sh\n[ "$1" != bound ] || exec ip address add "$ip/$mask" dev "$interface"\n';

const carriers = { 'shared memory': undefined, iSCSI: { hosts: 2 } };

for (const [carrier, over] of Object.entries(carriers))
  describe(`as a link, over ${carrier}`, { skip: noLab }, () => {
    it('tcpdump sees the frames of both directions', { skip: noRoot || missing('tcpdump') }, async () => {
      await using lab = await Lab.open(over);
      const [first, second] = await lab.hosts([{ id: 1 }, { id: 2 }]);
      assert.ok(first && second);
      const dump = lab.start(second.place, ['tcpdump', '-Z', 'root', '-n', '-e', '-l', '-i', 'scsi0']);
      await dump.says(/listening on scsi0/);
      await reach(first.place, second.ipv4);
      await reach(first.place, second.ipv6);
      await dump.says(new RegExp(`${first.mac} > ff:ff:ff:ff:ff:ff, ethertype ARP.*who-has ${second.ipv4}`));
      await dump.says(
        new RegExp(`${first.mac} > ${second.mac}, .*${first.ipv4} > ${second.ipv4}: ICMP echo req`),
      );
      await dump.says(
        new RegExp(`${second.mac} > ${first.mac}, .*${second.ipv4} > ${first.ipv4}: ICMP echo rep`),
      );
      await dump.says(new RegExp(`${second.ipv6} > ${first.ipv6}: ICMP6, echo reply`));
    });

    it('ip neigh shows whose MAC address is whose', { skip: missing('ip') }, async () => {
      await using lab = await Lab.open(over);
      const [first, second] = await lab.hosts([{ id: 1 }, { id: 2 }]);
      assert.ok(first && second);
      await reach(first.place, second.ipv4);
      await reach(first.place, second.ipv6);
      const { out } = await lab.run(first.place, 'ip', 'neigh', 'show', 'dev', 'scsi0');
      for (const address of [second.ipv4, second.ipv6])
        assert.match(
          out,
          new RegExp(`^${address} lladdr ${second.mac} (router )?(REACHABLE|DELAY|STALE)`, 'm'),
        );
    });

    it('DHCP gives a host its address', { skip: noRoot || missing('dnsmasq', 'udhcpc', 'ip') }, async () => {
      await using lab = await Lab.open(over);
      const [server, client] = await lab.hosts([{ id: 1 }, { id: 2, addresses: [] }]);
      assert.ok(server && client);
      const leases = `--dhcp-leasefile=${join(lab.files, 'leases')}`;
      const dhcp = lab.start(server.place, [...dnsmasq, '--dhcp-range=10.90.0.100,10.90.0.199,1h', leases]);
      await dhcp.says(/IP range 10\.90\.0\.100/);
      const script = join(lab.files, 'lease');
      writeFileSync(script, leaseScript);
      chmodSync(script, 0o755);
      const udhcpc = ['udhcpc', '-f', '-q', '-n', '-t', '10', '-T', '1', '-i', 'scsi0', '-s', script];
      const got = await lab.run(client.place, ...udhcpc);
      assert.equal(got.code, 0, got.err + dhcp.err);
      const [address = ''] = configure(client.place, (netlink) => netlink.addresses('scsi0'));
      assert.match(address, /^10\.90\.0\.1\d\d\/24$/);
      assert.deepEqual(pingAll(client.place, [server.ipv4]), []);
      assert.match(dhcp.err + dhcp.out, new RegExp(`DHCPACK\\(scsi0\\) 10\\.90\\.0\\.1\\d\\d ${client.mac}`));
    });

    it('router advertisements give a host its IPv6 address (SLAAC)', {
      skip: noRoot || missing('dnsmasq'),
    }, async () => {
      await using lab = await Lab.open(over);
      const router = await lab.host({ id: 1, addresses: ['fd91::1/64'] });
      const advertise = ['--enable-ra', '--dhcp-range=fd91::,ra-only,64,1h', '--dhcp-leasefile=/dev/null'];
      lab.start(router.place, [...dnsmasq, ...advertise]);
      const client = await lab.host({ id: 2, addresses: [] });
      const address = await until('an address of the prefix', () =>
        configure(client.place, (netlink) => netlink.addresses('scsi0')).find((each) =>
          each.startsWith('fd91:'),
        ),
      );
      const mac = client.mac.split(':');
      assert.equal(
        address,
        `fd91::53:43ff:fe${mac[3]}:${Number.parseInt(`${mac[4]}${mac[5]}`, 16).toString(16)}/64`,
      );
      await reach(client.place, 'fd91::1');
    });
  });
