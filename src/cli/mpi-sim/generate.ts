/** The [generate] table of a topology file: a known network, and how great it is. */

import type { Network } from '../../mpi/route/network.ts';
import * as topologies from '../../mpi/route/topologies.ts';
import { nearest } from '../config/nearest.ts';
import type { TableReader } from '../config/table-reader.ts';

export const mostNodes = 65_536;
/** Paths through all nodes: their length counts, too. */
const longest = 1024;

interface Kind {
  /** The key that says how great it is, and its range. */
  readonly size: 'nodes' | 'side' | 'dimensions';
  readonly least: number;
  readonly most: number;
  make(size: number, carrier: topologies.Carrier, seed: number): Network;
}

const kinds: Readonly<Record<string, Kind>> = {
  bus: { size: 'nodes', least: 2, most: mostNodes, make: topologies.oneBus },
  chain: { size: 'nodes', least: 2, most: longest, make: topologies.chain },
  ring: { size: 'nodes', least: 3, most: longest, make: topologies.ring },
  'two-rails': { size: 'nodes', least: 2, most: mostNodes, make: topologies.twoRails },
  'star-of-stars': { size: 'side', least: 2, most: 256, make: topologies.starOfStars },
  hypercube: { size: 'dimensions', least: 1, most: 16, make: topologies.hypercube },
  random: {
    size: 'nodes',
    least: 2,
    most: mostNodes,
    make: (size, carrier, seed) => topologies.randomNetwork(size, seed, carrier),
  },
};

function readKind(table: TableReader): Kind | undefined {
  const names = Object.keys(kinds);
  const given = table.string('kind', `one of ${names.join(', ')}`);
  if (given && Object.hasOwn(kinds, given.value)) return kinds[given.value];
  if (given) {
    const like = nearest(given.value, names);
    const hint = like === undefined ? undefined : `did you mean ${like}?`;
    table.findings.mistake(
      given.line,
      `there is no kind ${JSON.stringify(given.value)}`,
      `one of ${names.join(', ')}`,
      hint,
    );
  } else if (table.node('kind') === undefined)
    table.findings.mistake(table.line, `${table.named('kind')} is missing`, `one of ${names.join(', ')}`);
  return undefined;
}

function readSize(table: TableReader, { size: key, least, most }: Kind): number | undefined {
  const expected = `a whole number from ${least} to ${most}`;
  const given = table.integer(key, expected);
  if (given === undefined) {
    if (table.node(key) === undefined)
      table.findings.mistake(table.line, `${table.named(key)} is missing`, expected);
    return undefined;
  }
  if (given.value >= least && given.value <= most) return given.value;
  table.findings.mistake(given.line, `${table.named(key)} is ${given.value}`, expected);
  return undefined;
}

/** Undefined, and a finding, if the table is wrong. */
export function generate(table: TableReader, carrier: topologies.Carrier | undefined): Network | undefined {
  const kind = readKind(table);
  if (kind === undefined) return undefined;
  const size = readSize(table, kind);
  const seed = kind === kinds['random'] ? table.integer('seed', 'a whole number')?.value : 0;
  table.refuseOthers();
  return size === undefined || carrier === undefined ? undefined : kind.make(size, carrier, seed ?? 1);
}
