/** What a logical unit says of itself: REPORT LUNS, INQUIRY data and our vendor page, as scan shows them. */

import { formatMac } from '../../bytes/addresses.ts';
import { struct, u32 } from '../../bytes/fields.ts';
import { decodeExtensions, extensionsPage } from '../../link/extensions.ts';
import { Inquiry, ReportLuns } from '../../scsi/cdb.ts';
import { PageHeader, StandardInquiry } from '../../scsi/inquiry.ts';
import { Opcode } from '../../scsi/opcodes.ts';
import { Status } from '../../scsi/status.ts';
import type { Outcome, Request } from '../../transport/transport.ts';

const LunListHeader = struct('REPORT LUNS parameter data', 8, { length: u32(0) });

const inquiryRoom = 255;
const mostLuns = 8;

/** Peripheral device types (SPC-4 §6.4.2, SCSI-2 §8.2.5.1), as lsscsi shortens them. */
const typeNames: Readonly<Record<number, string>> = {
  0: 'disk',
  1: 'tape',
  2: 'printer',
  3: 'process',
  4: 'worm',
  5: 'cd/dvd',
  6: 'scanner',
  7: 'optical',
  8: 'mediumx',
  9: 'comms',
  12: 'storage',
  13: 'enclosu',
  14: 'sim dsk',
  17: 'osd',
  31: 'no dev',
};

export const typeName = (type: number): string =>
  typeNames[type] ?? `type ${type.toString(16).padStart(2, '0')}h`;

export interface Identity {
  readonly type: number;
  readonly vendor: string;
  readonly product: string;
  readonly revision: string;
}

export const reportLunsRequest = (): Request => {
  const dataIn = 8 + 8 * 256;
  return { cdb: ReportLuns.encode({ opcode: Opcode.reportLuns, length: dataIn }), dataIn };
};

export const inquiryRequest = (lun: number): Request => ({
  cdb: Inquiry.encode({ opcode: Opcode.inquiry, length: inquiryRoom }),
  lun,
  dataIn: inquiryRoom,
});

export const extensionsRequest = (lun: number): Request => ({
  cdb: Inquiry.encode({
    opcode: Opcode.inquiry,
    vitalProductData: 1,
    page: extensionsPage,
    length: inquiryRoom,
  }),
  lun,
  dataIn: inquiryRoom,
});

/** LUNs of the peripheral and flat addressing methods (SAM-5 §4.7); LUN 0 where a device can't say. */
export function lunsOf({ status, dataIn }: Outcome): number[] {
  if (status !== Status.good || dataIn.length < LunListHeader.size) return [0];
  const end = Math.min(LunListHeader.size + LunListHeader.decode(dataIn).length, dataIn.length);
  const luns = new Set<number>();
  for (let at = LunListHeader.size; at + 8 <= end && luns.size < mostLuns; at += 8) {
    const method = (dataIn[at] ?? 0) >>> 6;
    if (method <= 1) luns.add((((dataIn[at] ?? 0) & 0x3f) << 8) | (dataIn[at + 1] ?? 0));
  }
  return luns.size > 0 ? [...luns].sort((a, b) => a - b) : [0];
}

/** Undefined when the device said less than SCSI-2 asks for, or has no such logical unit. */
export function identityOf({ status, dataIn }: Outcome): Identity | undefined {
  if (status !== Status.good || dataIn.length < StandardInquiry.size) return undefined;
  const { qualifier, deviceType: type, vendor, product, revision } = StandardInquiry.decode(dataIn);
  return qualifier === 3 ? undefined : { type, vendor, product, revision };
}

/** Name and MAC address out of the vendor page, for hosts of our own kind. */
export function announcementOf({ status, dataIn }: Outcome): { hostName: string; mac: string } | undefined {
  if (status !== Status.good || dataIn.length < PageHeader.size) return undefined;
  const { page, length } = PageHeader.decode(dataIn);
  if (page !== extensionsPage) return undefined;
  const extensions = decodeExtensions(dataIn.subarray(PageHeader.size, PageHeader.size + length));
  return extensions && { hostName: extensions.hostName, mac: formatMac(extensions.mac) };
}
