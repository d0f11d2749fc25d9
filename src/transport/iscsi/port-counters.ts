/** What a port counts, on both sides. */
export interface PortCounters {
  /** As a target: sessions; attempts that failed, and those of them that the access list, or the lack of an ID, refused. */
  readonly logins: number;
  readonly failedLogins: number;
  readonly refused: number;
  /** As a target: connections that we ended or did not take. */
  readonly droppedConnections: number;
  /** Those of them that were not taken because too many from the same address had not logged in yet. */
  readonly crowded: number;
  readonly commands: number;
  /** As an initiator: sessions; those of them that replaced a lost one; attempts that failed. */
  readonly connects: number;
  readonly reconnects: number;
  readonly failedConnects: number;
  /** Digests found wrong, on either side. */
  readonly digestErrors: number;
}

/** What the port itself counts: the rest is its target node's. */
export interface OwnCounters {
  refused: number;
  connects: number;
  reconnects: number;
  failedConnects: number;
  digestErrors: number;
}
