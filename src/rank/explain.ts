/** The network of a job and the table made from it, for people: as a route file, with what follows from it in comments. */

import { explainCollectives } from '../mpi/collective/explain.ts';
import type { Manners } from '../mpi/collective/topology.ts';
import { usualSettings } from '../mpi/fabric/node.ts';
import { type PairClass, pairClasses, type RouteLine } from '../mpi/route/classes.ts';
import type { Hop } from '../mpi/route/network.ts';
import { defaultStream } from '../mpi/route/settings.ts';
import { stripes } from '../mpi/route/stripes.ts';
import { pathOf, type Route, Table } from '../mpi/route/table.ts';
import { type Layout, type LayoutBus, networkOf, usualCost } from './layout.ts';

export interface Explained {
  readonly layout: Layout;
  /** By rank: the number of its group, for collectives. */
  readonly groups: readonly number[];
  readonly manners: Manners;
  /** Where the costs come from. */
  readonly origin: string;
}

/** Classes shown. */
const mostClasses = 40;

const quoted = (text: string) => JSON.stringify(text);
const list = (texts: readonly string[]) => `[${texts.map(quoted).join(', ')}]`;
const number = (value: number) => String(Number(value.toPrecision(6)));
const microseconds = (value: number) => `${Number(value.toPrecision(3))} µs`;
/** From µs per byte. */
const bandwidth = (beta: number) => (beta === 0 ? 'no limit' : `${Math.round(1 / beta)} MB/s`);

/** Buses that do one transfer at a time have a carrier of their own in the file. */
const carrierName = ({ carrier, shared }: LayoutBus) => (shared ? `${carrier}-shared` : carrier);

function carrierLines(buses: readonly LayoutBus[]): string[] {
  const different = new Map(buses.map((bus) => [carrierName(bus), bus]));
  return [...different].flatMap(([name, { carrier, shared }]) => [
    `[carriers.${name}]`,
    `alpha = ${usualCost[carrier].alpha}`,
    `beta = ${usualCost[carrier].beta}`,
    ...(shared ? [`kind = ${quoted(carrier)}`, 'shared = true'] : []),
    '',
  ]);
}

function busLines(bus: LayoutBus, names: readonly string[]): string[] {
  const { name, network, alpha, beta, members } = bus;
  return [
    '[[bus]]',
    `name = ${quoted(name)}`,
    `carrier = ${quoted(carrierName(bus))}`,
    ...(network === undefined ? [] : [`network = ${quoted(network)}`]),
    `alpha = ${number(alpha)}  # latency: ${microseconds(alpha)}`,
    `beta = ${number(beta)}  # bandwidth: ${bandwidth(beta)}`,
    `nodes = ${list(members.map((node) => names[node] ?? ''))}`,
    '',
  ];
}

function pathLines({ paths, names, buses }: Layout): string[] {
  return paths.flatMap(({ source, target, least, steps }) => {
    const via = steps.flatMap(({ bus, node }) => [buses[bus]?.name ?? '', names[node] ?? '']).slice(0, -1);
    return [
      '[[path]]',
      `from = ${quoted(names[source] ?? '')}`,
      `to = ${quoted(names[target] ?? '')}`,
      `least = ${least}`,
      `via = ${list(via)}`,
      '',
    ];
  });
}

/** Rows of cells as lines with columns. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
  return rows.map((row) => `# ${row.map((cell, i) => cell.padStart(widths[i] ?? 0)).join('  ')}`);
}

const routeCells = ({ least, hops, carriers: by, alpha, beta }: RouteLine) => [
  `${least} B`,
  String(hops),
  by.join(' '),
  microseconds(alpha),
  bandwidth(beta),
];

const head = ['PAIRS', 'EXAMPLE', 'FROM SIZE', 'HOPS', 'CARRIERS', 'LATENCY', 'BANDWIDTH'];

function classRows({ pairs, example, routes }: PairClass): string[][] {
  const first = [String(pairs), example.join(' > ')];
  if (routes.length === 0) return [[...first, '', '', 'no way', '', '']];
  return routes.map((route, i) => [...(i === 0 ? first : ['', '']), ...routeCells(route)]);
}

/**
 * Pairs of ranks: forwarders neither send nor get messages. Ranks that share memory speak through that alone, whatever else
 * would be faster.
 */
function tableLines(layout: Layout): string[] {
  const table = new Table(networkOf(layout));
  const { network } = table;
  const routes = (source: number, target: number): readonly Route[] => {
    const bus = layout.buses.findIndex(
      ({ carrier, members }) => carrier === 'shm' && members.includes(source) && members.includes(target),
    );
    if (bus < 0) return table.routes(source, target);
    const hop = { from: network.portOn(bus, source), to: network.portOn(bus, target) };
    return [{ ...pathOf(network, [hop]), least: 0 }];
  };
  const { classes } = pairClasses(table, { nodes: layout.size, routes });
  const rest = classes.length - mostClasses;
  return [
    ...columns([head, ...classes.slice(0, mostClasses).flatMap(classRows)]),
    ...(rest > 0 ? [`# and ${rest} classes of pairs more`] : []),
    ...streamLines(table, classes.slice(0, mostClasses)),
  ];
}

/** How messages of a class that take several ways are shared among them. */
function streamLines(table: Table, classes: readonly PairClass[]): string[] {
  const { network } = table;
  const by = (way: readonly Hop[]) => way.map(({ from }) => network.busOf(from).name).join(', ');
  return classes.flatMap(({ example, routes }) => {
    const [source = -1, target = -1] = example.map((name) => network.names.indexOf(name));
    if (routes.every(({ carriers: used }) => used.length === 1 && used[0] === 'shm')) return [];
    const { chunk, stripes: most } = usualSettings;
    const found = stripes(table, source, target, defaultStream, chunk, most);
    if (found.length < 2) return [];
    const parts = found.map(({ way, share }) => `${Math.round(100 * share)} % by ${by(way)}`);
    return [`# ${example.join(' > ')} from ${chunk / 2} B: ${parts.join('; ')}`];
  });
}

function collectiveLines(groups: readonly number[], manners: Manners): string[] {
  const rows = explainCollectives({ groups, collectives: manners }).flatMap(({ collective, choices }) =>
    choices.map(({ least, hierarchical, algorithm }, i) => [
      i === 0 ? collective : '',
      `${least} B`,
      hierarchical ? 'hierarchical' : 'flat',
      algorithm,
    ]),
  );
  return columns([['COLLECTIVE', 'FROM SIZE', 'MANNER', 'ALGORITHM'], ...rows]);
}

/** A text that `--route` and `mpi-sim` take. */
export function explainLines({ layout, groups, manners, origin }: Explained): string[] {
  const { size, names, buses, forwarders } = layout;
  const chosen = Object.entries(manners);
  return [
    `# ${size} ranks, ${forwarders.length} forwarders, ${buses.length} buses; costs: ${origin}`,
    ...tableLines(layout),
    '#',
    ...collectiveLines(groups, manners),
    '',
    ...carrierLines(buses),
    '[forwarders]  # and the rank in whose process each runs',
    ...forwarders.map((rank, i) => `${quoted(names[size + i] ?? '')} = ${rank}`),
    '',
    ...buses.flatMap((bus) => busLines(bus, names)),
    ...pathLines(layout),
    ...(chosen.length > 0
      ? ['[collectives]', ...chosen.map(([name, manner]) => `${name} = ${quoted(manner)}`)]
      : []),
  ];
}
