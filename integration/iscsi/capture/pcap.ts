/**
 * Writes what went over TCP connections as a capture file (libpcap's format), with the Ethernet, IPv4 and TCP headers that it
 * would have had. No capture rights, no interface: the payload is what a relay saw.
 */

import { raw, struct, u8, u16, u32 } from '../../../src/bytes/fields.ts';

const FileHeader = struct('pcap file header', 24, {
  magic: u32(0), // nanoseconds would be a1b23c4d
  major: u16(4),
  minor: u16(6),
  snapLength: u32(16),
  linkType: u32(20),
});

const PacketHeader = struct('pcap packet header', 16, {
  seconds: u32(0),
  microseconds: u32(4),
  captured: u32(8),
  length: u32(12),
});

const ethernetSize = 14;
const ipSize = 20;
const tcpSize = 20;
/** From the Ethernet header on. */
const Headers = struct('Ethernet, IPv4 and TCP headers', ethernetSize + ipSize + tcpSize, {
  destination: raw(0, 6),
  source: raw(6, 6),
  etherType: u16(12),
  versionAndLength: u8(14),
  totalLength: u16(16),
  identification: u16(18),
  timeToLive: u8(22),
  protocol: u8(23),
  headerChecksum: u16(24),
  from: u32(26),
  to: u32(30),
  fromPort: u16(34),
  toPort: u16(36),
  sequence: u32(38),
  acknowledgement: u32(42),
  dataOffset: u8(46),
  flags: u8(47),
  window: u16(48),
  checksum: u16(50),
});

const Flag = { fin: 1, syn: 2, push: 8, acknowledge: 16 } as const;
/** What an IPv4 packet holds besides its headers. */
const mostPayload = 65535 - ipSize - tcpSize;
/** 192.0.2.1 and 192.0.2.2, for documentation (RFC 5737). */
const addresses = [0xc0000201, 0xc0000202] as const;
const iscsiPort = 3260;

/** RFC 1071, over an even number of bytes. */
function onesSum(bytes: Uint8Array, start = 0): number {
  let sum = start;
  for (let i = 0; i + 1 < bytes.length; i += 2) sum += (Number(bytes[i]) << 8) | Number(bytes[i + 1]);
  if (bytes.length & 1) sum += Number(bytes[bytes.length - 1]) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

/** A capture file that grows. */
export class Pcap {
  readonly #parts: Uint8Array[] = [];
  #connections = 0;
  #identification = 0;

  constructor() {
    this.#parts.push(
      FileHeader.encode({ magic: 0xa1b2c3d4, major: 2, minor: 4, snapLength: 262144, linkType: 1 }),
    );
  }

  /** A connection to port 3260, with a three-way handshake. Each has a port of its own: the first 49152. */
  connection(microseconds: number): PcapConnection {
    return new PcapConnection(
      (at, headers, payload) => this.#packet(at, headers, payload),
      49152 + this.#connections++,
      microseconds,
    );
  }

  #packet(at: number, values: Parameters<typeof Headers.encode>[0], payload: Uint8Array): void {
    const headers = Headers.encode({ ...values, identification: this.#identification++ & 0xffff });
    const view = Headers.over(headers);
    view.totalLength = ipSize + tcpSize + payload.length;
    view.headerChecksum = ~onesSum(headers.subarray(ethernetSize, ethernetSize + ipSize)) & 0xffff;
    const pseudo = onesSum(headers.subarray(26, 34), 6 + tcpSize + payload.length);
    view.checksum = ~onesSum(payload, onesSum(headers.subarray(ethernetSize + ipSize), pseudo)) & 0xffff;
    const length = headers.length + payload.length;
    const packet = { microseconds: at % 1e6, seconds: Math.floor(at / 1e6), captured: length, length };
    this.#parts.push(PacketHeader.encode(packet), headers, payload);
  }

  /** The file as it is now. */
  bytes(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}

type Emit = (at: number, headers: Parameters<typeof Headers.encode>[0], payload: Uint8Array) => void;

/** One TCP connection in a capture; sides are 0, who opened it, and 1. */
export class PcapConnection {
  readonly port: number;
  readonly #emit: Emit;
  /** Of each side: the next sequence number. */
  readonly #next: [number, number] = [1000, 5000];
  readonly #closed: [boolean, boolean] = [false, false];

  constructor(emit: Emit, port: number, microseconds: number) {
    this.#emit = emit;
    this.port = port;
    this.#send(0, Flag.syn, microseconds);
    this.#send(1, Flag.syn | Flag.acknowledge, microseconds);
    this.#send(0, Flag.acknowledge, microseconds);
  }

  /** Each segment is acknowledged before the next: the window never fills, however much one side says at a time. */
  data(side: 0 | 1, bytes: Uint8Array, microseconds: number): void {
    for (let at = 0; at < bytes.length; at += mostPayload) {
      const segment = bytes.subarray(at, Math.min(at + mostPayload, bytes.length));
      this.#send(side, Flag.push | Flag.acknowledge, microseconds, segment);
      this.#send(side === 0 ? 1 : 0, Flag.acknowledge, microseconds);
    }
  }

  /** One side has nothing more to say. */
  end(side: 0 | 1, microseconds: number): void {
    if (this.#closed[side]) return;
    this.#closed[side] = true;
    this.#send(side, Flag.fin | Flag.acknowledge, microseconds);
  }

  #send(side: 0 | 1, flags: number, at: number, payload: Uint8Array = new Uint8Array(0)): void {
    const other = side === 0 ? 1 : 0;
    const ports = [this.port, iscsiPort] as const;
    this.#emit(
      at,
      {
        destination: Uint8Array.of(2, 0, 0, 0, 0, other + 1),
        source: Uint8Array.of(2, 0, 0, 0, 0, side + 1),
        etherType: 0x0800,
        versionAndLength: 0x45,
        timeToLive: 64,
        protocol: 6,
        from: addresses[side],
        to: addresses[other],
        fromPort: ports[side],
        toPort: ports[other],
        sequence: this.#next[side] >>> 0,
        acknowledgement: flags & Flag.acknowledge ? this.#next[other] >>> 0 : 0,
        dataOffset: (tcpSize / 4) << 4,
        flags,
        window: 65535,
      },
      payload,
    );
    const numbered = payload.length + (flags & (Flag.syn | Flag.fin) ? 1 : 0);
    this.#next[side] = (this.#next[side] + numbered) >>> 0;
  }
}
