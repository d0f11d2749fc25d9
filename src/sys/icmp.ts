/**
 * ICMP and ICMPv6 echo over raw sockets (RFC 792, RFC 4443 §4): what `ping` does, without calling it. One request at a
 * time, synchronous. Time is the caller's: it passes a clock. Not here: options, fragments, errors other than "no
 * answer".
 */

import { closeSync } from 'node:fs';
import { parseIP } from '../bytes/addresses.ts';
import { struct, u8, u16 } from '../bytes/fields.ts';
import { check, EAGAIN, EINTR, errno, libc } from './libc.ts';
import { AF_INET, AF_INET6 } from './rtnetlink-numbers.ts';

const socket: (family: number, type: number, protocol: number) => number = libc.func(
  'int socket(int family, int type, int protocol)',
);
const connect: (fd: number, address: Uint8Array, size: number) => number = libc.func(
  'int connect(int fd, void *address, uint32_t size)',
);
const send: (fd: number, bytes: Uint8Array, size: number, flags: number) => number = libc.func(
  'int64_t send(int fd, void *bytes, size_t size, int flags)',
);
const recv: (fd: number, bytes: Uint8Array, size: number, flags: number) => number = libc.func(
  'int64_t recv(int fd, void *bytes, size_t size, int flags)',
);
const poll: (descriptors: Uint8Array, count: number, timeout: number) => number = libc.func(
  'int poll(void *descriptors, unsigned long count, int timeout)',
);

const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;
const POLLIN = 0x1;

/** Echo request and reply: the same layout in both versions. */
export const EchoMessage = struct('ICMP echo', 8, {
  type: u8(0),
  code: u8(1),
  checksum: u16(2),
  identifier: u16(4),
  sequence: u16(6),
});

/** Type numbers: RFC 792 pages 14 and 15; RFC 4443 §4.1, §4.2. */
const EchoType = { request4: 8, reply4: 0, request6: 128, reply6: 129 } as const;

/** The Internet checksum (RFC 1071). */
export function internetChecksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] ?? 0) * 256 + (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return 0xffff - sum;
}

/** An echo request of 8 + `size` bytes. Its checksum is complete for IPv4; for IPv6 the kernel does it. */
export function echoRequest(version: 4 | 6, identifier: number, sequence: number, size: number): Uint8Array {
  const bytes = new Uint8Array(EchoMessage.size + size);
  const type = version === 4 ? EchoType.request4 : EchoType.request6;
  EchoMessage.encode({ type, identifier, sequence }, bytes);
  if (version === 4) EchoMessage.over(bytes).checksum = internetChecksum(bytes);
  return bytes;
}

/** The sequence number, when these are our reply; a raw IPv4 socket gives the IP header too. */
export function replySequence(version: 4 | 6, identifier: number, packet: Uint8Array): number | undefined {
  const header = version === 4 ? ((packet[0] ?? 0) % 16) * 4 : 0;
  if (packet.length < header + EchoMessage.size) return undefined;
  const echo = EchoMessage.over(packet.subarray(header));
  const type = version === 4 ? EchoType.reply4 : EchoType.reply6;
  return echo.type === type && echo.identifier === identifier ? echo.sequence : undefined;
}

/** struct sockaddr_in or sockaddr_in6, without a port. */
function socketAddress(address: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(address.length === 4 ? 16 : 28);
  bytes[0] = address.length === 4 ? AF_INET : AF_INET6;
  bytes.set(address, address.length === 4 ? 4 : 8);
  return bytes;
}

export interface EchoOptions {
  /** Microseconds, monotonic. */
  readonly now: () => number;
  /** Bytes after the ICMP header. */
  readonly size?: number;
}

/** Asks one address; needs CAP_NET_RAW in the network namespace that the calling thread is in when it is made. */
export class Echo implements Disposable {
  readonly #fd: number;
  readonly #version: 4 | 6;
  readonly #now: () => number;
  readonly #size: number;
  readonly #buffer = new Uint8Array(65536);
  readonly #identifier = process.pid % 0x10000;
  #sequence = 0;

  /** @throws SystemError EPERM without CAP_NET_RAW, ENETUNREACH without a route. */
  constructor(address: string, { now, size = 56 }: EchoOptions) {
    const bytes = parseIP(address);
    this.#version = bytes.length === 4 ? 4 : 6;
    this.#now = now;
    this.#size = size;
    const [family, protocol] =
      this.#version === 4 ? ([AF_INET, IPPROTO_ICMP] as const) : ([AF_INET6, IPPROTO_ICMPV6] as const);
    const type = SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC;
    this.#fd = check(socket(family, type, protocol), 'socket', 'raw ICMP');
    try {
      const to = socketAddress(bytes);
      check(connect(this.#fd, to, to.length), 'connect', address);
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  /** One request: microseconds until its reply, or undefined when none came within `timeout` milliseconds. */
  ask(timeout: number): number | undefined {
    this.#sequence = (this.#sequence + 1) % 0x10000;
    const request = echoRequest(this.#version, this.#identifier, this.#sequence, this.#size);
    const start = this.#now();
    // A refused send (host unreachable, found out by an earlier one) is an unanswered one.
    if (send(this.#fd, request, request.length, 0) === -1) return undefined;
    for (;;) {
      const took = this.#now() - start;
      if (!this.#wait(Math.ceil(timeout - took / 1000))) return undefined;
      if (this.#answered()) return this.#now() - start;
    }
  }

  #wait(timeout: number): boolean {
    if (timeout <= 0) return false;
    const descriptors = Uint8Array.of(
      ...[0, 8, 16, 24].map((shift) => (this.#fd >>> shift) & 0xff),
      POLLIN,
      0,
      0,
      0,
    );
    const ready = poll(descriptors, 1, timeout);
    return ready > 0 || (ready === -1 && errno() === EINTR);
  }

  #answered(): boolean {
    const got = recv(this.#fd, this.#buffer, this.#buffer.length, 0);
    if (got === -1 && errno() !== EAGAIN && errno() !== EINTR) return false; // an ICMP error, reported once
    const sequence = replySequence(
      this.#version,
      this.#identifier,
      this.#buffer.subarray(0, Math.max(0, got)),
    );
    return sequence === this.#sequence;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
