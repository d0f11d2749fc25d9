/**
 * Segmentation in software, for peers that cannot: TCP over IPv4 and IPv6, UDP likewise (Linux calls it USO).
 * Not here: IPv6 routing headers, whose last address the pseudo-header would need; IP fragmentation.
 */

import { checksum, pseudoHeader } from './checksum.ts';
import { Gso } from './ethernet.ts';
import { be16, be32, putBe16, putBe32 } from './octets.ts';

const tcpProtocol = 6;
const udpProtocol = 17;
const fin = 0x01;
const psh = 0x08;
const cwr = 0x80;

/** Takes one large datagram apart; to be used again and again. */
export class Segmenter {
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #length = 0;
  #l4 = 0;
  #headers = 0;
  #size = 0;
  #tcp = true;
  #done = 0;
  #index = 0;

  /** Bytes of the longest segment. */
  get longest(): number {
    return this.#headers + Math.min(this.#size, this.#length - this.#headers);
  }

  /** Bytes of payload that no segment has yet. */
  get left(): number {
    return this.#length - this.#headers - this.#done;
  }

  get segmentsLeft(): number {
    return Math.ceil(this.left / this.#size);
  }

  /**
   * Begins with the datagram of `length` bytes at `at`, whose TCP or UDP header is `l4` bytes into it; each segment
   * is to carry `size` bytes of payload. False: this is no datagram that could be taken apart.
   */
  begin(bytes: Uint8Array, at: number, length: number, gsoType: number, size: number, l4: number): boolean {
    const type = gsoType & ~Gso.ecn;
    const tcp = type === Gso.tcp4 || type === Gso.tcp6;
    if ((!tcp && type !== Gso.udp) || size < 1 || length > 0xffff) return false;
    const version = (bytes[at] as number) >>> 4;
    const ipHeader = version === 4 ? ((bytes[at] as number) & 0xf) * 4 : 40;
    if ((version !== 4 && version !== 6) || ipHeader < 20 || l4 < ipHeader) return false;
    if (l4 + (tcp ? 20 : 8) > length) return false;
    const l4Header = tcp ? ((bytes[at + l4 + 12] as number) >>> 4) * 4 : 8;
    if ((tcp && l4Header < 20) || l4 + l4Header >= length) return false;
    this.#bytes = bytes;
    this.#at = at;
    this.#length = length;
    this.#l4 = l4;
    this.#headers = l4 + l4Header;
    this.#size = size;
    this.#tcp = tcp;
    this.#done = 0;
    this.#index = 0;
    return true;
  }

  /** Writes the next segment to `into` at `to` and returns its length; 0: there is none. */
  next(into: Uint8Array, to: number): number {
    const { left } = this;
    if (left <= 0) return 0;
    const payload = Math.min(this.#size, left);
    const length = this.#headers + payload;
    copy(this.#bytes, this.#at, into, to, this.#headers);
    copy(this.#bytes, this.#at + this.#headers + this.#done, into, to + this.#headers, payload);
    this.#fixIp(into, to, length);
    if (this.#tcp) this.#fixTcp(into, to, length, payload === left);
    else this.#fixUdp(into, to, length);
    this.#done += payload;
    this.#index++;
    return length;
  }

  #fixIp(b: Uint8Array, at: number, length: number): void {
    if ((b[at] as number) >>> 4 === 6) {
      putBe16(b, at + 4, length - 40);
      return;
    }
    putBe16(b, at + 2, length);
    putBe16(b, at + 4, be16(b, at + 4) + this.#index);
    putBe16(b, at + 10, 0);
    putBe16(b, at + 10, checksum(b, at, ((b[at] as number) & 0xf) * 4));
  }

  #fixTcp(b: Uint8Array, at: number, length: number, last: boolean): void {
    const tcp = at + this.#l4;
    putBe32(b, tcp + 4, be32(b, tcp + 4) + this.#done);
    let flags = b[tcp + 13] as number;
    if (!last) flags &= ~(fin | psh);
    if (this.#index > 0) flags &= ~cwr;
    b[tcp + 13] = flags;
    const size = length - this.#l4;
    putBe16(b, tcp + 16, 0);
    putBe16(b, tcp + 16, checksum(b, tcp, size, pseudoHeader(b, at, tcpProtocol, size)));
  }

  #fixUdp(b: Uint8Array, at: number, length: number): void {
    const udp = at + this.#l4;
    const size = length - this.#l4;
    putBe16(b, udp + 4, size);
    putBe16(b, udp + 6, 0);
    const value = checksum(b, udp, size, pseudoHeader(b, at, udpProtocol, size));
    putBe16(b, udp + 6, value === 0 ? 0xffff : value);
  }
}

function copy(from: Uint8Array, at: number, to: Uint8Array, toAt: number, length: number): void {
  if (from === to) to.copyWithin(toAt, at, at + length);
  else to.set(from.subarray(at, at + length), toAt);
}
