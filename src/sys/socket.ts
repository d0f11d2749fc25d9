/**
 * TCP sockets that never block (tcp(7)), for threads without an event loop. A socket is its descriptor; whoever opened
 * it closes it. Not here: names, waiting (epoll.ts).
 */

import { writevSync } from 'node:fs';
import { constants } from 'node:os';
import { check, closeDescriptor, EAGAIN, EINTR, errno, libc, SystemError } from './libc.ts';
import {
  AF_INET6,
  decodeSocketAddress,
  encodeSocketAddress,
  type SocketAddress,
  size6,
} from './socket-address.ts';

type Pointer = Uint8Array;
const openSocket = libc.func('int socket(int domain, int type, int protocol)') as (
  domain: number,
  type: number,
  protocol: number,
) => number;
const bind = libc.func('int bind(int fd, void *address, unsigned int length)') as (
  fd: number,
  address: Pointer,
  length: number,
) => number;
const connect = libc.func('int connect(int fd, void *address, unsigned int length)') as typeof bind;
const listen = libc.func('int listen(int fd, int backlog)') as (fd: number, backlog: number) => number;
const accept4 = libc.func('int accept4(int fd, void *address, void *length, int flags)') as (
  fd: number,
  address: Pointer,
  length: Pointer,
  flags: number,
) => number;
const getsockname = libc.func('int getsockname(int fd, void *address, void *length)') as (
  fd: number,
  address: Pointer,
  length: Pointer,
) => number;
const getpeername = libc.func('int getpeername(int fd, void *address, void *length)') as typeof getsockname;
const setsockopt = libc.func(
  'int setsockopt(int fd, int level, int name, void *value, unsigned int length)',
) as (fd: number, level: number, name: number, value: Pointer, length: number) => number;
const getsockopt = libc.func('int getsockopt(int fd, int level, int name, void *value, void *length)') as (
  fd: number,
  level: number,
  name: number,
  value: Pointer,
  length: Pointer,
) => number;
const shutdown = libc.func('int shutdown(int fd, int how)') as (fd: number, how: number) => number;
const recv = libc.func('intptr_t recv(int fd, void *bytes, size_t length, int flags)') as (
  fd: number,
  bytes: Pointer,
  length: number,
  flags: number,
) => number;
const send = libc.func('intptr_t send(int fd, void *bytes, size_t length, int flags)') as typeof recv;

const SOCK_STREAM = 1;
const NONBLOCK_CLOEXEC = 0o2004000;
const SOL_SOCKET = 1;
const IPPROTO_TCP = 6;
const IPPROTO_IPV6 = 41;
const SO_REUSEADDR = 2;
const SO_ERROR = 4;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_KEEPALIVE = 9;
const TCP_NODELAY = 1;
const TCP_USER_TIMEOUT = 18;
const IPV6_V6ONLY = 26;
const MSG_NOSIGNAL = 0x4000;
const SHUT_WR = 1;
const backlog = 511;
/** Buffers in one writev(2): IOV_MAX. */
const maxVector = 1024;
const { EINPROGRESS } = constants.errno;
const EHOSTDOWN = 112;
const ENONET = 64;
/** What accept(2) says of one caller, who is no more: the next may be well. */
const ofOneCaller: ReadonlySet<number> = new Set([
  ...[constants.errno.ECONNABORTED, constants.errno.ENETDOWN, constants.errno.EPROTO],
  ...[constants.errno.ENOPROTOOPT, EHOSTDOWN, ENONET, constants.errno.EHOSTUNREACH],
  ...[constants.errno.EOPNOTSUPP, constants.errno.ENETUNREACH],
]);

/** Nothing can be read or written now. */
export const wouldBlock = -1;

function setNumber(fd: number, level: number, name: number, value: number): number {
  return setsockopt(fd, level, name, new Uint8Array(Int32Array.of(value).buffer), 4);
}

function withSocket(address: Uint8Array, use: (fd: number) => void): number {
  const family = Number(address[0]);
  const fd = check(openSocket(family, SOCK_STREAM | NONBLOCK_CLOEXEC, 0), 'socket');
  try {
    use(fd);
  } catch (error) {
    closeDescriptor(fd);
    throw error;
  }
  return fd;
}

/** Listens; "::" takes IPv4 callers too, as in Node. @throws SystemError EADDRINUSE, EADDRNOTAVAIL …; SyntaxError for a name */
export function listenTcp(at: SocketAddress): number {
  const address = encodeSocketAddress(at);
  const subject = `${at.host} port ${at.port}`;
  return withSocket(address, (fd) => {
    check(setNumber(fd, SOL_SOCKET, SO_REUSEADDR, 1), 'setsockopt');
    if (address[0] === AF_INET6)
      check(setNumber(fd, IPPROTO_IPV6, IPV6_V6ONLY, at.host === '::' ? 0 : 1), 'setsockopt');
    check(bind(fd, address, address.length), 'bind', subject);
    check(listen(fd, backlog), 'listen', subject);
  });
}

/** A caller's descriptor; -1 when none waits any more. @throws SystemError EMFILE, ENFILE, ENOMEM … */
export function acceptTcp(fd: number): number {
  for (let skipped = 0; ; ) {
    const length = lengthOf(size6);
    const caller = accept4(fd, new Uint8Array(size6), length, NONBLOCK_CLOEXEC);
    if (caller >= 0) return caller;
    const code = errno();
    if (code === EAGAIN) return -1;
    if (code === EINTR) continue;
    // No more of them can wait than the backlog is long: then it is our socket that is wrong.
    if (!ofOneCaller.has(code) || skipped++ > backlog) throw new SystemError('accept4', '', code);
  }
}

/** Begins to connect: the socket turns writable when that has succeeded or failed (`socketError`). @throws SystemError; SyntaxError for a name */
export function connectTcp(to: SocketAddress): number {
  const address = encodeSocketAddress(to);
  return withSocket(address, (fd) => {
    if (connect(fd, address, address.length) === 0 || errno() === EINPROGRESS) return;
    throw new SystemError('connect', `${to.host} port ${to.port}`);
  });
}

/** The error that waits on a socket, as errno; 0: none (SO_ERROR). Reading clears it. */
export function socketError(fd: number): number {
  const value = new Uint8Array(4);
  check(getsockopt(fd, SOL_SOCKET, SO_ERROR, value, lengthOf(4)), 'getsockopt');
  return new DataView(value.buffer).getInt32(0, true);
}

const lengthOf = (bytes: number): Uint8Array => new Uint8Array(Int32Array.of(bytes).buffer);

/** @throws SystemError */
export function localAddress(fd: number): SocketAddress {
  const address = new Uint8Array(size6);
  check(getsockname(fd, address, lengthOf(size6)), 'getsockname');
  return decodeSocketAddress(address);
}

/** @throws SystemError ENOTCONN: the other side has gone already */
export function remoteAddress(fd: number): SocketAddress {
  const address = new Uint8Array(size6);
  check(getpeername(fd, address, lengthOf(size6)), 'getpeername');
  return decodeSocketAddress(address);
}

export interface TcpOptions {
  /** Bytes of the kernel's buffers, where they are not to grow as they like. */
  readonly sendBuffer?: number;
  readonly receiveBuffer?: number;
  /** Milliseconds that what was sent may stay unacknowledged (TCP_USER_TIMEOUT). */
  readonly unacknowledged?: number;
}

/** No delay for small segments, probes when it is silent for long, and what is asked for. @throws SystemError */
export function tuneTcp(fd: number, options: TcpOptions = {}): void {
  const set = (level: number, name: number, value: number) =>
    check(setNumber(fd, level, name, value), 'setsockopt');
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  if (options.unacknowledged) set(IPPROTO_TCP, TCP_USER_TIMEOUT, options.unacknowledged);
  if (options.sendBuffer) set(SOL_SOCKET, SO_SNDBUF, options.sendBuffer);
  if (options.receiveBuffer) set(SOL_SOCKET, SO_RCVBUF, options.receiveBuffer);
}

/** Reads what is there, up to `length` bytes; 0: the other side sends no more; `wouldBlock`: nothing yet. @throws SystemError ECONNRESET … */
export function receive(fd: number, bytes: Uint8Array, length: number = bytes.length): number {
  const count = recv(fd, bytes, length, 0);
  if (count >= 0) return count;
  return blockedOr('recv');
}

/** Writes as much of some buffers, in their order, as the kernel takes; `wouldBlock`: nothing now. @throws SystemError or Error with `code`: EPIPE, ECONNRESET … */
export function sendAll(fd: number, parts: readonly Uint8Array[]): number {
  const [first] = parts;
  if (first && parts.length === 1) {
    const count = send(fd, first, first.length, MSG_NOSIGNAL);
    return count >= 0 ? count : blockedOr('send');
  }
  try {
    // Node ignores SIGPIPE for the whole process, threads too.
    return writevSync(fd, parts.length <= maxVector ? parts : parts.slice(0, maxVector));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return wouldBlock;
    throw error;
  }
}

function blockedOr(syscall: string): number {
  const code = errno();
  if (code === EAGAIN || code === EINTR) return wouldBlock;
  throw new SystemError(syscall, '', code);
}

/** Says that nothing more will be sent. A socket that has gone already is left alone. */
export function endSending(fd: number): void {
  shutdown(fd, SHUT_WR);
}
