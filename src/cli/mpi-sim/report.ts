/** What mpi-sim prints for people. */

import type { PairClass, RouteLine } from '../../mpi/route/classes.ts';
import type { Colours } from '../colours.ts';
import { type Column, tableLines } from '../table.ts';
import { formatBitRate, formatMicroseconds } from '../units.ts';

export interface NetworkFacts {
  readonly nodes: number;
  readonly buses: number;
  readonly ports: number;
  /** Pairs of which the classes tell. */
  readonly looked: number;
  readonly classes: readonly PairClass[];
}

const columns: readonly Column[] = [
  { title: 'PAIRS', align: 'right' },
  { title: 'EXAMPLE' },
  { title: 'FROM SIZE', align: 'right' },
  { title: 'HOPS', align: 'right' },
  { title: 'CARRIERS' },
  { title: 'ALPHA', align: 'right' },
  { title: 'BETA, µs/B', align: 'right' },
  { title: '1/BETA', align: 'right' },
];

/** Rows shown; --json has them all. */
const mostClasses = 40;

/** "shm iscsi×3 shm". */
function carriersText(carriers: readonly string[]): string {
  const runs: { name: string; count: number }[] = [];
  for (const name of carriers) {
    const last = runs.at(-1);
    if (last?.name === name) last.count++;
    else runs.push({ name, count: 1 });
  }
  return runs.map(({ name, count }) => (count === 1 ? name : `${name}×${count}`)).join(' ');
}

const rateOf = (beta: number) => (beta === 0 ? 'no limit' : formatBitRate(1e6 / beta));

const cells = ({ least, hops, carriers, alpha, beta }: RouteLine) => [
  `${least} B`,
  String(hops),
  carriersText(carriers),
  formatMicroseconds(alpha),
  String(Number(beta.toPrecision(4))),
  rateOf(beta),
];

function rowsOf({ pairs, example, routes }: PairClass): string[][] {
  const head = [String(pairs), example.join(' > ')];
  if (routes.length === 0) return [[...head, '', '', 'no way']];
  return routes.map((route, i) => [...(i === 0 ? head : ['', '']), ...cells(route)]);
}

/** The table by classes of pairs; a class has a row for each range of sizes. */
export function tableReport(facts: NetworkFacts, colours: Colours): string[] {
  const { nodes, buses, ports, looked, classes } = facts;
  const pairs = nodes * (nodes - 1);
  const part = looked === pairs ? 'all of them looked at' : `${looked} of them looked at`;
  const rest = classes.length - mostClasses;
  return [
    `${nodes} nodes, ${buses} buses, ${ports} ports; ${pairs} pairs, ${part}, in ${classes.length} classes`,
    ...tableLines(columns, classes.slice(0, mostClasses).flatMap(rowsOf), colours),
    ...(rest > 0 ? [`and ${rest} classes more: --json shows them`] : []),
  ];
}
