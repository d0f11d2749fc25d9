/** What `ipscsi up` was given, and what becomes of it for each kind of bus. */

import type { GuardMode } from '../../link/guard.ts';
import type { Carrier } from '../../net/carrier.ts';
import type { LogLevel } from '../../observe/logger.ts';
import type { TcmuPeer } from '../../transport/tcmu/options.ts';
import type { BusUrl } from '../bus-url.ts';
import type { FabricName } from './linux-plan.ts';

export interface UpFlags {
  readonly bus: BusUrl;
  readonly id?: number;
  readonly address: readonly string[];
  readonly netns?: string;
  readonly mtu?: number;
  readonly name: string;
  readonly width?: number;
  readonly lun: number;
  readonly guard: GuardMode;
  readonly pin: readonly (readonly [number, string])[];
  readonly busyPoll?: boolean;
  readonly hostName?: string;
  readonly host?: string;
  readonly listen: boolean;
  readonly initiatorName?: string;
  readonly chapName?: string;
  readonly chapSecretFile?: string;
  readonly fabric?: FabricName;
  readonly fabricName?: string;
  readonly portal: readonly string[];
  readonly peer: readonly TcmuPeer[];
  readonly json?: boolean;
  readonly logLevel: LogLevel;
}

/** What a kind of bus has to say about a host; the rest is the same for all. */
export interface Plan {
  /** The bus's name, if not its URL. */
  readonly bus?: string;
  readonly id: number;
  readonly width: number;
  readonly carrier: Carrier;
  /** GET MESSAGEs to keep outstanding; 0: the others send. */
  readonly pull: number;
  readonly addresses?: readonly string[];
  readonly mtu?: number;
  readonly hostName?: string;
}
