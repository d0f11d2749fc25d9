/** Why a bus can't be joined. */
export type BusFault =
  /** Another process holds the ID. */
  | 'id-taken'
  /** No ID is left. */
  | 'bus-full'
  /** The bus's directory belongs to another user, is open to others, or is no directory. */
  | 'bus-owner'
  /** The hosts on the bus disagree with us about its width. */
  | 'width'
  /** /dev/shm has no room for the region. */
  | 'no-space'
  /** The file system refuses. */
  | 'permission';

export class BusError extends Error {
  override readonly name = 'BusError';
  readonly fault: BusFault;

  constructor(fault: BusFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
  }
}
