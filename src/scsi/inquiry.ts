/** INQUIRY: standard data and vital product data. */

import { ascii, bits, struct, u8, u16 } from '../bytes/fields.ts';
import { Inquiry } from './cdb.ts';
import type { ItlNexus } from './itl-nexus.ts';
import type { LogicalUnit } from './logical-unit.ts';
import { DeviceType } from './opcodes.ts';
import { invalidField } from './refusals.ts';
import type { ServerTask } from './server-task.ts';
import { vitalProductData } from './vital-product-data.ts';

/** Standard INQUIRY data (SPC-4; SCSI-2 §8.2.5.1). */
export const StandardInquiry = struct('standard INQUIRY data', 36, {
  qualifier: bits(0, 7, 5),
  deviceType: bits(0, 4, 0),
  removable: bits(1, 7),
  version: u8(2),
  responseFormat: bits(3, 3, 0),
  additionalLength: u8(4),
  commandQueuing: bits(7, 1), // CmdQue
  vendor: ascii(8, 8),
  product: ascii(16, 16),
  revision: ascii(32, 4),
});

/** The fields of a page's header (SPC-4, vital product data). */
export const PageHeader = struct('vital product data', 4, {
  qualifier: bits(0, 7, 5),
  deviceType: bits(0, 4, 0),
  page: u8(1),
  length: u16(2),
});

/** SCSI-2. */
const defaultVersion = 2;
/** Bytes 0 to 4 are not counted in the additional length. */
const additionalLength = StandardInquiry.size - 5;

/** Where the version descriptors are, and how many there may be. */
const descriptorsAt = 58;
const maxDescriptors = 8;
const longSize = 96;

function standard(unit: LogicalUnit): Uint8Array {
  const { vendor, product, revision, version } = unit.identity;
  const standards = unit.model?.standards ?? [];
  const size = standards.length === 0 ? StandardInquiry.size : longSize;
  const data = new Uint8Array(size);
  for (const [i, number] of standards.slice(0, maxDescriptors).entries())
    u16(descriptorsAt + 2 * i).set(data, number);
  const head = StandardInquiry.encode({
    deviceType: unit.deviceType,
    removable: unit.model?.removable ? 1 : 0,
    version: version ?? defaultVersion,
    responseFormat: 2,
    additionalLength: size - 5,
    commandQueuing: 1,
    vendor,
    product,
    revision,
  });
  data.set(head);
  return data;
}

function page(deviceType: number, qualifier: number, code: number, body: Uint8Array): Uint8Array {
  const data = new Uint8Array(PageHeader.size + body.length);
  PageHeader.encode({ qualifier, deviceType, page: code, length: body.length }, data);
  data.set(body, PageHeader.size);
  return data;
}

export function inquiry(task: ServerTask, itl: ItlNexus): void {
  const { vitalProductData: wantsPage, page: code, length } = Inquiry.decode(task.cdb);
  task.allocation = length;
  if (wantsPage) {
    const body = vitalProductData(itl, code);
    if (body) task.good(page(itl.unit.deviceType, 0, code, body));
    else task.refuse(invalidField(2));
  } else if (code !== 0) {
    task.refuse(invalidField(2));
  } else {
    task.good(standard(itl.unit));
  }
}

/** "Not capable of supporting a device on this LUN" (SPC-4, INQUIRY, PERIPHERAL QUALIFIER 011b). */
const incapable = 3;

/** INQUIRY to a LUN that is not there: no refusal, but 7Fh as qualifier and type. The only page is the list of pages. */
export function inquiryNoUnit(task: ServerTask): void {
  const { vitalProductData: wantsPage, page: code, length } = Inquiry.decode(task.cdb);
  task.allocation = length;
  if (code !== 0) task.refuse(invalidField(2));
  else if (wantsPage) task.good(page(DeviceType.none, incapable, 0, Uint8Array.of(0)));
  else {
    task.good(
      StandardInquiry.encode({
        qualifier: incapable,
        deviceType: DeviceType.none,
        version: defaultVersion,
        responseFormat: 2,
        additionalLength,
        vendor: '',
        product: '',
        revision: '',
      }),
    );
  }
}
