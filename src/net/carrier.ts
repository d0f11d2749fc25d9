/** What carries a bus's commands, as plain data that can be sent to the host's thread. */

import type { Credentials } from '../transport/iscsi/chap.ts';
import type { InitiatorChap } from '../transport/iscsi/initiator-login.ts';
import type { Wishes } from '../transport/iscsi/keys.ts';
import type { Timeouts } from '../transport/iscsi/target-node.ts';
import type { FabricOptions, TcmuPeer } from '../transport/tcmu/options.ts';

/** Memory shared by the hosts of one machine: the bus is the directory. */
interface ShmCarrier {
  readonly kind: 'shm';
}

/** A host that we log in to. */
interface IscsiRoute {
  readonly id: number;
  /** Its name as a target. */
  readonly target: string;
  /** "host:port", in the order in which they are tried. */
  readonly portals: readonly string[];
  readonly chap?: InitiatorChap;
}

/** A host that may log in to us. */
export interface IscsiMember {
  readonly id: number;
  /** Its name as an initiator. */
  readonly name: string;
  /** How it proves that it is that; undefined: it need not. */
  readonly chap?: Credentials;
}

/** iSCSI sessions between machines. */
export interface IscsiCarrier {
  readonly kind: 'iscsi';
  /** IDs mean the same to all hosts, since a file says them; otherwise each host numbers the others as it likes. */
  readonly agreed: boolean;
  /** The name of our node, as initiator and target. */
  readonly name: string;
  /** Portals to listen at, "address:port"; none: others can't log in, and we fetch. */
  readonly listen: readonly string[];
  readonly routes: readonly IscsiRoute[];
  /** Nobody else may log in; undefined: whoever likes, and any of `users` who can prove it. */
  readonly members: readonly IscsiMember[] | undefined;
  /** Names that open the door to anybody, where there are no members. */
  readonly users?: readonly Credentials[];
  /** Who we say we are to initiators that ask for proof. */
  readonly own?: Credentials;
  readonly wishes?: Partial<Wishes>;
  readonly timeouts?: Partial<Timeouts>;
  /** Commands outstanding at once, per target. */
  readonly depth?: number;
}

/** Devices of Linux' own SCSI stack, which we only initiate to. */
export interface SgCarrier {
  readonly kind: 'sg';
  readonly devices: readonly { readonly path: string; readonly id: number }[];
}

/** A target of Linux' own (LIO), with us behind its logical units. */
export interface TcmuCarrier {
  readonly kind: 'tcmu';
  /** Part of names in configfs. */
  readonly name: string;
  readonly fabric: FabricOptions;
  readonly peers: readonly TcmuPeer[];
}

export type Carrier = ShmCarrier | IscsiCarrier | SgCarrier | TcmuCarrier;
