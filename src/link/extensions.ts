/** VPD page C0h, "ipscsi extensions": what a host understands beyond RFC 2143. */

import { ascii, raw, struct, u8, u16, u32 } from '../bytes/fields.ts';
import { PageHeader } from '../scsi/inquiry.ts';
import { DeviceType } from '../scsi/opcodes.ts';

export const extensionsPage = 0xc0;

/** Feature bits: what the host that announces them accepts. */
export const Feature = {
  /** Extended messages, see record.ts. */
  messages: 0x0001,
  /** Datagrams whose TCP or UDP checksum is still to be completed. */
  checksum: 0x0002,
  /** TCP segments to be segmented further: IPv4, IPv6; likewise UDP. */
  tso4: 0x0004,
  tso6: 0x0008,
  uso: 0x0010,
  /** Several records in one message. */
  batch: 0x0020,
  /** GET MESSAGE is served. */
  pull: 0x0040,
} as const;
export type FeatureName = keyof typeof Feature;

export const featureNames = Object.keys(Feature) as FeatureName[];

/** Bits of the named features. */
export const featureBits = (names: readonly FeatureName[]): number =>
  names.reduce((bits, name) => bits | Feature[name], 0);

/** Names of the bits that have one. */
export const namesOfFeatures = (bits: number): FeatureName[] =>
  featureNames.filter((name) => (bits & Feature[name]) !== 0);

const nameRoom = 64;

/** The page's body: what follows the four bytes of header that every VPD page has (SPC-4 §7.8.1). */
export const ExtensionsPage = struct('VPD C0h ipscsi extensions', 92, {
  magic: ascii(0, 6),
  version: u8(6), // 1; later versions only append
  nameLength: u8(7),
  features: u16(8),
  mac: raw(10, 6),
  mtu: u32(16),
  maxMessage: u32(20), // bytes of data-out in one extended message
  name: raw(28, nameRoom), // UTF-8
});

export interface Extensions {
  readonly features: number;
  readonly mac: Uint8Array;
  readonly mtu: number;
  readonly maxMessage: number;
  readonly hostName: string;
}

/** UTF-8 of `text`, cut between characters so that it fits. */
function fittingName(text: string): Uint8Array {
  const encoder = new TextEncoder();
  let used = '';
  for (const character of text) {
    if (encoder.encode(used + character).length > nameRoom) break;
    used += character;
  }
  return encoder.encode(used);
}

/** The page's body. */
export function encodeExtensions(values: Extensions): Uint8Array {
  const name = fittingName(values.hostName);
  const room = new Uint8Array(nameRoom);
  room.set(name);
  return ExtensionsPage.encode({
    magic: 'IPSCSI',
    version: 1,
    nameLength: name.length,
    features: values.features,
    mac: values.mac.slice(0, 6),
    mtu: values.mtu,
    maxMessage: values.maxMessage,
    name: room,
  });
}

/** The page with its header, as a communications device gives it. */
export function wholePage(body: Uint8Array): Uint8Array {
  const page = new Uint8Array(PageHeader.size + body.length);
  PageHeader.encode(
    { deviceType: DeviceType.communications, page: extensionsPage, length: body.length },
    page,
  );
  page.set(body, PageHeader.size);
  return page;
}

/** What a page's body says; undefined if it is not ours or makes no sense. `bytes` must not be a peer's memory. */
export function decodeExtensions(bytes: Uint8Array): Extensions | undefined {
  if (bytes.length < ExtensionsPage.size) return undefined;
  const page = ExtensionsPage.decode(bytes);
  if (page.magic !== 'IPSCSI' || page.version < 1 || (page.features & Feature.messages) === 0)
    return undefined;
  if (page.maxMessage < 1024 || ((page.mac[0] ?? 1) & 1) !== 0) return undefined;
  const name = page.name.subarray(0, Math.min(page.nameLength, nameRoom));
  return {
    features: page.features,
    mac: page.mac,
    mtu: page.mtu,
    maxMessage: page.maxMessage,
    // What a terminal might act on has no place in a name.
    hostName: new TextDecoder().decode(name).replace(/\p{C}/gu, '\ufffd'),
  };
}
