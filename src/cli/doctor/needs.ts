/** What each way of carrying commands needs of a machine, and what to do where it is missing. */

import type { Adapter } from './adapters.ts';
import type { CapabilityName, Machine } from './machine.ts';

/** met; 'fixable': by the command in `remedy`; 'missing': not on this machine, as it is. */
export interface Finding {
  readonly state: 'met' | 'fixable' | 'missing';
  readonly what: string;
  readonly remedy?: string;
}

export type Need = (machine: Machine, adapters: readonly Adapter[]) => Finding;

/** Debian's kernels, and what they lack (docs/hardware.md). */
const otherKernel: Readonly<Record<string, string>> = {
  usb_f_tcm: 'Debian builds no kernel with it (CONFIG_USB_CONFIGFS_F_TCM): build one',
  sg: 'boot a kernel with SCSI: apt install linux-image-amd64 (the cloud kernels lack much)',
};

export const module =
  (name: string): Need =>
  (machine) => {
    const state = machine.module(name);
    if (state === 'loaded' || state === 'builtin') return { state: 'met', what: `module ${name}: ${state}` };
    if (state === 'available')
      return { state: 'fixable', what: `module ${name} is not loaded`, remedy: `modprobe ${name}` };
    if (!machine.modulesKnown)
      return {
        state: 'missing',
        what: `module ${name} is not loaded, nor in a /lib/modules of this kernel`,
        remedy: `in a container, on its host: modprobe ${name}`,
      };
    const remedy = otherKernel[name] ?? `boot a kernel that has it: apt install linux-image-amd64`;
    return { state: 'missing', what: `kernel ${machine.release} has no module ${name}`, remedy };
  };

export const capability =
  (name: CapabilityName): Need =>
  (machine) =>
    machine.can(name)
      ? { state: 'met', what: name }
      : { state: 'fixable', what: `we lack ${name}`, remedy: 'run as root (sudo)' };

/** /dev/net/tun, which its module makes when it is first opened. */
export const tun: Need = (machine, adapters) => {
  if (!machine.has('dev/net/tun')) {
    const { state } = module('tun')(machine, adapters);
    if (state === 'missing' && machine.modulesKnown) return module('tun')(machine, adapters);
    return {
      state: 'fixable',
      what: 'there is no /dev/net/tun',
      remedy: 'modprobe tun (a container: --device /dev/net/tun)',
    };
  }
  if (machine.writable('dev/net/tun')) return { state: 'met', what: '/dev/net/tun' };
  return { state: 'fixable', what: '/dev/net/tun is not for us to open', remedy: 'chmod 666 /dev/net/tun' };
};

export const sharedMemory: Need = (machine) => {
  if (!machine.has('dev/shm'))
    return { state: 'fixable', what: 'there is no /dev/shm', remedy: 'mount -t tmpfs tmpfs /dev/shm' };
  if (machine.writable('dev/shm')) return { state: 'met', what: '/dev/shm' };
  return { state: 'fixable', what: '/dev/shm is not for us to write', remedy: 'chmod 1777 /dev/shm' };
};

export const nothing: Need = () => ({ state: 'met', what: 'TCP' });

const sgNodes = (machine: Machine) => machine.entries('dev').filter((name) => /^sg\d+$/.test(name));

export const sgDevice: Need = (machine) => {
  const nodes = sgNodes(machine);
  if (nodes.length === 0)
    return {
      state: 'missing',
      what: 'no SCSI device is there',
      remedy:
        'attach one, or log in to one: apt install open-iscsi; iscsiadm -m discovery -t sendtargets -p HOST',
    };
  const ours = nodes.filter((name) => machine.writable(`dev/${name}`));
  if (ours.length > 0) return { state: 'met', what: `${ours.length} of ${nodes.length} SCSI devices` };
  return {
    state: 'fixable',
    what: `${nodes.length} SCSI devices, none for us to open`,
    remedy: 'run as root (sudo)',
  };
};

export const configfs: Need = (machine) => {
  if (machine.has('sys/kernel/config/target')) return { state: 'met', what: 'configfs' };
  if (!machine.has('sys/kernel/config'))
    return {
      state: 'missing',
      what: 'this kernel has no configfs, or /sys is not its own',
      remedy: 'in a container: mount the host’s /sys/kernel/config',
    };
  return {
    state: 'fixable',
    what: 'the target core is not in configfs',
    remedy: 'modprobe target_core_mod; mount -t configfs configfs /sys/kernel/config',
  };
};

/** An adapter with that fabric. */
export const adapterFor =
  (fabric: string, what: string): Need =>
  (_machine, adapters) => {
    const found = adapters.filter((adapter) => adapter.fabric === fabric);
    return found.length > 0
      ? { state: 'met', what: found.map(({ place }) => place).join(', ') }
      : { state: 'missing', what: `no ${what}` };
  };
