/** GET MESSAGE, the target's side: each is completed with one message, when there is one (design D3). */

import type { Command, Nexus } from '../scsi/command.ts';
import { Status } from '../scsi/status.ts';
import { count, PeerIndex } from './counters.ts';
import type { Parcels } from './parcels.ts';
import type { Get, Peer } from './peer.ts';
import { recordSize } from './record.ts';

/** Completes a peer's GET MESSAGEs with what waits for it. */
export function serveGets(peer: Peer, parcels: Parcels): void {
  if (peer.state !== 'pull') return;
  for (let i = 0; i < peer.gets.length && peer.pending.length > 0; ) {
    const get = peer.gets[i] as Get;
    const which = peer.pending.findIndex(
      (parcel) => get.nibble < 0 || (parcel.etherType & 0xf) === get.nibble,
    );
    if (which < 0) i++;
    else give(peer, i, which, parcels);
  }
}

function give(peer: Peer, getIndex: number, parcelIndex: number, parcels: Parcels): void {
  const get = peer.gets[getIndex];
  const [parcel] = peer.pending.splice(parcelIndex, 1);
  if (!get || !parcel) return;
  const skip = get.nibble < 0 ? 0 : recordSize;
  const length = parcel.length - skip;
  // Several records in one: only where there are records.
  if (length > get.length || (skip > 0 && parcel.datagrams > 1)) {
    parcels.drop(parcel, PeerIndex['drops.too-large']);
    return;
  }
  peer.gets.splice(getIndex, 1);
  get.command.complete(Status.good, undefined, parcel.frame.bytes, parcel.at + skip, length);
  count(peer.values, PeerIndex.pullsServed);
  parcels.delivered(parcel);
}

/** Forgets a GET MESSAGE that somebody else ended. */
export function forgetGet(peer: Peer, command: Command): void {
  const i = peer.gets.findIndex((get) => get.command === command);
  if (i >= 0) peer.gets.splice(i, 1);
}

/** Forgets those of a nexus that has been lost; their commands are dead. */
export function forgetGetsOf(peer: Peer, nexus: Nexus): void {
  for (let i = peer.gets.length - 1; i >= 0; i--)
    if (peer.gets[i]?.command.nexus === nexus) peer.gets.splice(i, 1);
}

/**
 * Gives back what was here already the last time: whoever sent it may have gone, and his kernel waits for it before it
 * lets go of the device; whoever is there asks again. Called now and then; true: some are left.
 */
export function endOldGets(peer: Peer): boolean {
  const old = peer.gets.filter((get) => get.old);
  for (const get of old) peer.gets.splice(peer.gets.indexOf(get), 1);
  for (const { command } of old) command.complete(Status.taskAborted);
  for (const get of peer.gets) get.old = true;
  return peer.gets.length > 0;
}

/** Gives every GET MESSAGE back: whoever sent it may ask again. */
export function endGets(peer: Peer): void {
  for (const { command } of peer.gets.splice(0)) command.complete(Status.busy);
}
