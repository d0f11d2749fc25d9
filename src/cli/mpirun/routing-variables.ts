/** Options about the ways of messages as variables, by which ranks are told. */

import { readFileSync } from 'node:fs';
import { environment } from '../../mpi/placement.ts';
import { carriers } from '../../rank/layout.ts';
import { routingEnvironment } from '../../rank/membership.ts';
import { type CliError, usageError } from '../failure.ts';
import { TopologyError } from '../mpi-sim/topology-file.ts';
import { parseRouteFile } from './route-file.ts';
import type { RoutingFlags } from './routing-options.ts';

function parseCarriers(text: string): string {
  const known: readonly string[] = carriers;
  const words = text.split(',').map((word) => word.trim());
  if (words.every((word) => known.includes(word))) return words.join(',');
  throw usageError(
    `${JSON.stringify(text)} carries no messages`,
    `${carriers.join(' or ')}, or both: shm,iscsi`,
  );
}

/** The first mistake, and how many there are besides. */
function wrong(file: string, { mistakes }: TopologyError): CliError {
  const [first] = mistakes;
  const others = mistakes.length - 1;
  const hint = [first?.hint, others > 0 && `${others} more mistakes follow`].filter(Boolean).join('; ');
  return usageError(
    `${file}:${first?.line}: ${first?.message}`,
    first?.expected ?? 'a file of routes',
    hint === '' ? undefined : hint,
  );
}

/** Linux takes no longer string in a program's environment (MAX_ARG_STRLEN). */
const longest = 128 << 10;

/** @throws CliError */
function asVariable(name: string, value: string): string {
  const variable = `${name}=${value}`;
  if (Buffer.byteLength(variable) < longest) return variable;
  throw usageError(
    'the route file says more than can be handed to the ranks',
    `at most ${longest} bytes as JSON`,
    'a bus for many ranks says more in less than one for each pair',
  );
}

/** @throws CliError */
function routeOf(file: string, size: number): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw usageError(`the route file can't be read: ${(error as Error).message}`, 'a file of routes');
  }
  try {
    const { layout, collectives } = parseRouteFile(text, size);
    return [
      asVariable(routingEnvironment.route, JSON.stringify(layout)),
      ...(collectives === undefined ? [] : [`${environment.collectives}=${collectives}`]),
    ];
  } catch (error) {
    if (!(error instanceof TopologyError)) throw error;
    throw wrong(file, error);
  }
}

/** NAME=VALUE for the ranks. @throws CliError */
export function variablesOf(
  { route, explain, measure, carriers: used }: RoutingFlags,
  size: number,
): string[] {
  return [
    ...(route === undefined ? [] : routeOf(route, size)),
    ...(explain ? [`${routingEnvironment.explain}=1`] : []),
    ...(measure ? [`${routingEnvironment.measure}=1`] : []),
    ...(used === undefined ? [] : [`${routingEnvironment.carriers}=${parseCarriers(used)}`]),
  ];
}
