/**
 * The network of a job as data that all its ranks agree on: nodes, buses and what they cost. Nodes 0 … size - 1 are the
 * ranks. The others are forwarders: threads with ports of their own in the process of some rank.
 */

import { MpiError } from '../mpi/errors.ts';
import { type Bus, Network, type StepPath } from '../mpi/route/network.ts';

/** What can carry messages between ranks. */
export const carriers = ['shm', 'iscsi'] as const;
export type CarrierKind = (typeof carriers)[number];

export interface LayoutBus extends Bus {
  readonly carrier: CarrierKind;
  /** iSCSI: the IP network whose addresses are used; undefined: each host's first address. */
  readonly network?: string | undefined;
}

export interface Layout {
  /** Ranks. */
  readonly size: number;
  /** Of all nodes. */
  readonly names: readonly string[];
  readonly buses: readonly LayoutBus[];
  /** By forwarder, the first of which is node `size`: the rank in whose process it runs. */
  readonly forwarders: readonly number[];
  readonly paths: readonly StepPath[];
}

/** A SCSI ID is a node's number. */
export const mostNodes = 256;

/** What a bus is thought to cost before it was measured, µs and µs per byte. */
export const usualCost: Readonly<Record<CarrierKind, { readonly alpha: number; readonly beta: number }>> = {
  shm: { alpha: 3, beta: 0.0001 },
  iscsi: { alpha: 60, beta: 0.001 },
};

/** @throws MpiError: there are too many nodes */
export function checkNodes(layout: Layout): Layout {
  const { size, forwarders } = layout;
  if (size + forwarders.length <= mostNodes) return layout;
  throw new MpiError(
    'ERR_OTHER',
    `${size} ranks and ${forwarders.length} forwarders are ${size + forwarders.length} nodes; a bus has ${mostNodes} IDs`,
  );
}

/** What the routing table is made from. Ways lead through forwarders alone. */
export function networkOf({ names, size, buses, paths }: Layout): Network {
  const transit = Uint8Array.from(names, (_, node) => (node < size ? 0 : 1));
  return new Network(names, buses, transit, paths);
}

/** All ranks are on one bus in shared memory, and nothing else is asked for: no routing is needed. */
export const isOneBus = ({ size, buses, forwarders, paths }: Layout): boolean =>
  forwarders.length === 0 &&
  paths.length === 0 &&
  buses.length === 1 &&
  buses[0]?.carrier === 'shm' &&
  buses[0].members.length === size;
