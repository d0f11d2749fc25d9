/** Every way of carrying commands, and the verdict on it. */

import { type Adapter, adaptersOf } from './adapters.ts';
import { capabilityNumbers, type Machine, type ModuleState } from './machine.ts';
import {
  adapterFor,
  capability,
  configfs,
  type Finding,
  module,
  type Need,
  nothing,
  sgDevice,
  sharedMemory,
  tun,
} from './needs.ts';

interface Way {
  readonly name: string;
  readonly needs: readonly Need[];
}

const behindLio = [module('target_core_user'), configfs, capability('CAP_SYS_ADMIN')];

const ways: readonly Way[] = [
  { name: 'interface', needs: [tun, capability('CAP_NET_ADMIN')] },
  { name: 'shm', needs: [sharedMemory] },
  { name: 'iscsi', needs: [nothing] },
  { name: 'sg', needs: [module('sg'), sgDevice] },
  { name: 'tcmu loopback', needs: [...behindLio, module('tcm_loop'), module('sg')] },
  { name: 'tcmu iscsi', needs: [...behindLio, module('iscsi_target_mod')] },
  { name: 'tcmu vhost', needs: [...behindLio, module('vhost_scsi')] },
  {
    name: 'tcmu qla2xxx',
    needs: [adapterFor('tcm_qla2xxx', 'QLogic Fibre Channel adapter'), ...behindLio, module('tcm_qla2xxx')],
  },
  { name: 'tcmu srpt', needs: [adapterFor('ib_srpt', 'RDMA device'), ...behindLio, module('ib_srpt')] },
  { name: 'tcmu fc', needs: [adapterFor('tcm_fc', 'FCoE host'), ...behindLio, module('tcm_fc')] },
  {
    name: 'tcmu usb_gadget',
    needs: [adapterFor('usb_f_tcm', 'USB device port'), ...behindLio, module('usb_f_tcm')],
  },
];

export interface Verdict {
  readonly name: string;
  readonly verdict: 'ready' | 'possible' | 'not here';
  /** What is there, and what is not. */
  readonly findings: readonly Finding[];
}

function judge({ name, needs }: Way, machine: Machine, adapters: readonly Adapter[]): Verdict {
  const findings = needs.map((need) => need(machine, adapters));
  const states = findings.map(({ state }) => state);
  const verdict = states.includes('missing') ? 'not here' : states.includes('fixable') ? 'possible' : 'ready';
  return { name, verdict, findings };
}

/** Modules that are worth knowing about. */
const modules = [
  'tun',
  'scsi_mod',
  'sg',
  'target_core_mod',
  'target_core_user',
  'tcm_loop',
  'iscsi_target_mod',
  'vhost_scsi',
  'tcm_qla2xxx',
  'efct',
  'ib_srpt',
  'tcm_fc',
  'usb_f_tcm',
  'sbp_target',
  'iscsi_tcp',
  'ib_srp',
  'fcoe',
];

export interface Diagnosis {
  readonly kernel: string;
  readonly modules: Readonly<Record<string, ModuleState | 'unknown'>>;
  readonly capabilities: Readonly<Record<string, boolean>>;
  readonly adapters: readonly Adapter[];
  readonly transports: readonly Verdict[];
}

export function diagnose(machine: Machine): Diagnosis {
  const adapters = adaptersOf(machine);
  const stateOf = (name: string) => {
    const state = machine.module(name);
    return state === 'absent' && !machine.modulesKnown ? 'unknown' : state;
  };
  return {
    kernel: machine.release,
    modules: Object.fromEntries(modules.map((name) => [name, stateOf(name)])),
    capabilities: Object.fromEntries(
      (Object.keys(capabilityNumbers) as (keyof typeof capabilityNumbers)[]).map((name) => [
        name,
        machine.can(name),
      ]),
    ),
    adapters,
    transports: ways.map((way) => judge(way, machine, adapters)),
  };
}

/** A bus can be used now, with an interface on it. */
export const isFit = ({ transports }: Diagnosis): boolean => {
  const [face, ...carriers] = transports;
  return face?.verdict === 'ready' && carriers.some(({ verdict }) => verdict === 'ready');
};
