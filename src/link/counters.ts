/** What the link counts, per peer and in all; in shared memory, so that another thread may read without asking. */

import { Counters } from '../observe/counters.ts';

/** Per peer. Packets and bytes are datagrams; messages are SCSI commands that carried them. */
export const peerCounterNames = [
  'txPackets',
  'txBytes',
  'txMessages',
  'rxPackets',
  'rxBytes',
  'rxMessages',
  'retries',
  'checksumsCompleted',
  'segmented',
  'holds',
  'stalls',
  'guardWarnings',
  'pullsServed',
  'pulls',
  'status.good',
  'status.checkCondition',
  'status.busy',
  'status.taskSetFull',
  'status.other',
  // On the way out.
  'drops.full',
  'drops.stalled',
  'drops.memory',
  'drops.refused',
  'drops.malformedOut',
  'drops.gone',
  'drops.checkCondition',
  'drops.busy',
  'drops.taskSetFull',
  'drops.otherStatus',
  'drops.selection-timeout',
  'drops.nexus-lost',
  'drops.aborted',
  'drops.closed',
  'drops.too-large',
  'drops.protocol',
  // On the way in.
  'drops.malformed',
  'drops.unknownProtocol',
  'drops.guardAddress',
  'drops.guardMac',
  'drops.notForUs',
  'drops.interface',
] as const;
export type PeerCounter = (typeof peerCounterNames)[number];

/** What no single peer accounts for. */
export const linkCounterNames = [
  'txFrames',
  'txGroup',
  'txUnknown',
  'arpSuppressed',
  'memoryExhausted',
  'unknownInitiators',
  'drops.runt',
  'drops.etherType',
  'drops.noPeer',
  'drops.noPeers',
  'drops.malformedOut',
] as const;
export type LinkCounter = (typeof linkCounterNames)[number];

const indexes = <Name extends string>(names: readonly Name[]) =>
  Object.freeze(Object.fromEntries(names.map((name, i) => [name, i]))) as Readonly<Record<Name, number>>;

/** Index of a peer's counter: what `count` takes. */
export const PeerIndex = indexes(peerCounterNames);
/** Index of one of the link's counters. */
export const LinkIndex = indexes(linkCounterNames);

/** The values of a block, for `count`: per-packet code does without looking names up. */
export const valuesOf = (counters: Counters<string>): Float64Array => new Float64Array(counters.buffer);

export function count(values: Float64Array, index: number, by = 1): void {
  values[index] = (values[index] as number) + by;
}

export const newPeerCounters = (): Counters<PeerCounter> => new Counters(peerCounterNames);
export const newLinkCounters = (): Counters<LinkCounter> => new Counters(linkCounterNames);
