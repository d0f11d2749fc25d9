/**
 * A topology file's text as a network, or everything that is wrong with it, by line: for `mpi-sim`, and for a job's routes.
 * Pure; docs/mpi-routing.md has the words.
 */

import { type Bus, Network } from '../../mpi/route/network.ts';
import type { Carrier } from '../../mpi/route/topologies.ts';
import { byLine, Findings, type Mistake } from '../config/mistakes.ts';
import { nearest } from '../config/nearest.ts';
import { TableReader } from '../config/table-reader.ts';
import { parseTree } from '../config/toml-tree.ts';
import { generate, mostNodes } from './generate.ts';
import { type RouteTables, readRouteTables } from './route-tables.ts';

/** A file that is no topology; at least one mistake, by line. */
export class TopologyError extends Error {
  override readonly name = 'TopologyError';
  readonly mistakes: readonly Mistake[];

  constructor(mistakes: readonly Mistake[]) {
    super(mistakes[0]?.message ?? '');
    this.mistakes = byLine(mistakes);
  }
}

/** A bus as the file has it. */
export interface FileBus extends Bus {
  readonly line: number;
  /** What really carries it; undefined: the file does not say, and need not for a simulation. */
  readonly kind: string | undefined;
  /** The IP network that it uses. */
  readonly network: string | undefined;
}

/** What a file says; a generated network has no more than that. */
export interface Topology {
  readonly network: Network;
  /** As the network's. */
  readonly buses: readonly FileBus[];
  readonly tables: RouteTables;
}

/** A carrier as the file has it. */
interface FileCarrier extends Carrier {
  readonly kind: string | undefined;
}
type Carriers = ReadonlyMap<string, FileCarrier>;

/** How costs are given; what is undefined is not there, or wrong. */
interface Costs {
  readonly alpha?: number;
  readonly beta?: number;
}

/** Both costs. `needed`: each has to be there. */
function readCosts(table: TableReader, needed: boolean): Costs {
  const alpha = readCost(table, 'alpha', 'latency in µs, more than 0', { closed: false, needed });
  const beta = readCost(table, 'beta', 'µs per byte, 0 or more', { closed: true, needed });
  return { ...(alpha !== undefined && { alpha }), ...(beta !== undefined && { beta }) };
}

/** A number, whole or not, from 0; 0 itself is right only if `closed`. */
function readCost(
  table: TableReader,
  key: string,
  expected: string,
  { closed, needed }: { readonly closed: boolean; readonly needed: boolean },
): number | undefined {
  const node = table.node(key);
  if (node === undefined) {
    if (needed) table.findings.mistake(table.line, `${table.named(key)} is missing`, expected);
    return undefined;
  }
  const value = node.kind === 'integer' || node.kind === 'float' ? Number(node.value) : Number.NaN;
  if (value <= 1e9 && (closed ? value >= 0 : value > 0)) return value;
  table.findings.mistake(node.line, `${table.named(key)} is not right`, expected);
  return undefined;
}

function readShared(table: TableReader): boolean {
  const node = table.node('shared');
  if (node === undefined) return false;
  if (node.kind === 'boolean') return node.value === true;
  table.findings.mistake(node.line, `${table.named('shared')} is not right`, 'true or false');
  return false;
}

function readCarriers(top: TableReader): Carriers {
  const found = new Map<string, FileCarrier>();
  const tables = top.table('carriers', 'tables: [carriers.NAME] with alpha and beta');
  for (const [name, table] of tables?.tables('a table: alpha, beta, shared, kind') ?? []) {
    const costs = readCosts(table, true);
    const shared = readShared(table);
    const kind = table.string('kind', 'what carries it: "shm" or "iscsi"')?.value;
    table.refuseOthers();
    found.set(name, { alpha: 1, beta: 0, ...costs, carrier: name, shared, kind }); // no second mistake for each bus
  }
  if (found.size === 0 && top.findings.mistakes.length === 0)
    top.findings.mistake(1, 'there is no carrier', '[carriers.NAME] with alpha and beta');
  return found;
}

/** The carrier that the table names; it may be left out where there is one only. */
function carrierOf(table: TableReader, carriers: Carriers): FileCarrier | undefined {
  const names = [...carriers.keys()];
  const given = table.string('carrier', "a carrier's name");
  if (given === undefined) {
    if (names.length === 1) return carriers.get(names[0] ?? '');
    if (table.node('carrier') === undefined)
      table.findings.mistake(
        table.line,
        `${table.named('carrier')} is missing`,
        `one of ${names.join(', ')}`,
      );
    return undefined;
  }
  const like = nearest(given.value, names);
  if (!carriers.has(given.value))
    table.findings.mistake(
      given.line,
      `there is no carrier ${JSON.stringify(given.value)}`,
      `one of ${names.join(', ')}`,
      like === undefined ? undefined : `did you mean ${like}?`,
    );
  return carriers.get(given.value);
}

class Drawn {
  readonly buses: FileBus[] = [];
  readonly #nodes = new Map<string, number>();
  readonly #busNames = new Set<string>();

  get names(): string[] {
    return [...this.#nodes.keys()];
  }

  /** A node is there once a bus names it. */
  #node(name: string): number {
    const index = this.#nodes.get(name) ?? this.#nodes.size;
    this.#nodes.set(name, index);
    return index;
  }

  add(table: TableReader, carriers: Carriers): void {
    const { findings } = table;
    const name = table.string('name', "the bus's name");
    const nodes = table.strings('nodes', "nodes' names");
    const carrier = carrierOf(table, carriers);
    const costs = readCosts(table, false);
    const network = table.string('network', 'an IP network, "10.0.0.0/24"')?.value;
    table.refuseOthers();
    const seen = new Set<string>();
    for (const { value, line } of nodes ?? []) {
      if (seen.has(value)) findings.mistake(line, `node ${JSON.stringify(value)} stands twice on this bus`);
      seen.add(value);
    }
    if (seen.size < 2)
      findings.mistake(table.line, 'a bus joins fewer than two nodes', 'nodes = ["a", "b", …]');
    const busName = name?.value ?? `bus${this.buses.length}`;
    if (this.#busNames.has(busName))
      findings.mistake(name?.line ?? table.line, `there is another bus ${JSON.stringify(busName)}`);
    this.#busNames.add(busName);
    const members = [...seen].map((one) => this.#node(one));
    if (carrier) this.buses.push({ ...carrier, ...costs, name: busName, members, network, line: table.line });
  }
}

function readBuses(top: TableReader, carriers: Carriers): Drawn | undefined {
  const node = top.node('bus');
  const drawn = new Drawn();
  for (const item of node?.kind === 'array' ? node.items : []) {
    if (item.kind === 'table') drawn.add(new TableReader(item, 'bus', top.findings), carriers);
    else top.findings.mistake(item.line, 'a bus is no table', '[[bus]]');
  }
  if (node && node.kind !== 'array')
    top.findings.mistake(node.line, '"bus" is no list', '[[bus]], twice the brackets');
  if (drawn.names.length > mostNodes)
    top.findings.mistake(node?.line ?? 1, `there are ${drawn.names.length} nodes`, `at most ${mostNodes}`);
  return top.findings.mistakes.length === 0 ? drawn : undefined;
}

/** @throws TopologyError with every mistake */
export function parseTopology(text: string): Topology {
  const findings = new Findings();
  const root = parseTree(text, findings);
  if (root === undefined) throw new TopologyError(findings.mistakes);
  const top = new TableReader(root, '', findings);
  const carriers = readCarriers(top);
  const made = top.table('generate', 'a table: kind, and its size');
  const listed = top.node('bus');
  if (made && listed)
    findings.mistake(listed.line, '[generate] and [[bus]] exclude each other', 'one of them');
  if (!made && !listed) findings.mistake(1, 'there is no network', '[[bus]] tables, or [generate]');
  const carrier = made && carrierOf(made, carriers);
  const generated = made && generate(made, carrier);
  const drawn = made ? undefined : readBuses(top, carriers);
  const { names, buses }: Pick<Network, 'names' | 'buses'> = generated ?? drawn ?? { names: [], buses: [] };
  const tables = readRouteTables(top, names, buses);
  top.refuseOthers();
  if (findings.mistakes.length > 0) throw new TopologyError(findings.mistakes);
  const { forwarders, paths } = tables;
  const transit = forwarders && Uint8Array.from(names, (name) => (forwarders.has(name) ? 1 : 0));
  const network = generated ?? new Network(names, buses, transit, paths);
  return { network, buses: drawn?.buses ?? [], tables };
}
