/** What a port on a shared-memory bus needs to know. */
export interface ShmOptions {
  /** The bus's directory, on a tmpfs; made if need be. */
  readonly directory: string;
  /** The bus's name. */
  readonly bus: string;
  /** Our ID; undefined: any that is free, from the top. */
  readonly id: number | undefined;
  /** IDs on the bus; undefined: what its hosts say, else 16. */
  readonly width: number | undefined;
  /** Our name, for people. */
  readonly hostName: string;
  /** Bytes for allocate(). */
  readonly memory?: number;
  /** Entries of each queue, a power of two. */
  readonly depth?: number;
  /** Pieces of memory for answers with data, and for data-out that is not in allocated memory: submit() refuses when there is none. */
  readonly replySlots?: number;
  /** Fetch data-out that lies in a peer's own memory, if the kernel lets us. */
  readonly far?: boolean;
  /** Told of peers that broke the rules. */
  readonly onViolation?: (id: number, why: string) => void;
}
