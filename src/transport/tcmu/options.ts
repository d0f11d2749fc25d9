/** What a TCMU port is to be, as plain data, and why it can't be. */

/** An initiator that is expected: it gets a device of its own, since the kernel does not tell initiators apart. */
export interface TcmuPeer {
  /** Its SCSI ID on our bus. */
  readonly id: number;
  /** The name of its port on the fabric (an iSCSI name, a WWN); needed where several initiators come over one fabric port. */
  readonly initiator?: string;
  /** iSCSI: it has to prove who it is (CHAP, RFC 7143 §12.1.3). */
  readonly chap?: { readonly user: string; readonly secret: string };
}

interface LoopbackFabric {
  readonly kind: 'loopback';
}
interface IscsiFabric {
  readonly kind: 'iscsi';
  /** "address:port", "[address]:port". */
  readonly portals: readonly string[];
  /** The target's name; made of the bus and our ID unless told. */
  readonly name?: string;
}
interface VhostFabric {
  readonly kind: 'vhost';
}
/** A port of an adapter in target mode, by the name that its driver gives it in configfs. */
interface AdapterFabric {
  readonly kind: 'qla2xxx' | 'srpt' | 'fc' | 'usb_gadget';
  readonly name: string;
}
export type FabricOptions = LoopbackFabric | IscsiFabric | VhostFabric | AdapterFabric;

export interface TcmuOptions {
  /** Letters, digits, '.', '_', '-': part of names in configfs. */
  readonly bus: string;
  readonly id: number;
  readonly width: number;
  readonly fabric: FabricOptions;
  readonly peers: readonly TcmuPeer[];
  /** The logical unit of our target that is exported: 0 unless told. Initiators see it as their LUN 0. */
  readonly lun?: number;
  /**
   * Seconds after which the kernel ends a command that we did not answer, 30 unless told: how long initiators wait when we
   * have died. Commands that the target holds on to are given back somewhat earlier.
   */
  readonly timeLimit?: number;
  /** MiB of data under way at once, per peer; 8 unless told. */
  readonly dataArea?: number;
}

export type TcmuFault =
  /** Linux's target core, or the fabric, is not there. */
  | 'no-module'
  | 'permission'
  /** Another process serves this ID. */
  | 'id-taken'
  | 'bad-option'
  /** The kernel refuses. */
  | 'kernel';

export class TcmuError extends Error {
  override readonly name = 'TcmuError';
  readonly fault: TcmuFault;

  constructor(fault: TcmuFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
  }
}
