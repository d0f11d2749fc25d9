/** Why a host could not be brought up, or ended by itself. One class; the code says which. */

export type HostErrorCode =
  /** Another host holds the SCSI ID. */
  | 'id-taken'
  /** No free ID is left on the bus. */
  | 'bus-full'
  /** The bus's hosts use another width, or another version of its layout. */
  | 'bus-mismatch'
  /** The bus's directory belongs to another user, or others may write into it. */
  | 'bus-owner'
  /** The bus can't be reached or made. */
  | 'no-bus'
  /** The system refuses: /dev/net/tun, an ioctl, another namespace. */
  | 'permission'
  /** The kernel has no TUN/TAP, or /dev/net/tun is missing. */
  | 'no-tun'
  /** An interface of that name is there already. */
  | 'name-taken'
  /** No such network namespace. */
  | 'no-netns'
  /** An address can't be set on the interface. */
  | 'address'
  /** /dev/shm is full. */
  | 'no-space'
  /** The worker thread or the interface ended by itself. */
  | 'ended'
  /** Anything else the system said. */
  | 'system';

/** What its parts mean: the message says what is wrong, `expected` what should have been, `hint` what to do about it. */
export interface HostErrorParts {
  readonly expected?: string;
  readonly hint?: string;
  readonly cause?: unknown;
}

/**
 * A host can't come up or go on. The parts are sentences without capital or full stop; they are printed as
 * "ipscsi: <message>; <expected>; <hint>".
 */
export class HostError extends Error {
  override readonly name = 'HostError';
  readonly code: HostErrorCode;
  readonly expected: string | undefined;
  readonly hint: string | undefined;

  constructor(code: HostErrorCode, message: string, { expected, hint, cause }: HostErrorParts = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.expected = expected;
    this.hint = hint;
  }
}
