/** The demo's last table: what was measured, beside what others measured when RFC 2143 was new. */

import type { Colours } from '../colours.ts';
import { tableLines } from '../table.ts';
import type { Measurement } from './measure.ts';

export interface Measured {
  readonly ipscsi: Measurement;
  readonly veth: Measurement;
  readonly loopback: Measurement;
}

export interface Historical {
  readonly what: string;
  readonly megabytesPerSecond: number;
  /** One way, in microseconds, where it was given. */
  readonly latency?: number;
}

/** docs/rfc2143.md tells the sources: the Algarve group's page of March 2000, and ipoverscsi.sourceforge.net. */
export const historical: readonly Historical[] = [
  { what: 'Fast Ethernet, two dual Pentium III', megabytesPerSecond: 10.7, latency: 350 },
  { what: 'between the two CPUs of one of them', megabytesPerSecond: 28, latency: 150 },
  { what: 'SCSI between PCs, direct (no IP)', megabytesPerSecond: 23 },
  { what: 'SCSI between PCs, TCP/IP', megabytesPerSecond: 14 },
];

const columns = [
  { title: 'path' },
  { title: 'MB/s', align: 'right' },
  { title: 'round trip', align: 'right' },
  { title: 'half of it', align: 'right' },
] as const;

const rate = (value: number) => (value < 100 ? value.toFixed(1) : value.toFixed(0));
const micros = (value: number) => `${value < 10 ? value.toFixed(1) : value.toFixed(0)} µs`;
const measuredRow = (what: string, { megabytesPerSecond, roundTrip }: Measurement) => [
  what,
  rate(megabytesPerSecond),
  micros(roundTrip),
  micros(roundTrip / 2),
];
const historicalRow = ({ what, megabytesPerSecond, latency }: Historical) => [
  what,
  rate(megabytesPerSecond),
  '',
  latency === undefined ? '' : micros(latency),
];

/** The table, and what to read in it. */
export function reportLines({ ipscsi, veth, loopback }: Measured, colours?: Colours): string[] {
  const times = (value: number) => `${value.toFixed(2)} ×`;
  const rows = [
    measuredRow('IP over SCSI, two hosts', ipscsi),
    measuredRow('kernel veth pair', veth),
    measuredRow('kernel loopback', loopback),
    ['Around 2000:', '', '', ''],
    ...historical.map(historicalRow),
  ];
  const throughput = times(ipscsi.megabytesPerSecond / veth.megabytesPerSecond);
  const ofLoopback = times(ipscsi.megabytesPerSecond / loopback.megabytesPerSecond);
  const roundTrip = times(ipscsi.roundTrip / veth.roundTrip);
  return [
    ...tableLines(columns, rows, colours),
    '',
    'One TCP stream; TCP ping-pong of 1 REAL (4 bytes), median. Old latencies are one way.',
    `IP over SCSI has ${throughput} veth's throughput and ${ofLoopback} loopback's; its round trip is ${roundTrip} veth's.`,
  ];
}
