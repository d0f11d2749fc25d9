/**
 * What a topology file may say besides its network, for jobs that take it as their routes: which nodes forward, which paths
 * are chosen by hand, and how collectives go.
 */

import type { Bus, StepPath } from '../../mpi/route/network.ts';
import { nearest } from '../config/nearest.ts';
import { type Located, TableReader } from '../config/table-reader.ts';

export interface RouteTables {
  /** By the node's name: the rank in whose process it runs. Undefined: every node forwards. */
  readonly forwarders: ReadonlyMap<string, Located<number>> | undefined;
  readonly paths: readonly StepPath[];
  /** "flat" or "hierarchical", by collective. */
  readonly collectives: ReadonlyMap<string, Located<string>>;
}

/** Nodes and buses as the file has them. */
class Names {
  readonly #nodes: ReadonlyMap<string, number>;
  readonly #names: readonly string[];
  readonly #buses: readonly Bus[];
  /** Nodes that ways may lead through; undefined: all. */
  transit: ReadonlyMap<string, unknown> | undefined;

  constructor(names: readonly string[], buses: readonly Bus[]) {
    this.#names = names;
    this.#nodes = new Map(names.map((name, i) => [name, i]));
    this.#buses = buses;
  }

  /** Undefined, and a mistake: there is none of that name. */
  node(table: TableReader, given: Located<string> | undefined): number | undefined {
    if (given === undefined) return undefined;
    const found = this.#nodes.get(given.value);
    if (found === undefined) this.#unknown(table, 'node', given, this.#names);
    return found;
  }

  bus(table: TableReader, given: Located<string>): number | undefined {
    const found = this.#buses.findIndex(({ name }) => name === given.value);
    if (found >= 0) return found;
    this.#unknown(
      table,
      'bus',
      given,
      this.#buses.map(({ name }) => name),
    );
    return undefined;
  }

  #unknown(
    { findings }: TableReader,
    what: string,
    { value, line }: Located<string>,
    known: readonly string[],
  ) {
    const like = nearest(value, known);
    const hint = like === undefined ? undefined : `did you mean ${like}?`;
    findings.mistake(line, `there is no ${what} ${JSON.stringify(value)}`, `the name of a ${what}`, hint);
  }

  /** A node between two steps. Undefined, and a mistake: it is none that forwards. */
  forwarder(table: TableReader, given: Located<string>): number | undefined {
    const found = this.node(table, given);
    if (found === undefined || (this.transit?.has(given.value) ?? true)) return found;
    const name = JSON.stringify(given.value);
    table.findings.mistake(given.line, `node ${name} does not forward`, 'a node that [forwarders] has');
    return undefined;
  }

  /** The nodes have ports on the bus; else a mistake. */
  joined({ findings }: TableReader, line: number, bus: number, nodes: readonly number[]): boolean {
    const one = this.#buses[bus];
    const stranger = nodes.find((node) => !one?.members.includes(node));
    if (stranger === undefined) return true;
    const name = JSON.stringify(this.#names[stranger]);
    findings.mistake(line, `node ${name} is not on bus ${JSON.stringify(one?.name)}`, 'a node of that bus');
    return false;
  }
}

const viaForm = 'bus, node, bus … bus: each step over a bus, and the node between two steps';

/** The steps of `via`; undefined, and a mistake: they lead nowhere. */
function readSteps(
  table: TableReader,
  names: Names,
  source: number,
  target: number,
): StepPath['steps'] | undefined {
  const via = table.strings('via', 'names of buses and nodes');
  if (via === undefined || via.length % 2 === 0) {
    if (via || table.node('via') === undefined)
      table.findings.mistake(via?.[0]?.line ?? table.line, `${table.named('via')} is no way`, viaForm);
    return undefined;
  }
  const steps: StepPath['steps'][number][] = [];
  let from = source;
  for (let i = 0; i < via.length; i += 2) {
    const given = via[i] as Located<string>;
    const bus = names.bus(table, given);
    const next = via[i + 1];
    const node = next ? names.forwarder(table, next) : target;
    if (bus === undefined || node === undefined) return undefined;
    if (!names.joined(table, given.line, bus, [from, node])) return undefined;
    steps.push({ bus, node });
    from = node;
  }
  return twice(table, source, steps) ? undefined : steps;
}

function twice(table: TableReader, source: number, steps: StepPath['steps']): boolean {
  if (new Set([source, ...steps.map(({ node }) => node)]).size > steps.length) return false;
  table.findings.mistake(table.line, 'the path comes to a node twice', 'a way without circles');
  return true;
}

function readPath(table: TableReader, names: Names): StepPath | undefined {
  const end = (key: string) => {
    const given = table.string(key, "a node's name");
    if (given === undefined && table.node(key) === undefined)
      table.findings.mistake(table.line, `${table.named(key)} is missing`, "a node's name");
    return names.node(table, given);
  };
  const [source, target] = [end('from'), end('to')];
  const least = table.integer('least', 'bytes from which on the path is taken');
  if (least && least.value < 0)
    table.findings.mistake(least.line, `${table.named('least')} is ${least.value}`, 'bytes, 0 or more');
  const steps =
    source === undefined || target === undefined ? undefined : readSteps(table, names, source, target);
  table.node('via');
  table.refuseOthers();
  if (source === undefined || target === undefined || !steps) return undefined;
  return { source, target, least: least?.value ?? 0, steps };
}

function readPaths(top: TableReader, names: Names): StepPath[] {
  const node = top.node('path');
  if (node && node.kind !== 'array')
    top.findings.mistake(node.line, '"path" is no list', '[[path]], twice the brackets');
  const found = (node?.kind === 'array' ? node.items : []).map((item) => {
    if (item.kind === 'table') return readPath(new TableReader(item, 'path', top.findings), names);
    top.findings.mistake(item.line, 'a path is no table', '[[path]]');
    return undefined;
  });
  return found.flatMap((path) => path ?? []);
}

function readForwarders(top: TableReader, names: Names): ReadonlyMap<string, Located<number>> | undefined {
  const expected = 'the rank in whose process the node runs';
  const table = top.table('forwarders', `a table: node = ${expected}`);
  if (table === undefined) return undefined;
  const found = new Map<string, Located<number>>();
  for (const name of table.keys()) {
    const rank = table.integer(name, expected);
    if (rank === undefined) continue;
    names.node(table, { value: name, line: rank.line });
    if (rank.value < 0) table.findings.mistake(rank.line, `${table.named(name)} is ${rank.value}`, expected);
    found.set(name, rank);
  }
  return found;
}

function readCollectives(top: TableReader): ReadonlyMap<string, Located<string>> {
  const table = top.table('collectives', 'a table: collective = "flat" or "hierarchical"');
  const found = new Map<string, Located<string>>();
  for (const name of table?.keys() ?? []) {
    const manner = table?.string(name, '"flat" or "hierarchical"');
    if (manner) found.set(name, manner);
  }
  return found;
}

/** Mistakes go to the findings. */
export function readRouteTables(
  top: TableReader,
  nodes: readonly string[],
  buses: readonly Bus[],
): RouteTables {
  const names = new Names(nodes, buses);
  const forwarders = readForwarders(top, names);
  names.transit = forwarders;
  return {
    forwarders,
    paths: readPaths(top, names),
    collectives: readCollectives(top),
  };
}
