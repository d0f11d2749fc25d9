/** `ipscsi scan` of an iSCSI portal: its targets, where they are, their logical units, and what these say of themselves. */

import { setTimeout as pause } from 'node:timers/promises';
import { connect, discover, type FoundTarget, type InitiatorChap, type IscsiSession } from '../../iscsi.ts';
import type { IscsiPortalBus } from '../bus-url.ts';
import { ExitCode } from '../exit-codes.ts';
import { CliError } from '../failure.ts';
import { loginFailure } from '../iscsi-login.ts';
import type { Output } from '../output.ts';
import { type Column, tableLines } from '../table.ts';
import {
  announcementOf,
  extensionsRequest,
  type Identity,
  identityOf,
  inquiryRequest,
  lunsOf,
  reportLunsRequest,
  typeName,
} from './device.ts';

export interface PortalScan {
  readonly bus: IscsiPortalBus;
  readonly chap: InitiatorChap | undefined;
  readonly json: boolean;
  /** For each target. */
  readonly timeoutMs: number;
}

/** A logical unit, or a target that could not be asked. */
interface Unit {
  readonly target: string;
  readonly portals: readonly string[];
  readonly lun: number | undefined;
  readonly identity: Identity | undefined;
  readonly hostName: string | undefined;
  readonly mac: string | undefined;
  readonly trouble: string | undefined;
}

const columns: readonly Column[] = [
  { title: 'TARGET' },
  { title: 'PORTALS' },
  { title: 'LUN', align: 'right' },
  { title: 'TYPE' },
  { title: 'VENDOR' },
  { title: 'PRODUCT' },
  { title: 'REV' },
  { title: 'HOST' },
  { title: 'MAC' },
];

function cellsOf({ target, portals, lun, identity, hostName, mac, trouble }: Unit): string[] {
  return [
    target,
    portals.join(' ') || '-',
    lun === undefined ? '-' : String(lun),
    trouble ? `(${trouble})` : identity ? typeName(identity.type) : '-',
    identity?.vendor || '-',
    identity?.product || '-',
    identity?.revision || '-',
    hostName || '-',
    mac || '-',
  ];
}

async function unitsOf(session: IscsiSession, found: FoundTarget): Promise<Unit[]> {
  const { name: target, addresses: portals } = found;
  const units: Unit[] = [];
  for (const lun of lunsOf(await session.execute(reportLunsRequest()))) {
    const identity = identityOf(await session.execute(inquiryRequest(lun)));
    const announced = announcementOf(await session.execute(extensionsRequest(lun)));
    const { hostName, mac } = announced ?? { hostName: undefined, mac: undefined };
    units.push({ target, portals, lun, identity, hostName, mac, trouble: undefined });
  }
  return units;
}

/** Settles in time, one way or the other; what comes of `work` later is nobody's concern. */
function inTime<T>(work: Promise<T>, limitMs: number, what: string): Promise<T> {
  const limit = new AbortController();
  const late = pause(limitMs, undefined, { signal: limit.signal }).then((): never => {
    throw new CliError('unreachable', `${what} does not answer within ${limitMs / 1000} s`);
  });
  late.catch(() => undefined);
  return Promise.race([work, late]).finally(() => limit.abort());
}

async function askTarget({ bus, chap, timeoutMs }: PortalScan, found: FoundTarget): Promise<Unit[]> {
  const { portal } = bus;
  const timeouts = { login: timeoutMs };
  const ask = async () => {
    await using session = await connect({ portal, target: found.name, timeouts, ...(chap && { chap }) });
    return await unitsOf(session, found);
  };
  try {
    return await inTime(ask(), timeoutMs, found.name);
  } catch (error) {
    const { message: trouble } = loginFailure(portal, error) as Error;
    const nothing = { lun: undefined, identity: undefined, hostName: undefined, mac: undefined };
    return [{ target: found.name, portals: found.addresses, ...nothing, trouble }];
  }
}

/** The target that the URL names, or all that the portal offers. @throws CliError */
async function targetsAt({ bus, chap, timeoutMs }: PortalScan): Promise<readonly FoundTarget[]> {
  const { portal, target } = bus;
  if (target !== undefined) return [{ name: target, addresses: [portal] }];
  try {
    return await inTime(
      discover({ portal, timeouts: { login: timeoutMs }, ...(chap && { chap }) }),
      timeoutMs,
      portal,
    );
  } catch (error) {
    throw loginFailure(portal, error);
  }
}

/** Prints a table, or JSON. @throws CliError when the portal does not answer, or refuses */
export async function scanPortal(settings: PortalScan, output: Output): Promise<ExitCode> {
  const { bus, json } = settings;
  const found = await targetsAt(settings);
  const units = (await Promise.all(found.map((target) => askTarget(settings, target)))).flat();
  const shown =
    bus.lun === undefined ? units : units.filter(({ lun }) => lun === undefined || lun === bus.lun);
  if (json) {
    const devices = shown.map(({ identity, ...unit }) => ({
      ...unit,
      ...identity,
      typeName: identity && typeName(identity.type),
    }));
    output.line(JSON.stringify({ bus: bus.url, devices }));
  } else if (shown.length === 0) output.line(`no targets at ${bus.portal}`);
  else for (const line of tableLines(columns, shown.map(cellsOf), output.colours)) output.line(line);
  return shown.some(({ trouble }) => trouble === undefined) ? ExitCode.ok : ExitCode.unreachable;
}
