/** What carries a bus's commands, as plain data that can be sent to the host's thread. */

/** Memory shared by the hosts of one machine: the bus is the directory. */
export interface ShmCarrier {
  readonly kind: 'shm';
}

export type Carrier = ShmCarrier;
