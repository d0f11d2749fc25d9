/**
 * Netlink messages as bytes (RFC 3549 §2.2; linux/netlink.h): header, payload, attributes. Pure.
 * Numbers are in the machine's own order, which is little endian wherever this runs.
 */

import { type Field, type Fields, type Struct, struct, type Values } from '../bytes/fields.ts';

const unsigned = (bits: number) => (value: number) =>
  Number.isInteger(value) && value >= 0 && value < 2 ** bits;

/** 8 bits. */
const n8 = (at: number): Field => ({
  at,
  size: 1,
  mask: 0xff,
  fits: unsigned(8),
  get: (b) => b[at] ?? 0,
  set: (b, x) => {
    b[at] = x;
  },
});

/** 16 bits, in the machine's order. */
const n16 = (at: number): Field => ({
  at,
  size: 2,
  mask: 0xff,
  fits: unsigned(16),
  get: (b) => (b[at] ?? 0) | ((b[at + 1] ?? 0) << 8),
  set: (b, x) => {
    b[at] = x;
    b[at + 1] = x >>> 8;
  },
});

/** 32 bits, in the machine's order. */
const n32 = (at: number): Field => ({
  at,
  size: 4,
  mask: 0xff,
  fits: unsigned(32),
  get: (b) => (n16(at).get(b) | (n16(at + 2).get(b) << 16)) >>> 0,
  set: (b, x) => {
    n16(at).set(b, x);
    n16(at + 2).set(b, x >>> 16);
  },
});

/** struct nlmsghdr. */
export const MessageHeader = struct('nlmsghdr', 16, {
  length: n32(0),
  type: n16(4),
  flags: n16(6),
  sequence: n32(8),
  port: n32(12),
});

/** struct nlattr. */
export const AttributeHeader = struct('nlattr', 4, { length: n16(0), type: n16(2) });

/** struct ifinfomsg: a link. */
export const LinkMessage = struct('ifinfomsg', 16, {
  family: n8(0),
  hardware: n16(2),
  index: n32(4),
  flags: n32(8),
  change: n32(12),
});

/** struct ifaddrmsg: an address. */
export const AddressMessage = struct('ifaddrmsg', 8, {
  family: n8(0),
  prefixLength: n8(1),
  flags: n8(2),
  scope: n8(3),
  index: n32(4),
});

/** struct rtmsg: a route. */
export const RouteMessage = struct('rtmsg', 12, {
  family: n8(0),
  toLength: n8(1),
  fromLength: n8(2),
  tos: n8(3),
  table: n8(4),
  protocol: n8(5),
  scope: n8(6),
  type: n8(7),
  flags: n32(8),
});

/** struct ndmsg: a neighbour. */
export const NeighbourMessage = struct('ndmsg', 12, {
  family: n8(0),
  index: n32(4),
  state: n16(8),
  flags: n8(10),
  type: n8(11),
});

/** Message types that are the same for every netlink protocol. */
export const Control = { noop: 1, error: 2, done: 3, overrun: 4 } as const;

export const MessageFlag = {
  request: 0x1,
  multi: 0x2,
  ack: 0x4,
  dumpInterrupted: 0x10,
  // In an acknowledgement:
  capped: 0x100,
  ackAttributes: 0x200,
} as const;

/** Flags of requests; dump = root | match, and shares its bits with replace and exclusive. */
export const RequestFlag = { dump: 0x300, replace: 0x100, exclusive: 0x200, create: 0x400 } as const;

/** Set in an attribute's type when its value is attributes. */
const nestedFlag = 0x8000;

const align = (length: number) => (length + 3) & ~3;

/** Parts one after another, each padded to four bytes. */
function join(parts: readonly Uint8Array[], from: number): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + align(part.length), from));
  let at = from;
  for (const part of parts) {
    out.set(part, at);
    at += align(part.length);
  }
  return out;
}

/** An attribute with its value as bytes. */
export function attribute(type: number, value: Uint8Array): Uint8Array {
  const out = new Uint8Array(AttributeHeader.size + value.length);
  AttributeHeader.encode({ length: out.length, type }, out);
  out.set(value, AttributeHeader.size);
  return out;
}

/** An attribute with a 32-bit number. */
export const numberAttribute = (type: number, value: number): Uint8Array =>
  attribute(type, struct('u32', 4, { value: n32(0) }).encode({ value }));

/** An attribute with text, ended by a zero. */
export const textAttribute = (type: number, text: string): Uint8Array =>
  attribute(type, new TextEncoder().encode(`${text}\0`));

/** An attribute that holds attributes; a fixed `header` may come first (VETH_INFO_PEER has one). */
export const nest = (type: number, ...parts: readonly Uint8Array[]): Uint8Array =>
  attribute(type | nestedFlag, join(parts, 0));

/** A whole message: header, then the fixed part and the attributes. */
export function message(
  header: { readonly type: number; readonly flags: number; readonly sequence: number },
  parts: readonly Uint8Array[],
): Uint8Array {
  const out = join(parts, MessageHeader.size);
  const head = MessageHeader.encode({ ...header, length: out.length });
  out.set(head);
  return out;
}

export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

/** The messages of one datagram. @throws RangeError when a length lies. */
export function* messages(datagram: Uint8Array): Generator<Message> {
  let at = 0;
  while (at < datagram.length) {
    const rest = datagram.subarray(at);
    const { length, type, flags, sequence } = MessageHeader.decode(rest);
    if (length < MessageHeader.size || length > rest.length)
      throw new RangeError(`netlink message of ${length} bytes where ${rest.length} are left`);
    yield { type, flags, sequence, payload: rest.slice(MessageHeader.size, length) };
    at += align(length);
  }
}

export type Attributes = ReadonlyMap<number, Uint8Array>;

/** Attributes by type, without the nested flag; of a repeated one, the last. @throws RangeError when a length lies. */
export function attributes(bytes: Uint8Array): Attributes {
  const found = new Map<number, Uint8Array>();
  let at = 0;
  while (at < bytes.length) {
    const rest = bytes.subarray(at);
    const { length, type } = AttributeHeader.decode(rest);
    if (length < AttributeHeader.size || length > rest.length)
      throw new RangeError(`netlink attribute of ${length} bytes where ${rest.length} are left`);
    found.set(type & 0x3fff, rest.subarray(AttributeHeader.size, length));
    at += align(length);
  }
  return found;
}

/** The fixed part and the attributes of a payload. */
export function parse<F extends Fields>(
  layout: Struct<F>,
  payload: Uint8Array,
): readonly [Readonly<Values<F>>, Attributes] {
  return [layout.decode(payload), attributes(payload.subarray(align(layout.size)))];
}

/** An attribute's text, up to its zero. */
export function attributeText(value: Uint8Array | undefined): string | undefined {
  if (!value) return undefined;
  const end = value.indexOf(0);
  return new TextDecoder().decode(end < 0 ? value : value.subarray(0, end));
}

/** An attribute's 32-bit number. */
export const attributeNumber = (value: Uint8Array | undefined): number | undefined =>
  value && value.length >= 4 ? n32(0).get(value) : undefined;

const ErrorMessage = struct('nlmsgerr', 20, { error: n32(0), originalLength: n32(4) });

/** What an acknowledgement says: 0 or an errno, and the kernel's words when it gives any (NETLINK_EXT_ACK). */
export function acknowledgement({ flags, payload }: Message): { errno: number; text: string | undefined } {
  const { error, originalLength } = ErrorMessage.decode(payload);
  const result = 0 - (error | 0);
  if (!(flags & MessageFlag.ackAttributes)) return { errno: result, text: undefined };
  const original = flags & MessageFlag.capped ? MessageHeader.size : align(originalLength);
  return { errno: result, text: attributeText(attributes(payload.subarray(4 + original)).get(1)) };
}
