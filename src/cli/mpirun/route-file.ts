/** A route file as the layout of a job's network, or everything that is wrong with it, by line. Pure. */

import { collectives, manners } from '../../mpi/collective/topology.ts';
import { type CarrierKind, carriers, type Layout, mostNodes } from '../../rank/layout.ts';
import { Findings } from '../config/mistakes.ts';
import { type FileBus, parseTopology, type Topology, TopologyError } from '../mpi-sim/topology-file.ts';

export interface RouteFile {
  readonly layout: Layout;
  /** As IPSCSI_MPI_COLLECTIVES has it: "bcast=flat,scan=hierarchical". */
  readonly collectives: string | undefined;
}

const isOneOf = <T extends string>(names: readonly T[], name: string): name is T =>
  (names as readonly string[]).includes(name);

/** Undefined, and a mistake: nothing that we have carries the bus. */
function kindOf({ kind, carrier, line, name }: FileBus, findings: Findings): CarrierKind | undefined {
  const said = kind ?? carrier;
  if (isOneOf(carriers, said)) return said;
  findings.mistake(
    line,
    `bus ${JSON.stringify(name)} is carried by ${JSON.stringify(said)}`,
    carriers.join(' or '),
    `[carriers.${carrier}] kind = "iscsi"`,
  );
  return undefined;
}

/** The node's number in the layout, by its index in the file; ranks are called by their numbers. */
function numbersOf({ network, buses, tables }: Topology, size: number, findings: Findings): number[] {
  const forwarders = [...(tables.forwarders?.keys() ?? [])];
  const lineOf = (index: number) => buses.find(({ members }) => members.includes(index))?.line ?? 1;
  const numbers = network.names.map((name, index) => {
    const hub = forwarders.indexOf(name);
    if (hub >= 0) return size + hub;
    if (/^(0|[1-9]\d*)$/.test(name) && Number(name) < size) return Number(name);
    const expected = `"0" … "${size - 1}", or a name that [forwarders] has`;
    findings.mistake(lineOf(index), `${JSON.stringify(name)} is no rank of ${size}`, expected);
    return -1;
  });
  for (let rank = 0; rank < size; rank++)
    if (!numbers.includes(rank))
      findings.mistake(1, `rank ${rank} is on no bus`, `nodes "0" … "${size - 1}"`);
  return numbers;
}

function collectivesOf({ tables }: Topology, findings: Findings): string | undefined {
  for (const [name, { value, line }] of tables.collectives) {
    if (!isOneOf(collectives, name))
      findings.mistake(line, `there is no collective ${JSON.stringify(name)}`, collectives.join(', '));
    if (!isOneOf(manners, value))
      findings.mistake(line, `${JSON.stringify(value)} is no manner`, manners.join(' or '));
  }
  const said = [...tables.collectives].map(([name, { value }]) => `${name}=${value}`).join(',');
  return said === '' ? undefined : said;
}

function checkForwarders({ tables }: Topology, size: number, findings: Findings): void {
  for (const { value, line } of tables.forwarders?.values() ?? [])
    if (value >= size) findings.mistake(line, `there is no rank ${value}`, `0 to ${size - 1}`);
  const nodes = size + (tables.forwarders?.size ?? 0);
  if (nodes > mostNodes) findings.mistake(1, `there are ${nodes} nodes`, `at most ${mostNodes}`);
}

/** Without [forwarders] none of a job's nodes forwards. */
function checkPaths({ network, tables }: Topology, findings: Findings): void {
  const through = tables.paths.flatMap(({ target, steps }) => steps.filter(({ node }) => node !== target));
  const [first] = tables.forwarders ? [] : through;
  if (first)
    findings.mistake(1, `node ${JSON.stringify(network.names[first.node])} does not forward`, '[forwarders]');
}

/** For a job of so many ranks. @throws TopologyError with every mistake */
export function parseRouteFile(text: string, size: number): RouteFile {
  const topology = parseTopology(text);
  const findings = new Findings();
  const { network, buses, tables } = topology;
  if (buses.length === 0) findings.mistake(1, 'there is no bus of ranks', '[[bus]] tables');
  const numbers = numbersOf(topology, size, findings);
  checkForwarders(topology, size, findings);
  checkPaths(topology, findings);
  const kinds = buses.map((bus) => kindOf(bus, findings));
  const said = collectivesOf(topology, findings);
  if (findings.mistakes.length > 0) throw new TopologyError(findings.mistakes);
  const number = (index: number) => numbers[index] ?? -1;
  const names: string[] = [];
  for (const [index, name] of network.names.entries()) names[number(index)] = name;
  const layout: Layout = {
    size,
    names,
    buses: buses.map(({ name, alpha, beta, shared, members, network: used }, i) => ({
      ...{ name, alpha, beta, shared },
      carrier: kinds[i] as CarrierKind,
      members: members.map(number),
      ...(used !== undefined && { network: used }),
    })),
    forwarders: [...(tables.forwarders?.values() ?? [])].map(({ value }) => value),
    paths: tables.paths.map(({ source, target, least, steps }) => ({
      source: number(source),
      target: number(target),
      least,
      steps: steps.map(({ bus, node }) => ({ bus, node: number(node) })),
    })),
  };
  return { layout, collectives: said };
}
