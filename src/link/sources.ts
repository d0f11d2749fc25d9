/** Asks the guard about the addresses in what a peer sent, and learns from them. Decides on our own copy only. */

import { toHex } from '../bytes/hex.ts';
import { Arp, ArpOperation, isArp } from './arp.ts';
import { count, PeerIndex } from './counters.ts';
import { isGroup } from './ethernet.ts';
import type { SourceGuard } from './guard.ts';
import {
  icmp6At,
  isUnspecified,
  ndpLinkAddress,
  ndpTargetAt,
  ndpType,
  neighbourAdvertisement,
} from './ndp.ts';
import { be16, int32, same } from './octets.ts';
import type { Outbound } from './outbound.ts';
import { cacheSize, type Peer } from './peer.ts';
import type { Roster } from './roster.ts';

/** 'doubtful': to be passed, but not to be remembered as good. */
type Verdict = 'good' | 'doubtful' | 'bad';

const cacheMask = cacheSize - 1;

export class Sources {
  readonly #guard: SourceGuard;
  readonly #roster: Roster;
  readonly #outbound: Outbound;

  constructor(guard: SourceGuard, roster: Roster, outbound: Outbound) {
    this.#guard = guard;
    this.#roster = roster;
    this.#outbound = outbound;
  }

  /** May this peer send from the IPv4 address at `at`? */
  ipv4(peer: Peer, b: Uint8Array, at: number): boolean {
    const address = int32(b, at);
    const slot = (address ^ (address >>> 6)) & cacheMask;
    if (peer.verified4[slot] === address) return true;
    const verdict = this.#verify(peer, b, at, 4);
    if (verdict === 'good') peer.verified4[slot] = address;
    return verdict !== 'bad';
  }

  /** May this peer send from the IPv6 address at `at`? */
  ipv6(peer: Peer, b: Uint8Array, at: number): boolean {
    const first = int32(b, at);
    const second = int32(b, at + 4);
    const third = int32(b, at + 8);
    const last = int32(b, at + 12);
    const slot = 4 * ((last ^ third ^ first) & cacheMask);
    const seen = peer.verified6;
    if (
      seen[slot + 3] === last &&
      seen[slot + 2] === third &&
      seen[slot + 1] === second &&
      seen[slot] === first
    )
      return true;
    const verdict = this.#verify(peer, b, at, 16);
    if (verdict !== 'good') return verdict !== 'bad';
    seen[slot] = first;
    seen[slot + 1] = second;
    seen[slot + 2] = third;
    seen[slot + 3] = last;
    return true;
  }

  /** The ARP packet at `at`, at least 28 bytes: is it what this peer may say? False: drop it; counted. */
  arp(peer: Peer, b: Uint8Array, at: number): boolean {
    if (!isArp(b, at) || isGroup(b, at + Arp.senderMac)) return refuse(peer, PeerIndex['drops.malformed']);
    const operation = be16(b, at + Arp.operation);
    if (operation !== ArpOperation.request && operation !== ArpOperation.reply)
      return refuse(peer, PeerIndex['drops.malformed']);
    if (!this.#mac(peer, b, at + Arp.senderMac)) return false;
    // A probe (RFC 5227 §2.1.1) claims nothing.
    if (int32(b, at + Arp.senderAddress) === 0) return true;
    if (!this.ipv4(peer, b, at + Arp.senderAddress)) return false;
    this.#outbound.arpLimit.answered(b, at + Arp.senderAddress);
    return true;
  }

  /**
   * The IPv6 datagram of `length` bytes at `at`, as many of which as given are at hand, may be Neighbor Discovery: the
   * same for what it says. What can't be seen whole is not believed.
   */
  ndp(peer: Peer, b: Uint8Array, at: number, length: number, atHand: number): boolean {
    const message = icmp6At(b, at, Math.min(length, atHand));
    const type = ndpType(b, at, length, message);
    if (message < 0 || (type !== 0 && length > atHand)) return this.#unseen(peer, b, at);
    if (type === 0) return true;
    const target = at + message + ndpTargetAt;
    if (type === neighbourAdvertisement && !isUnspecified(b, target) && !this.ipv6(peer, b, target))
      return false;
    const link = ndpLinkAddress(b, at, length, message, type);
    // A Redirect's link-layer address is that of a third host (RFC 4861 §4.5).
    return link === 0 || type > neighbourAdvertisement || this.#mac(peer, b, at + link);
  }

  #unseen(peer: Peer, b: Uint8Array, at: number): boolean {
    const guard = this.#guard;
    if (guard.mode === 'off') return true;
    guard.report(peer.id, toHex(b.subarray(at + 8, at + 24)), 'headers or options that go on and on');
    return this.#sentence(peer, PeerIndex['drops.guardAddress']);
  }

  /** A hardware address that a peer gives as a sender's: its own, or of a host behind it. */
  #mac(peer: Peer, b: Uint8Array, at: number): boolean {
    if (same(b, at, peer.mac, 0, 6)) return true;
    const guard = this.#guard;
    const taken = this.#roster.isTakenFrom(peer.id, b, at) || isGroup(b, at);
    // One that was seen behind another peer may have moved, a virtual machine say; but not under a guard.
    const owner = this.#roster.macs.find(b, at);
    if (taken || (owner >= 0 && owner !== peer.id && guard.mode === 'enforce')) {
      if (guard.mode === 'off') return true;
      guard.report(peer.id, toHex(b.subarray(at, at + 6)), "another's MAC address");
      return this.#sentence(peer, PeerIndex['drops.guardMac']);
    }
    this.#roster.macs.learn(b, at, peer.id);
    return true;
  }

  #verify(peer: Peer, b: Uint8Array, at: number, size: number): Verdict {
    const key = toHex(b.subarray(at, at + size));
    const guard = this.#guard;
    const violation = guard.mode === 'off' ? undefined : guard.check(peer.id, key);
    if (violation === undefined) {
      peer.saw(key, b, at, size);
      return 'good';
    }
    guard.report(peer.id, key, violation);
    return this.#sentence(peer, PeerIndex['drops.guardAddress']) ? 'doubtful' : 'bad';
  }

  #sentence(peer: Peer, reason: number): boolean {
    if (this.#guard.mode === 'enforce') return refuse(peer, reason);
    count(peer.values, PeerIndex.guardWarnings);
    return true;
  }
}

function refuse(peer: Peer, reason: number): false {
  count(peer.values, reason);
  return false;
}
