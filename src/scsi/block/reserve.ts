/** RESERVE(6), RELEASE(6) (SPC-2), PERSISTENT RESERVE IN and OUT (SPC-4 §6.13, §6.14). */

import { u64 } from '../../bytes/fields.ts';
import type { ItlNexus } from '../itl-nexus.ts';
import { invalidField } from '../refusals.ts';
import { AdditionalSense, SenseKey } from '../sense.ts';
import type { ServerTask } from '../server-task.ts';
import { Status } from '../status.ts';
import * as cdb from './cdb.ts';
import { badParameter, type Disk, dataOut, type Handler, listTooShort } from './disk.ts';
import { knownTypes, type Reservations } from './reservations.ts';

/** Service actions (SPC-4). */
const ReserveInAction = {
  readKeys: 0,
  readReservation: 1,
  reportCapabilities: 2,
  readFullStatus: 3,
} as const;
const ReserveOutAction = {
  register: 0,
  reserve: 1,
  release: 2,
  clear: 3,
  preempt: 4,
  preemptAndAbort: 5,
  registerAndIgnoreKey: 6,
} as const;

export const reserve6: Handler = (task, { reservations }, { nexus }) => {
  task.dataOutWanted = 0;
  if (reservations.keys.size > 0) {
    task.complete(Status.reservationConflict);
    return;
  }
  reservations.reserved = nexus;
  task.good();
};

export const release6: Handler = (task, { reservations }, { nexus }) => {
  task.dataOutWanted = 0;
  if (reservations.keys.size > 0) {
    task.complete(Status.reservationConflict);
    return;
  }
  if (reservations.reserved === nexus) reservations.reserved = undefined;
  task.good();
};

/** PRGENERATION, and the length of what follows. */
function answer(generation: number, body: Uint8Array): Uint8Array {
  const data = new Uint8Array(8 + body.length);
  const view = new DataView(data.buffer);
  view.setUint32(0, generation);
  view.setUint32(4, body.length);
  data.set(body, 8);
  return data;
}

function keysOf(reservations: Reservations): Uint8Array {
  const body = new Uint8Array(8 * reservations.keys.size);
  for (const [i, key] of [...reservations.keys.values()].entries()) u64(8 * i).set(body, key);
  return body;
}

function reservationOf({ holding, isAllRegistrants, keys }: Reservations): Uint8Array {
  if (!holding) return new Uint8Array(0);
  const body = new Uint8Array(16);
  u64(0).set(body, isAllRegistrants ? 0n : (keys.get(holding.holder) ?? 0n));
  body[13] = holding.type;
  return body;
}

/** TMV, and the six types. */
const capabilities = Uint8Array.of(0, 8, 0x00, 0x80, 0xea, 0x01, 0, 0);

export const persistentReserveIn: Handler = (task, { reservations }) => {
  const { action, length } = cdb.PersistentReserveIn.over(task.cdb);
  task.dataOutWanted = 0;
  task.allocation = length;
  if (action === ReserveInAction.readKeys) task.good(answer(reservations.generation, keysOf(reservations)));
  else if (action === ReserveInAction.readReservation)
    task.good(answer(reservations.generation, reservationOf(reservations)));
  else if (action === ReserveInAction.reportCapabilities) task.good(capabilities);
  else task.good(answer(reservations.generation, fullStatus(reservations)));
};

/** READ FULL STATUS: one descriptor a registrant, with its iSCSI or other name as TransportID (SPC-4 §7.6.4.6). */
function fullStatus(reservations: Reservations): Uint8Array {
  const parts = [...reservations.keys].map(([name, key]) => {
    const id = Buffer.from(`${name}\0`);
    const padded = (id.length + 3) & ~3;
    const part = new Uint8Array(24 + 4 + padded);
    const view = new DataView(part.buffer);
    view.setBigUint64(0, key);
    part[12] = reservations.isHolder(name) ? 1 : 0;
    part[13] = part[12] === 1 ? (reservations.holding?.type ?? 0) : 0;
    view.setUint16(18, 1);
    view.setUint32(20, 4 + padded);
    part[24] = 0x45; // iSCSI initiator port
    view.setUint16(26, padded);
    part.set(id, 28);
    return part;
  });
  return Buffer.concat(parts);
}

interface Out {
  readonly action: number;
  readonly type: number;
  readonly key: bigint;
  readonly actionKey: bigint;
}

export const persistentReserveOut: Handler = (task, disk, itl) => {
  const { action, scope, type, length } = cdb.PersistentReserveOut.over(task.cdb);
  const registers = action === ReserveOutAction.register || action === ReserveOutAction.registerAndIgnoreKey;
  const typed = !registers && action !== ReserveOutAction.clear;
  if (length !== cdb.ReserveParameters.size) {
    task.refuse(listTooShort);
    return;
  }
  const list = dataOut(task, length);
  if (!list) return;
  const parameters = cdb.ReserveParameters.over(list);
  if (typed && scope !== 0) task.refuse(invalidField(2, 7), length);
  else if (typed && !knownTypes.has(type)) task.refuse(invalidField(2, 3), length);
  else if (parameters.specified || (registers && parameters.throughPowerLoss))
    task.refuse(badParameter(20), length);
  else out(task, disk, itl, { action, type, key: parameters.key, actionKey: parameters.actionKey });
};

function out(task: ServerTask, disk: Disk, itl: ItlNexus, what: Out): void {
  const { reservations } = disk;
  const own = reservations.keys.get(itl.nexus.name);
  const { action, key } = what;
  const conflict = () => task.complete(Status.reservationConflict);
  if (action === ReserveOutAction.register) {
    if ((own ?? 0n) !== key) conflict();
    else register(task, reservations, itl, what.actionKey);
  } else if (action === ReserveOutAction.registerAndIgnoreKey)
    register(task, reservations, itl, what.actionKey);
  else if (own === undefined || own !== key) conflict();
  else if (action === ReserveOutAction.reserve) reserve(task, reservations, itl, what.type);
  else if (action === ReserveOutAction.release) release(task, reservations, itl, what.type);
  else if (action === ReserveOutAction.clear) clear(task, reservations, itl);
  else preempt(task, reservations, itl, what);
}

function register(task: ServerTask, reservations: Reservations, itl: ItlNexus, key: bigint): void {
  const { name } = itl.nexus;
  reservations.generation++;
  if (key !== 0n) reservations.keys.set(name, key);
  else {
    const news = reservations.releaseIsNews;
    if (reservations.unregister(name) && news)
      tellRegistrants(reservations, itl, AdditionalSense.reservationsReleased);
  }
  task.good();
}

function tellRegistrants(reservations: Reservations, itl: ItlNexus, code: AdditionalSense): void {
  const names = new Set(reservations.keys.keys());
  itl.tell(code, (nexus) => nexus !== itl.nexus && names.has(nexus.name));
}

function reserve(task: ServerTask, reservations: Reservations, itl: ItlNexus, type: number): void {
  const { name } = itl.nexus;
  const { holding } = reservations;
  if (holding && !(reservations.isHolder(name) && holding.type === type)) {
    task.complete(Status.reservationConflict);
    return;
  }
  reservations.holding ??= { holder: name, type };
  task.good();
}

function release(task: ServerTask, reservations: Reservations, itl: ItlNexus, type: number): void {
  const { holding } = reservations;
  if (!holding || !reservations.isHolder(itl.nexus.name)) {
    task.good();
    return;
  }
  if (holding.type !== type) {
    const code = AdditionalSense.invalidReleaseOfPersistentReservation;
    task.refuse({ key: SenseKey.illegalRequest, code });
    return;
  }
  if (reservations.releaseIsNews) tellRegistrants(reservations, itl, AdditionalSense.reservationsReleased);
  reservations.holding = undefined;
  task.good();
}

function clear(task: ServerTask, reservations: Reservations, itl: ItlNexus): void {
  tellRegistrants(reservations, itl, AdditionalSense.reservationsPreempted);
  reservations.generation++;
  reservations.keys.clear();
  reservations.holding = undefined;
  task.good();
}

/** SPC-4 §5.13.11.2.4. Commands of the preempted end by themselves: none is ever left outstanding here. */
function preempt(
  task: ServerTask,
  reservations: Reservations,
  itl: ItlNexus,
  { type, actionKey }: Out,
): void {
  const { name } = itl.nexus;
  const { keys, holding, isAllRegistrants } = reservations;
  if (actionKey === 0n && !isAllRegistrants) {
    task.refuse(badParameter(8), cdb.ReserveParameters.size);
    return;
  }
  const all = isAllRegistrants && actionKey === 0n;
  const victims = new Set(
    [...keys].filter(([who, key]) => who !== name && (all || key === actionKey)).map(([who]) => who),
  );
  const takesOver =
    holding !== undefined && (all || (!isAllRegistrants && keys.get(holding.holder) === actionKey));
  if (victims.size === 0 && !takesOver) {
    task.complete(Status.reservationConflict);
    return;
  }
  reservations.generation++;
  for (const victim of victims) keys.delete(victim);
  if (takesOver) reservations.holding = { holder: name, type };
  itl.tell(AdditionalSense.registrationsPreempted, (nexus) => victims.has(nexus.name));
  task.good();
}
