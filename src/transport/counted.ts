/** Counts what passes a port, as initiator and as target. */

import type { Counters } from '../observe/counters.ts';
import { Status } from '../scsi/status.ts';
import { type Observer, observed } from './observe.ts';
import type { TransportFault } from './task.ts';
import type { Port } from './transport.ts';

type StatusName = keyof typeof Status | 'other';

/** What is counted. With `served.`: as target. Bytes count when their command is answered. */
export type PortCounter =
  | 'commands'
  | 'bytesOut'
  | 'bytesIn'
  | 'management'
  | `status.${StatusName}`
  | `fault.${TransportFault}`
  | 'served.commands'
  | 'served.bytesOut'
  | 'served.bytesIn'
  | 'served.management'
  | 'served.abandoned'
  | `served.status.${StatusName}`;

const statusNames = [...(Object.keys(Status) as (keyof typeof Status)[]), 'other' as const];
/** A table, so that the compiler asks for every fault. */
const faults: Readonly<Record<TransportFault, true>> = {
  'selection-timeout': true,
  'nexus-lost': true,
  aborted: true,
  closed: true,
  'too-large': true,
  protocol: true,
};

/** The names, in the order in which people want to read them. */
export const portCounters: readonly PortCounter[] = [
  'commands',
  'bytesOut',
  'bytesIn',
  'management',
  ...statusNames.map((name) => `status.${name}` as const),
  ...(Object.keys(faults) as TransportFault[]).map((fault) => `fault.${fault}` as const),
  'served.commands',
  'served.bytesOut',
  'served.bytesIn',
  'served.management',
  'served.abandoned',
  ...statusNames.map((name) => `served.status.${name}` as const),
];

/** Status byte: its name; built once, so that counting builds no strings. */
const nameOf = new Map<number, StatusName>(
  (Object.entries(Status) as [keyof typeof Status, number][]).map(([name, code]) => [code, name]),
);
const own = (code: number): PortCounter => sent[nameOf.get(code) ?? 'other'];
const served = (code: number): PortCounter => answered[nameOf.get(code) ?? 'other'];
const table = <P extends string>(prefix: P) =>
  Object.fromEntries(statusNames.map((name) => [name, `${prefix}${name}`])) as Record<
    StatusName,
    `${P}${StatusName}`
  >;
const sent = table('status.');
const answered = table('served.status.');

/** Wraps a port so that `counters` count what passes. */
export function counted(inner: Port, counters: Counters<PortCounter>): Port {
  const observer: Observer = {
    submitted: () => counters.add('commands'),
    ended: (_nexus, task) => {
      if (task.fault) {
        counters.add(`fault.${task.fault}`);
        return;
      }
      counters.add(own(task.status));
      counters.add('bytesOut', task.dataOutLength);
      counters.add('bytesIn', task.dataInTransferred);
    },
    asked: () => counters.add('management'),
    arrived: () => counters.add('served.commands'),
    answered: (command, { status, dataInLength }) => {
      if (status === undefined) {
        counters.add('served.abandoned');
        return;
      }
      counters.add(served(status));
      counters.add('served.bytesOut', command.dataOutLength);
      counters.add('served.bytesIn', dataInLength);
    },
    managed: () => counters.add('served.management'),
  };
  return observed(inner, observer);
}
