/** The rows of a scan: what devices said over SCSI, completed with what running hosts know. Pure. */

import type { HostReport } from '../control/client.ts';
import type { Column } from '../table.ts';
import { type Identity, typeName } from './device.ts';

/** A logical unit that answered, or a target that did not. */
export interface Device {
  readonly id: number;
  readonly lun: number | undefined;
  readonly identity: Identity | undefined;
  readonly hostName: string | undefined;
  readonly mac: string | undefined;
  /** Why nothing is known. */
  readonly trouble: string | undefined;
}

export interface Row extends Device {
  readonly addresses: readonly string[];
}

/** An address without its prefix length. */
const bare = (address: string) => address.replace(/\/.*/, '');

/** Addresses of an ID: its own first, then those that others have seen. */
function addressesOf(id: number, reports: readonly HostReport[]): string[] {
  const up = reports.flatMap((report) => (report.state === 'up' ? [report.status] : []));
  const own = up.filter((status) => status.id === id).flatMap((status) => status.addresses.map(bare));
  const seen = up.flatMap((status) => status.peers).filter((peer) => peer.id === id);
  return [...new Set([...own, ...seen.flatMap((peer) => peer.addresses)])];
}

/** Name and MAC of an ID, as it says itself or as another host knows it. */
function knownOf(id: number, reports: readonly HostReport[]): { hostName: string; mac: string } | undefined {
  const up = reports.flatMap((report) => (report.state === 'up' ? [report.status] : []));
  return (
    up.find((status) => status.id === id) ??
    up.flatMap((status) => status.peers).find((peer) => peer.id === id)
  );
}

/** Why a running host has no device for us. On behalf of `own` we do not look at ourselves. */
function troubleOf(report: HostReport, own: number | undefined): string | undefined {
  if (report.state !== 'up') return report.why;
  return report.id === own ? undefined : 'not seen on the bus';
}

/** One row per device, and one per running host that no device speaks for. */
export function rowsOf(devices: readonly Device[], reports: readonly HostReport[], own?: number): Row[] {
  const spoken = new Set(devices.map(({ id }) => id));
  const silent = reports
    .filter(({ id }) => !spoken.has(id))
    .map(
      (report): Device => ({
        id: report.id,
        lun: undefined,
        identity: undefined,
        hostName: undefined,
        mac: undefined,
        trouble: troubleOf(report, own),
      }),
    );
  return [...devices, ...silent]
    .map((device) => {
      const known = knownOf(device.id, reports);
      return {
        ...device,
        hostName: device.hostName ?? known?.hostName,
        mac: device.mac ?? known?.mac,
        addresses: addressesOf(device.id, reports),
      };
    })
    .sort((a, b) => a.id - b.id || (a.lun ?? -1) - (b.lun ?? -1));
}

export const scanColumns: readonly Column[] = [
  { title: 'ID', align: 'right' },
  { title: 'LUN', align: 'right' },
  { title: 'TYPE' },
  { title: 'VENDOR' },
  { title: 'PRODUCT' },
  { title: 'REV' },
  { title: 'HOST' },
  { title: 'MAC' },
  { title: 'ADDRESSES' },
];

/** A row's cells. */
export function cellsOf({ id, lun, identity, hostName, mac, addresses, trouble }: Row): string[] {
  const remark = trouble === undefined ? [] : [`(${trouble})`];
  return [
    String(id),
    lun === undefined ? '-' : String(lun),
    identity ? typeName(identity.type) : '-',
    identity?.vendor || '-',
    identity?.product || '-',
    identity?.revision || '-',
    hostName || '-',
    mac || '-',
    [...addresses, ...remark].join(' ') || '-',
  ];
}

/** A row for programs. */
export function jsonOf({ identity, ...row }: Row): Record<string, unknown> {
  return { ...row, ...identity, typeName: identity && typeName(identity.type) };
}
