/**
 * Blocking sockets (man 7 ip) straight on the C library: half a microsecond on top of each system call, where Node's
 * own sockets cost tens. IPv4 only. Every wait ends after `patience`.
 */

import { closeSync } from 'node:fs';
import { parseIP } from '../../src/bytes/addresses.ts';
import { check, EAGAIN, errno, libc } from '../../src/sys/libc.ts';

const socket: (family: number, type: number, protocol: number) => number = libc.func(
  'int socket(int family, int type, int protocol)',
);
const setOption: (fd: number, level: number, name: number, value: Uint8Array, size: number) => number =
  libc.func('int setsockopt(int fd, int level, int name, void *value, uint32_t size)');
const bind: (fd: number, address: Uint8Array, size: number) => number = libc.func(
  'int bind(int fd, void *address, uint32_t size)',
);
const connectTo: (fd: number, address: Uint8Array, size: number) => number = libc.func(
  'int connect(int fd, void *address, uint32_t size)',
);
const getName: (fd: number, address: Uint8Array, size: Uint8Array) => number = libc.func(
  'int getsockname(int fd, _Out_ uint8_t *address, _Inout_ uint8_t *size)',
);
const startListening: (fd: number, backlog: number) => number = libc.func('int listen(int fd, int backlog)');
const acceptOne: (fd: number, address: null, size: null) => number = libc.func(
  'int accept(int fd, void *address, void *size)',
);
const sendSome: (fd: number, bytes: Uint8Array, size: number, flags: number) => number = libc.func(
  'int64_t send(int fd, void *bytes, size_t size, int flags)',
);
const receiveSome: (fd: number, bytes: Uint8Array, size: number, flags: number) => number = libc.func(
  'int64_t recv(int fd, _Out_ uint8_t *bytes, size_t size, int flags)',
);
const usleep: (microseconds: number) => number = libc.func('int usleep(uint32_t microseconds)');

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVTIMEO = 20;
const SO_RCVBUFFORCE = 33;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const MSG_WAITALL = 0x100;
const MSG_NOSIGNAL = 0x4000;

/** Seconds. */
const patience = 5;

/** struct sockaddr_in. */
function socketAddress(address: string, port: number): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes.set([AF_INET, 0, port >>> 8, port & 0xff, ...parseIP(address)]);
  return bytes;
}

function setNumber(fd: number, level: number, name: number, value: number): number {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return setOption(fd, level, name, bytes, bytes.length);
}

/** struct timeval. */
function setPatience(fd: number, seconds: number): void {
  const bytes = new DataView(new ArrayBuffer(16));
  bytes.setBigInt64(0, BigInt(Math.floor(seconds)), true);
  bytes.setBigInt64(8, BigInt(Math.round((seconds % 1) * 1e6)), true);
  const value = new Uint8Array(bytes.buffer);
  check(setOption(fd, SOL_SOCKET, SO_RCVTIMEO, value, value.length), 'setsockopt', 'SO_RCVTIMEO');
}

function portOf(fd: number): number {
  const address = new Uint8Array(16);
  check(getName(fd, address, Uint8Array.of(address.length, 0, 0, 0)), 'getsockname');
  return (address[2] ?? 0) * 256 + (address[3] ?? 0);
}

function bound(type: number, address: string): number {
  const fd = check(socket(AF_INET, type | SOCK_CLOEXEC, 0), 'socket');
  const name = socketAddress(address, 0);
  check(bind(fd, name, name.length), 'bind', address);
  setPatience(fd, patience);
  return fd;
}

function connected(type: number, address: string, port: number): number {
  const fd = check(socket(AF_INET, type | SOCK_CLOEXEC, 0), 'socket');
  setPatience(fd, patience);
  const name = socketAddress(address, port);
  check(connectTo(fd, name, name.length), 'connect', `${address} port ${port}`);
  return fd;
}

export class TcpListener implements Disposable {
  readonly #fd: number;
  readonly port: number;

  constructor(address: string) {
    this.#fd = bound(SOCK_STREAM, address);
    check(startListening(this.#fd, 1), 'listen');
    this.port = portOf(this.#fd);
  }

  accept(): TcpStream {
    const fd = check(acceptOne(this.#fd, null, null), 'accept');
    setPatience(fd, patience);
    return new TcpStream(fd);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

/** A connection that sends small things at once. */
export class TcpStream implements Disposable {
  readonly #fd: number;

  static connect(address: string, port: number): TcpStream {
    return new TcpStream(connected(SOCK_STREAM, address, port));
  }

  constructor(fd: number) {
    this.#fd = fd;
    check(setNumber(fd, IPPROTO_TCP, TCP_NODELAY, 1), 'setsockopt', 'TCP_NODELAY');
  }

  sendAll(bytes: Uint8Array): void {
    for (let sent = 0; sent < bytes.length; ) {
      const rest = sent === 0 ? bytes : bytes.subarray(sent);
      sent += check(sendSome(this.#fd, rest, rest.length, MSG_NOSIGNAL), 'send');
    }
  }

  /** False when the other side has closed the connection instead. */
  receiveAll(bytes: Uint8Array): boolean {
    for (let got = 0; got < bytes.length; ) {
      const rest = got === 0 ? bytes : bytes.subarray(got);
      const more = check(receiveSome(this.#fd, rest, rest.length, MSG_WAITALL), 'recv');
      if (more === 0) return false;
      got += more;
    }
    return true;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

export class UdpReceiver implements Disposable {
  readonly #fd: number;
  readonly port: number;

  /** `buffer` in bytes, as far as the kernel allows it. */
  constructor(address: string, buffer: number) {
    this.#fd = bound(SOCK_DGRAM, address);
    this.port = portOf(this.#fd);
    if (setNumber(this.#fd, SOL_SOCKET, SO_RCVBUFFORCE, buffer) === -1)
      setNumber(this.#fd, SOL_SOCKET, SO_RCVBUF, buffer);
  }

  /** False when nothing came for a while. */
  receive(into: Uint8Array): boolean {
    if (receiveSome(this.#fd, into, into.length, 0) !== -1) return true;
    if (errno() === EAGAIN) return false;
    throw new Error(`recv: errno ${errno()}`);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

export class UdpSender implements Disposable {
  readonly #fd: number;

  constructor(address: string, port: number) {
    this.#fd = connected(SOCK_DGRAM, address, port);
  }

  /** False when the kernel refused it. */
  send(bytes: Uint8Array): boolean {
    return sendSome(this.#fd, bytes, bytes.length, 0) !== -1;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

/** Blocks the thread. */
export const sleepMicroseconds = (microseconds: number): void => {
  usleep(microseconds);
};
