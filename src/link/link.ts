/** IP over SCSI (RFC 2143): frames of one interface, datagrams on the bus. Under construction: the public face. */

import type { Logger } from '../observe/logger.ts';
import type { MessageService } from '../scsi/message-service.ts';
import type { Clock } from '../time/clock.ts';
import type { Port } from '../transport/transport.ts';
import type { Frame } from './frame.ts';
import type { GuardMode } from './guard.ts';
import type { Disposition, LinkSnapshot, Sink } from './sink.ts';

/** What an interface accepts, and is announced to peers (VPD page C0h). */
export type FeatureName = 'messages' | 'checksum' | 'tso4' | 'tso6' | 'uso' | 'batch' | 'pull';

export interface LinkOptions {
  readonly port: Port;
  /** Default: made of the bus's name and our ID. */
  readonly mac?: Uint8Array;
  readonly mtu: number;
  readonly hostName?: string;
  readonly guard?: GuardMode;
  /** Addresses that belong to an ID, as text. */
  readonly pins?: readonly (readonly [id: number, address: string])[];
  /** Our own addresses with their prefix lengths, as text. */
  readonly prefixes?: readonly string[];
  readonly clock: Clock;
  readonly logger?: Logger;
  /** Default: all. None: a strict RFC 2143 host. */
  readonly features?: readonly FeatureName[];
  /** GET MESSAGEs to keep outstanding at every target; default 0: peers push. */
  readonly pull?: number;
  /** Slabs of 128 KiB that frames to be sent lie in. */
  readonly slabs?: number;
  readonly sink: Sink;
}

export interface LinkFace {
  readonly mac: Uint8Array;
  /** To be plugged into the device server. */
  readonly messages: MessageService;
  /** VPD page C0h, whole; undefined for a strict host. */
  vendorPage(): Uint8Array | undefined;
  /** Where to read the next frame to: `bytes` from `start`, at most `capacity`. The same until transmit() takes it. */
  frame(): Frame | undefined;
  transmit(frame: Frame, length: number): Disposition;
  /** After 'full': when to try again at the latest, in the clock's milliseconds; else Infinity. */
  readonly retryAt: number;
  /** Kicks the nexuses touched since the last flush. */
  flush(): void;
  /** Does what is due; returns the clock's milliseconds at which to be called again. */
  poll(now: number): number;
  /** To be passed to Port.arm(): tasks must wake us when they end. */
  readonly waiting: boolean;
  snapshot(): LinkSnapshot;
}
