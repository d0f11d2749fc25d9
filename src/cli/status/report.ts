/** The status of a bus's hosts as text. Pure. */

import type { HostStatus, PeerStatus } from '../../net/host.ts';
import type { Colours } from '../colours.ts';
import type { HostReport } from '../control/client.ts';
import { type Column, printable, tableLines } from '../table.ts';
import { formatBitRate, formatBytes, formatCount, formatDuration } from '../units.ts';
import { dropsOf, peerRates, restOf, statusesOf, type Traffic, trafficOf } from './counters.ts';

const right = { align: 'right' } as const;
const peerColumns: readonly Column[] = [
  { title: 'PEER', ...right },
  { title: 'HOST' },
  { title: 'MAC' },
  { title: 'BY' },
  { title: 'SINCE', ...right },
  { title: 'QUEUED', ...right },
  { title: 'SENT', ...right },
  { title: 'BYTES', ...right },
  { title: 'RECEIVED', ...right },
  { title: 'BYTES', ...right },
  { title: 'DROPPED' },
  { title: 'SCSI STATUS' },
  { title: 'ADDRESSES' },
];
const rateColumns: readonly Column[] = [
  { title: 'SENT/s', ...right },
  { title: 'RATE', ...right },
  { title: 'RECEIVED/s', ...right },
  { title: 'RATE', ...right },
];

/** Columns up to and with QUEUED. */
const queuedAt = 6;

const commands: Readonly<Record<string, string>> = {
  message: 'SEND MESSAGE',
  send: 'SEND',
  buffer: 'WRITE BUFFER',
};

/** How datagrams get to a peer. */
function serviceOf({ state, commandSet }: PeerStatus): string {
  if (state === 'push') return commands[commandSet] ?? commandSet;
  return state === 'pull' ? 'it fetches' : state;
}

const dash = (text: string) => text || '-';

function peerRow(peer: PeerStatus, now: number): string[] {
  const { txPackets, txBytes, rxPackets, rxBytes } = trafficOf(peer.counters);
  return [
    String(peer.id),
    dash(peer.hostName),
    peer.mac,
    serviceOf(peer),
    formatDuration(now - peer.since),
    String(peer.queued),
    formatCount(txPackets),
    formatBytes(txBytes),
    formatCount(rxPackets),
    formatBytes(rxBytes),
    dash(dropsOf(peer.counters)),
    dash(statusesOf(peer.counters)),
    dash(peer.addresses.join(' ')),
  ];
}

const rateCells = (rate: Traffic | undefined): string[] =>
  rate
    ? [
        formatCount(rate.txPackets),
        formatBitRate(rate.txBytes),
        formatCount(rate.rxPackets),
        formatBitRate(rate.rxBytes),
      ]
    : [];

function hostHead(status: HostStatus, now: number, colours: Colours): string[] {
  const { id, hostName, interface: name, netns, mac, mtu, guard, pid, addresses, counters } = status;
  const where = netns === undefined ? name : `${name} in ${netns}`;
  const facts = [
    where,
    mac,
    `MTU ${mtu}`,
    `guard ${guard}`,
    `pid ${pid}`,
    `up ${formatDuration(now - status.since)}`,
  ];
  const lines = [
    `${colours.bold(`ID ${id}`)}  ${printable(hostName)}  ${printable(facts.join(', '))}`,
    `  addresses: ${printable(dash(addresses.join(' ')))}`,
  ];
  for (const [title, text] of [
    ['dropped', dropsOf(counters)],
    ['SCSI status', statusesOf(counters)],
    ['counters', restOf(counters)],
  ])
    if (text) lines.push(printable(`  ${title}: ${text}`));
  return lines;
}

/** An earlier look at the bus, for rates. */
export interface Earlier {
  readonly reports: readonly HostReport[];
  readonly seconds: number;
}

function ratesSince(earlier: Earlier | undefined, status: HostStatus): Map<number, Traffic> | undefined {
  const then = earlier?.reports.find(({ id }) => id === status.id);
  if (!earlier || then?.state !== 'up' || then.status.since !== status.since) return undefined;
  return peerRates(then.status, status, earlier.seconds);
}

function hostLines(
  status: HostStatus,
  now: number,
  colours: Colours,
  earlier: Earlier | undefined,
): string[] {
  const lines = hostHead(status, now, colours);
  if (status.peers.length === 0) return [...lines, '  no peers'];
  const rates = ratesSince(earlier, status);
  const columns = rates
    ? [...peerColumns.slice(0, queuedAt), ...rateColumns, ...peerColumns.slice(queuedAt)]
    : peerColumns;
  const rows = status.peers.map((peer) => {
    const row = peerRow(peer, now);
    return rates
      ? [...row.slice(0, queuedAt), ...rateCells(rates.get(peer.id)), ...row.slice(queuedAt)]
      : row;
  });
  return [...lines, ...tableLines(columns, rows, colours).map((line) => `  ${line}`)];
}

/** Everything: a part for each host, an empty line between two. `now`: milliseconds since 1970. */
export function statusLines(
  reports: readonly HostReport[],
  now: number,
  colours: Colours,
  earlier?: Earlier,
): string[] {
  const parts = reports.map((report) =>
    report.state === 'up'
      ? hostLines(report.status, now, colours, earlier)
      : [`${colours.bold(`ID ${report.id}`)}  ${colours.red(printable(report.why))}`],
  );
  return parts.flatMap((lines, i) => (i > 0 ? ['', ...lines] : lines));
}
