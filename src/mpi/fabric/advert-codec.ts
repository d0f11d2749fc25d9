/** Adverts and departures as packets. Adverts of many nodes go in as many packets as they need. */

import { struct, u16, u32 } from '../../bytes/fields.ts';
import type { Advert } from '../route/packet.ts';
import { greatestPacket } from './buffers.ts';
import { headerBytes, PacketHeader, PacketKind, packetVersion } from './packet.ts';

/** In front of the ports that a node hears, two bytes each. */
export const AdvertHeader = struct('advert', 12, {
  origin: u16(0),
  life: u16(2),
  sequence: u32(4),
  /** How many ports follow. */
  ports: u16(8),
});
const advertBytes = 12;
const portBytes = 2;

/** A life's adverts have greater numbers than those of all lives before. */
const perLife = 2 ** 32;

/** What a node said, and in which of its lives. */
export interface ReadAdvert extends Advert {
  readonly life: number;
}

/** Adverts as packets of `node`, whose own have numbers of this life alone. */
export function encodeAdverts(node: number, life: number, adverts: readonly Advert[]): Uint8Array[] {
  const packets: Uint8Array[] = [];
  let parts: Uint8Array[] = [];
  let size = headerBytes;
  const finish = () => {
    if (parts.length > 0) packets.push(packet(node, life, parts, size));
    parts = [];
    size = headerBytes;
  };
  for (const advert of adverts) {
    const part = encodeAdvert(
      advert,
      advert.origin === node ? advert.sequence + life * perLife : advert.sequence,
    );
    if (size + part.length > greatestPacket) finish();
    parts.push(part);
    size += part.length;
  }
  finish();
  return packets;
}

function encodeAdvert({ origin, heard }: Advert, sequence: number): Uint8Array {
  const bytes = new Uint8Array(advertBytes + heard.size * portBytes);
  const life = Math.floor(sequence / perLife);
  AdvertHeader.encode(
    { origin, life, sequence: sequence % perLife, ports: heard.size },
    bytes.subarray(0, advertBytes),
  );
  let at = advertBytes;
  for (const port of heard) {
    bytes[at++] = port >>> 8;
    bytes[at++] = port;
  }
  return bytes;
}

function packet(node: number, life: number, parts: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  header(bytes, PacketKind.adverts, node, life, size - headerBytes);
  let at = headerBytes;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The packet that says that a node has gone. */
export function encodeDeparture(node: number, life: number): Uint8Array {
  const bytes = new Uint8Array(headerBytes);
  header(bytes, PacketKind.departure, node, life, 0);
  return bytes;
}

const header = (bytes: Uint8Array, kind: PacketKind, source: number, sourceLife: number, length: number) =>
  PacketHeader.encode(
    { version: packetVersion, kind, source, sourceLife, length },
    bytes.subarray(0, headerBytes),
  );

/** What lies behind the header; undefined: it is no list of adverts about these nodes and ports. */
export function decodeAdverts(bytes: Uint8Array, nodes: number, ports: number): ReadAdvert[] | undefined {
  const adverts: ReadAdvert[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < advertBytes) return undefined;
    const {
      origin,
      life,
      sequence,
      ports: count,
    } = AdvertHeader.decode(bytes.subarray(at, at + advertBytes));
    at += advertBytes;
    if (origin >= nodes || bytes.length - at < count * portBytes) return undefined;
    const heard = new Set<number>();
    for (let i = 0; i < count; i++, at += portBytes) {
      const port = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
      if (port >= ports) return undefined;
      heard.add(port);
    }
    adverts.push({ origin, life, sequence: sequence + life * perLife, heard });
  }
  return adverts;
}
