/** A routing netlink socket: one request at a time, answered before the call returns (man 7 netlink). */

import { closeSync } from 'node:fs';
import { check, EINTR, errno, libc, SystemError } from './libc.ts';
import { acknowledgement, Control, type Message, MessageFlag, message, messages } from './netlink-message.ts';

const socket: (family: number, type: number, protocol: number) => number = libc.func(
  'int socket(int family, int type, int protocol)',
);
const setsockopt: (fd: number, level: number, name: number, value: Uint8Array, size: number) => number =
  libc.func('int setsockopt(int fd, int level, int name, void *value, uint32_t size)');
const send: (fd: number, bytes: Uint8Array, size: number, flags: number) => number = libc.func(
  'int64_t send(int fd, void *bytes, size_t size, int flags)',
);
const recv: (fd: number, bytes: Uint8Array, size: number, flags: number) => number = libc.func(
  'int64_t recv(int fd, void *bytes, size_t size, int flags)',
);

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const MSG_TRUNC = 0x20;

/** A dump that changed under our hands is asked for again this often. */
const dumpAttempts = 5;

const int = (value: number) => Uint8Array.of(value, 0, 0, 0);

/** Its socket belongs to the network namespace that the calling thread was in when it was made. */
export class NetlinkSocket implements Disposable {
  readonly #fd: number;
  readonly #buffer = new Uint8Array(64 * 1024);
  #sequence = 0;

  constructor() {
    this.#fd = check(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0), 'socket', 'AF_NETLINK');
    // Without these two, errors are terse; nothing else depends on them.
    setsockopt(this.#fd, SOL_NETLINK, NETLINK_CAP_ACK, int(1), 4);
    setsockopt(this.#fd, SOL_NETLINK, NETLINK_EXT_ACK, int(1), 4);
    // The kernel answers within the call to send; five seconds only guard against a hang.
    setsockopt(this.#fd, SOL_SOCKET, SO_RCVTIMEO, Uint8Array.of(5, ...new Uint8Array(15)), 16);
  }

  /** Does one thing. `subject` says what, for the error. @throws SystemError with the kernel's reason. */
  request(subject: string, type: number, flags: number, parts: readonly Uint8Array[]): Message[] {
    const sequence = this.#send(type, flags | MessageFlag.request | MessageFlag.ack, parts);
    const answers: Message[] = [];
    for (;;) {
      for (const answer of this.#receive(sequence)) {
        if (answer.type !== Control.error) answers.push(answer);
        else if (this.#acknowledged(subject, answer)) return answers;
      }
    }
  }

  /** Lists things. @throws SystemError with the kernel's reason. */
  dump(subject: string, type: number, flags: number, parts: readonly Uint8Array[]): Message[] {
    for (let attempt = 1; ; attempt++) {
      const sequence = this.#send(type, flags | MessageFlag.request, parts);
      const { found, interrupted } = this.#collect(subject, sequence);
      if (!interrupted || attempt === dumpAttempts) return found;
    }
  }

  #collect(subject: string, sequence: number): { found: Message[]; interrupted: boolean } {
    const found: Message[] = [];
    let interrupted = false;
    for (;;) {
      for (const answer of this.#receive(sequence)) {
        if (answer.flags & MessageFlag.dumpInterrupted) interrupted = true;
        if (answer.type === Control.error) this.#acknowledged(subject, answer);
        else if (answer.type !== Control.done) found.push(answer);
        else return { found, interrupted };
      }
    }
  }

  #acknowledged(subject: string, answer: Message): true {
    const { errno: number, text } = acknowledgement(answer);
    if (number === 0) return true;
    throw new SystemError('rtnetlink', text ? `${subject} (${text})` : subject, number);
  }

  #send(type: number, flags: number, parts: readonly Uint8Array[]): number {
    this.#sequence++;
    const bytes = message({ type, flags, sequence: this.#sequence }, parts);
    check(send(this.#fd, bytes, bytes.length, 0), 'send', 'AF_NETLINK');
    return this.#sequence;
  }

  /** Answers to `sequence`; what a failed request left behind is passed over. */
  #receive(sequence: number): Message[] {
    let got = -1;
    do got = recv(this.#fd, this.#buffer, this.#buffer.length, MSG_TRUNC);
    while (got === -1 && errno() === EINTR);
    check(got, 'recv', 'AF_NETLINK');
    if (got > this.#buffer.length) throw new RangeError(`netlink datagram of ${got} bytes`);
    return [...messages(this.#buffer.subarray(0, got))].filter((answer) => answer.sequence === sequence);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
