/** The host's interface: a TAP device with its MTU, MAC and addresses, in the network namespace it belongs to. */

import { closeSync } from 'node:fs';
import { SystemError } from '../sys/libc.ts';
import { openNamespace, withNamespace } from '../sys/namespaces.ts';
import { Netlink } from '../sys/netlink.ts';
import { openTap, type Tap } from '../sys/tap.ts';
import { HostError } from './errors.ts';

/** Frames that the kernel keeps for us while we are busy; beyond that it drops them and counts them on the interface. */
const queueLength = 1000;

export interface InterfaceOptions {
  readonly name: string;
  readonly mtu: number;
  /** "02:53:43:…" */
  readonly mac: string;
  readonly addresses: readonly string[];
  readonly netns: string | undefined;
}

/** Makes the interface and brings it up. It vanishes with the descriptor. @throws HostError */
export function openInterface(options: InterfaceOptions): Tap {
  if (options.netns === undefined) return make(options);
  const fd = findNamespace(options.netns);
  try {
    return withNamespace(fd, () => make(options));
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    throw new HostError('permission', `cannot enter network namespace ${options.netns}: ${error.code}`, {
      hint: 'run as root, or in a user namespace that owns it',
      cause: error,
    });
  } finally {
    closeSync(fd);
  }
}

function findNamespace(netns: string): number {
  try {
    return openNamespace(netns);
  } catch (error) {
    const code = error instanceof SystemError ? error.code : String(error);
    throw new HostError('no-netns', `no network namespace ${netns} (${code})`, {
      expected: 'a name that `ip netns list` shows, or the path of a namespace',
      hint: netns.includes('/') ? 'check the path' : `make it with \`ip netns add ${netns}\``,
      cause: error,
    });
  }
}

function make(options: InterfaceOptions): Tap {
  const tap = openDevice(options.name);
  try {
    using netlink = new Netlink();
    const { mtu, mac } = options;
    netlink.setLink(tap.name, { mtu, mac, txQueueLength: queueLength });
    for (const address of options.addresses) addAddress(netlink, tap.name, address);
    netlink.setLink(tap.name, { up: true });
    return tap;
  } catch (error) {
    tap.close();
    if (!(error instanceof SystemError)) throw error;
    throw new HostError(
      isRefusal(error) ? 'permission' : 'system',
      `cannot set up interface ${tap.name}: ${error.message}`,
      {
        hint: isRefusal(error) ? 'run as root or with CAP_NET_ADMIN' : 'see the kernel log',
        cause: error,
      },
    );
  }
}

const isRefusal = (error: SystemError) => error.code === 'EPERM' || error.code === 'EACCES';

function addAddress(netlink: Netlink, name: string, address: string): void {
  try {
    netlink.addAddress(name, address);
  } catch (error) {
    if (!(error instanceof SystemError) || isRefusal(error)) throw error;
    throw new HostError('address', `cannot give ${name} the address ${address}: ${error.message}`, {
      hint: address.includes(':')
        ? 'is IPv6 switched off here? (sysctl net.ipv6.conf.all.disable_ipv6)'
        : 'choose another address',
      cause: error,
    });
  }
}

const permission = () =>
  new HostError('permission', 'no permission to make a TAP interface through /dev/net/tun', {
    expected: 'read and write access to it, and CAP_NET_ADMIN',
    hint: 'run as root, or in a user namespace (unshare -Urn) where /dev/net/tun is accessible to you',
  });

const noTun = () =>
  new HostError('no-tun', 'there is no /dev/net/tun', {
    hint: 'load the module (modprobe tun); in a container pass the device on (--device /dev/net/tun)',
  });

const nameTaken = (name: string) =>
  new HostError('name-taken', `an interface named ${name} exists already`, {
    expected: 'a name that is free in this network namespace',
    hint: 'choose another with --name',
  });

/** What each refusal of /dev/net/tun means to its user. */
const refusals: Readonly<Record<string, (name: string) => HostError>> = {
  EBUSY: nameTaken,
  ENOENT: noTun,
  ENXIO: noTun,
  ENODEV: noTun,
  EPERM: permission,
  EACCES: permission,
};

function openDevice(name: string): Tap {
  try {
    return openTap(name);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    throw (
      refusals[error.code]?.(name) ??
      new HostError('system', `cannot make ${name}: ${error.message}`, { cause: error })
    );
  }
}
