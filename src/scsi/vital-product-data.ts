/** The bodies of the vital product data pages (SPC-4 §7.8), without their header. */

import { ascii, bits, struct, u8, u16 } from '../bytes/fields.ts';
import type { ItlNexus } from './itl-nexus.ts';
import type { LogicalUnit } from './logical-unit.ts';

/** Standard vital product data pages. */
export const VitalProductPage = {
  supportedPages: 0x00,
  unitSerialNumber: 0x80,
  deviceIdentification: 0x83,
} as const;

/** Header of an identification descriptor, and the body of a T10 vendor identification one as far as it is fixed. */
export const VendorDesignator = struct('T10 vendor ID based designator', 12, {
  codeSet: bits(0, 3, 0),
  association: bits(1, 5, 4),
  type: bits(1, 3, 0),
  length: u8(3),
  vendor: ascii(4, 8),
});

/** Relative target port designation descriptor. */
export const PortDesignator = struct('relative target port designator', 8, {
  codeSet: bits(0, 3, 0),
  association: bits(1, 5, 4),
  type: bits(1, 3, 0),
  length: u8(3),
  port: u16(6),
});

const binary = 1;
const text = 2;
const ofPort = 1;
const vendorType = 1;
const relativePortType = 4;

const characters = (value: string) => Uint8Array.from(value, (one) => one.charCodeAt(0));

function identification(unit: LogicalUnit, port: number): Uint8Array {
  // SPC-4 suggests: product identification from the standard data, then the serial number.
  const own = characters(unit.identity.product.padEnd(16) + unit.identity.serial);
  const data = new Uint8Array(VendorDesignator.size + own.length + PortDesignator.size);
  const { vendor } = unit.identity;
  VendorDesignator.encode({ codeSet: text, type: vendorType, length: 8 + own.length, vendor }, data);
  data.set(own, VendorDesignator.size);
  PortDesignator.encode(
    { codeSet: binary, association: ofPort, type: relativePortType, length: 4, port },
    data.subarray(VendorDesignator.size + own.length),
  );
  return data;
}

/** A page's body; undefined for a page that the unit does not have. */
export function vitalProductData(itl: ItlNexus, page: number): Uint8Array | undefined {
  const { unit } = itl;
  switch (page) {
    case VitalProductPage.supportedPages:
      return Uint8Array.from(
        [
          ...Object.values(VitalProductPage),
          ...(unit.model?.pages.keys() ?? []),
          ...unit.vendorPages.keys(),
        ].sort((a, b) => a - b),
      );
    case VitalProductPage.unitSerialNumber:
      return characters(unit.identity.serial);
    case VitalProductPage.deviceIdentification:
      return identification(unit, itl.relativePort);
    default:
      return (unit.model?.pages.get(page) ?? unit.vendorPages.get(page))?.();
  }
}
