/**
 * Sockets inside namespaces, used from the test's own process, without waiting longer than told: UDP, ICMP echo and
 * whole Ethernet frames.
 */

import { closeSync } from 'node:fs';
import { parseIP } from '../../src/bytes/addresses.ts';
import { echoRequest, replySequence } from '../../src/sys/icmp.ts';
import { check, EAGAIN, errno, libc, SystemError } from '../../src/sys/libc.ts';
import { withNamespace } from '../../src/sys/namespaces.ts';
import { AF_INET, AF_INET6 } from '../../src/sys/rtnetlink-numbers.ts';
import { configure } from './configure.ts';
import type { Place } from './processes.ts';
import { until } from './until.ts';

const socket: (family: number, type: number, protocol: number) => number = libc.func(
  'int socket(int family, int type, int protocol)',
);
const bind: (fd: number, address: Uint8Array, size: number) => number = libc.func(
  'int bind(int fd, void *address, uint32_t size)',
);
const setsockopt: (fd: number, level: number, name: number, value: Uint8Array, size: number) => number =
  libc.func('int setsockopt(int fd, int level, int name, void *value, uint32_t size)');
const sendto: (
  fd: number,
  bytes: Uint8Array,
  size: number,
  flags: number,
  address: Uint8Array,
  length: number,
) => number = libc.func(
  'int64_t sendto(int fd, void *bytes, size_t size, int flags, void *address, uint32_t length)',
);
const recv: (fd: number, bytes: Uint8Array, size: number, flags: number) => number = libc.func(
  'int64_t recv(int fd, void *bytes, size_t size, int flags)',
);
const poll: (descriptors: Uint8Array, count: number, timeout: number) => number = libc.func(
  'int poll(void *descriptors, unsigned long count, int timeout)',
);

const AF_PACKET = 17;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const SOCK_FLAGS = 0o2004000; // SOCK_NONBLOCK | SOCK_CLOEXEC
const SOL_SOCKET = 1;
const SO_BROADCAST = 6;
const SO_RCVBUFFORCE = 33;
const ETH_P_ALL = 3;
const receiveBuffer = 8 << 20;

const little32 = (value: number) => Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);

/** struct sockaddr_in or sockaddr_in6. */
function socketAddress(address: string, port: number): Uint8Array {
  const bytes = parseIP(address);
  const result = new Uint8Array(bytes.length === 4 ? 16 : 28);
  result[0] = bytes.length === 4 ? AF_INET : AF_INET6;
  result.set([port >>> 8, port & 0xff], 2);
  result.set(bytes, bytes.length === 4 ? 4 : 8);
  return result;
}

/** One socket. */
export class TestSocket implements Disposable {
  readonly #fd: number;
  readonly #buffer = new Uint8Array(1 << 17);

  private constructor(place: Place, family: number, type: number, protocol: number) {
    this.#fd = withNamespace(place.namespace, () =>
      check(socket(family, type | SOCK_FLAGS, protocol), 'socket'),
    );
    setsockopt(this.#fd, SOL_SOCKET, SO_BROADCAST, little32(1), 4);
    setsockopt(this.#fd, SOL_SOCKET, SO_RCVBUFFORCE, little32(receiveBuffer), 4);
  }

  #bind(address: Uint8Array): this {
    try {
      check(bind(this.#fd, address, address.length), 'bind');
      return this;
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  /** UDP at an address of the namespace, or at "0.0.0.0". */
  static udp(place: Place, address: string, port: number): TestSocket {
    const family = address.includes(':') ? AF_INET6 : AF_INET;
    return new TestSocket(place, family, SOCK_DGRAM, 0).#bind(socketAddress(address, port));
  }

  /** Raw ICMP or ICMPv6. */
  static icmp(place: Place, version: 4 | 6): TestSocket {
    return new TestSocket(place, version === 4 ? AF_INET : AF_INET6, SOCK_RAW, version === 4 ? 1 : 58);
  }

  /** Whole frames, of and to one interface: each frame that passes there. */
  static frames(place: Place, name: string): TestSocket {
    const { index } = configure(place, (netlink) => netlink.link(name));
    const address = new Uint8Array(20); // struct sockaddr_ll
    address.set([AF_PACKET, 0, 0, ETH_P_ALL]);
    address.set(little32(index), 4);
    return new TestSocket(place, AF_PACKET, SOCK_RAW, 0).#bind(address);
  }

  /** False: the socket's buffer is full. @throws SystemError */
  sendTo(bytes: Uint8Array, address: string, port = 0): boolean {
    const to = socketAddress(address, port);
    if (sendto(this.#fd, bytes, bytes.length, 0, to, to.length) >= 0) return true;
    if (errno() === EAGAIN) return false;
    throw new SystemError('sendto', address);
  }

  /** A frame, out of the interface that the socket is bound to. */
  sendFrame(bytes: Uint8Array): void {
    check(sendto(this.#fd, bytes, bytes.length, 0, new Uint8Array(0), 0), 'sendto', 'a frame');
  }

  /** The next message, or undefined when none comes in time. It may be kept. */
  receive(timeoutMs: number): Uint8Array | undefined {
    const descriptors = new Uint8Array(8);
    descriptors.set(little32(this.#fd));
    descriptors[4] = 1; // POLLIN
    if (poll(descriptors, 1, Math.ceil(timeoutMs)) <= 0) return undefined;
    const got = recv(this.#fd, this.#buffer, this.#buffer.length, 0);
    if (got >= 0) return this.#buffer.slice(0, got);
    if (errno() === EAGAIN) return undefined;
    throw new SystemError('recv');
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

/**
 * Sends an echo request to each address at once, then collects the replies. Gives the addresses that did not answer
 * within `timeoutMs`; all must be of one family.
 */
export function pingAll(place: Place, addresses: readonly string[], timeoutMs = 5000, size = 56): string[] {
  const version = addresses[0]?.includes(':') ? 6 : 4;
  using icmp = TestSocket.icmp(place, version);
  const identifier = process.pid % 0x10000;
  const waiting = new Map(addresses.map((address, sequence) => [sequence, address]));
  for (const [sequence, address] of waiting)
    icmp.sendTo(echoRequest(version, identifier, sequence, size), address);
  const end = performance.now() + timeoutMs;
  while (waiting.size > 0 && performance.now() < end) {
    const packet = icmp.receive(end - performance.now());
    const sequence = packet && replySequence(version, identifier, packet);
    if (sequence !== undefined) waiting.delete(sequence);
  }
  return [...waiting.values()];
}

/** Echo requests to one address, one after the other, until one is answered. */
export async function reach(place: Place, address: string, limitMs?: number): Promise<void> {
  await until(`${address} answers`, () => pingAll(place, [address], 200).length === 0, limitMs);
}
