/** The SCSI devices of this machine as sysfs tells of them, without asking any. Pure over the directory that is its root. */

import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Identity } from './device.ts';

/** A logical unit that Linux' SCSI stack knows, and that has a generic device. */
export interface SgDevice extends Identity {
  /** "/dev/sg3". */
  readonly node: string;
  /** Host, channel, target, LUN: "2:0:1:0". */
  readonly address: string;
  /** The driver of its adapter. */
  readonly driver: string | undefined;
  /** What another driver makes of it: "/dev/sda". */
  readonly otherNode: string | undefined;
  /** "running", "offline" … */
  readonly state: string;
  /** Vital product data pages that it has, as the kernel asked for them; undefined: it did not. */
  readonly pages: readonly number[] | undefined;
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch {
    return undefined;
  }
}

function entriesOf(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** Page 00h, as the kernel keeps it: a header of four bytes, then page codes (SPC-4). */
function pagesOf(path: string): readonly number[] | undefined {
  try {
    const page = readFileSync(path);
    return page.length < 4 ? undefined : [...page.subarray(4, 4 + page.readUInt16BE(2))];
  } catch {
    return undefined;
  }
}

/** Directories in which other drivers say what they call it. */
const otherDrivers = ['block', 'scsi_tape', 'scsi_changer'];

function otherNodeOf(device: string): string | undefined {
  for (const driver of otherDrivers) {
    const names = entriesOf(join(device, driver));
    // A tape has several; the plain name is the shortest.
    const [name] = [...names].sort((a, b) => a.length - b.length || a.localeCompare(b));
    if (name !== undefined) return `/dev/${name}`;
  }
  return undefined;
}

/** The driver of a SCSI host. Some do not say their name; then it is that of what the host is a part of. */
export function hostDriver(root: string, host: string): string | undefined {
  const at = join(root, 'class/scsi_host', host);
  const said = textOf(join(at, 'proc_name'));
  if (said && said !== '(null)' && said !== '<NULL>') return said;
  try {
    return basename(realpathSync(join(dirname(realpathSync(join(at, 'device'))), 'driver')));
  } catch {
    return undefined;
  }
}

function deviceOf(root: string, name: string): SgDevice | undefined {
  const link = join(root, 'class/scsi_generic', name, 'device');
  let device: string;
  try {
    device = realpathSync(link);
  } catch {
    return undefined; // it has gone meanwhile
  }
  const address = basename(device);
  const [host = ''] = address.split(':');
  return {
    node: `/dev/${name}`,
    address,
    type: Number(textOf(join(device, 'type')) ?? 31),
    vendor: textOf(join(device, 'vendor')) ?? '',
    product: textOf(join(device, 'model')) ?? '',
    revision: textOf(join(device, 'rev')) ?? '',
    driver: hostDriver(root, `host${host}`),
    otherNode: otherNodeOf(device),
    state: textOf(join(device, 'state')) ?? 'unknown',
    pages: pagesOf(join(device, 'vpd_pg0')),
  };
}

/** By the number in its name. */
const numberOf = (name: string) => Number(name.replace(/\D/g, ''));

/** All of them; undefined: the kernel has no generic SCSI driver loaded. `root`: where sysfs is. */
export function sgDevices(root = '/sys'): readonly SgDevice[] | undefined {
  if (!entriesOf(join(root, 'class')).includes('scsi_generic')) return undefined;
  return entriesOf(join(root, 'class/scsi_generic'))
    .filter((name) => /^sg\d+$/.test(name))
    .sort((a, b) => numberOf(a) - numberOf(b))
    .flatMap((name) => deviceOf(root, name) ?? []);
}
