/** The adapters of a machine: on PCI, Fibre Channel hosts, SCSI hosts, USB device controllers; and which can be targets. */

import { join } from 'node:path';
import { hostDriver } from '../scan/sg-devices.ts';
import type { Machine } from './machine.ts';

export interface Adapter {
  /** Where: "0000:03:00.0", "host2". */
  readonly place: string;
  /** "1000:0012", vendor and device; of a SCSI host, nothing. */
  readonly ids: string | undefined;
  readonly kind: string;
  readonly driver: string | undefined;
  /** The LIO fabric through which it can be a target, if its driver has one. */
  readonly fabric: string | undefined;
}

/** Drivers whose adapters Linux can use as targets, and the fabric's module in drivers/target and beside. */
const targetDrivers: Readonly<Record<string, string>> = {
  qla2xxx: 'tcm_qla2xxx',
  efct: 'efct',
  fcoe: 'tcm_fc',
  bnx2fc: 'tcm_fc',
  cxgb4: 'cxgbit',
  mlx4_core: 'ib_srpt',
  mlx5_core: 'ib_srpt',
  rdma_rxe: 'ib_srpt',
  firewire_ohci: 'sbp_target',
};

/** PCI classes, upper 16 bits of 24: mass storage by subclass, and Fibre Channel, a serial bus (PCI Code and ID Assignment). */
const classes: Readonly<Record<string, string>> = {
  '0100': 'SCSI',
  '0101': 'IDE',
  '0104': 'RAID',
  '0105': 'ATA',
  '0106': 'SATA',
  '0107': 'SAS',
  '0108': 'NVMe',
  '0180': 'mass storage',
  '0c00': 'FireWire',
  '0c04': 'Fibre Channel',
  '0c06': 'InfiniBand',
  '0207': 'InfiniBand',
};

function onPci(machine: Machine): Adapter[] {
  const found: Adapter[] = [];
  for (const place of machine.entries('sys/bus/pci/devices')) {
    const at = `sys/bus/pci/devices/${place}`;
    const kind = classes[(machine.text(`${at}/class`) ?? '').slice(2, 6)];
    if (kind === undefined) continue;
    const id = (name: string) => (machine.text(`${at}/${name}`) ?? '').replace(/^0x/, '');
    const driver = machine.link(`${at}/driver`);
    const fabric = targetDrivers[driver ?? ''];
    found.push({ place, ids: `${id('vendor')}:${id('device')}`, kind, driver, fabric });
  }
  return found;
}

/** SCSI hosts: an adapter has one or more, and some have no place on PCI. */
function scsiHosts(machine: Machine): Adapter[] {
  return machine.entries('sys/class/scsi_host').map((place) => {
    const driver = hostDriver(join(machine.root, 'sys'), place);
    const channel = machine.has(`sys/class/fc_host/${place}`);
    const name = channel ? machine.text(`sys/class/fc_host/${place}/port_name`) : undefined;
    const kind = channel ? `Fibre Channel port ${name}` : 'SCSI host';
    return { place, ids: undefined, kind, driver, fabric: targetDrivers[driver ?? ''] };
  });
}

/** What offers a target role without being a SCSI adapter: USB ports of the device kind, RDMA. */
function others(machine: Machine): Adapter[] {
  const usb = machine.entries('sys/class/udc').map((place) => ({
    place,
    ids: undefined,
    kind: 'USB device port',
    driver: undefined,
    fabric: 'usb_f_tcm',
  }));
  const rdma = machine
    .entries('sys/class/infiniband')
    .map((place) => ({ place, ids: undefined, kind: 'RDMA', driver: undefined, fabric: 'ib_srpt' }));
  return [...usb, ...rdma];
}

export const adaptersOf = (machine: Machine): readonly Adapter[] => [
  ...onPci(machine),
  ...scsiHosts(machine),
  ...others(machine),
];
