/** What the environment asks of a job's network; the launcher sets it, or the user of another launcher. */

import { readFileSync } from 'node:fs';
import { MpiError } from '../mpi/errors.ts';
import { type CarrierKind, carriers, checkNodes, type Layout, networkOf } from './layout.ts';
import { routingEnvironment } from './membership.ts';

const defaultPatienceMs = 30_000;

export interface Wishes {
  readonly carriers: readonly CarrierKind[] | undefined;
  readonly addresses: string | undefined;
  readonly host: string | undefined;
  readonly layout: Layout | undefined;
  readonly explain: boolean;
  readonly measure: boolean;
  readonly patienceMs: number;
}

/** The ranks have to find their network, even if all of them are on one machine. */
export const wantsNetwork = ({ carriers, layout, explain }: Wishes): boolean =>
  carriers !== undefined || layout !== undefined || explain;

const wrong = (name: string, value: string, expected: string, cause?: unknown) =>
  new MpiError('ERR_OTHER', `${name}=${value}: expected ${expected}`, { cause });

function readCarriers(text: string): CarrierKind[] {
  const words = text.split(',').map((word) => word.trim());
  const found = carriers.filter((one) => words.includes(one));
  if (words.every((word) => (carriers as readonly string[]).includes(word))) return found;
  throw wrong(routingEnvironment.carriers, text, `${carriers.join(', ')}, or both with a comma between`);
}

function readPatience(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== '' && seconds > 0 && seconds <= 86_400) return seconds * 1000;
  throw wrong(routingEnvironment.patience, text, 'seconds, above 0 and at most 86400');
}

/** What comes from a file that somebody else may have made. @throws Error */
function checkLayout(layout: Layout): Layout {
  const { size, names, buses, forwarders, paths } = layout;
  if (![names, buses, forwarders, paths].every(Array.isArray)) throw new Error('a list is missing');
  if (!(Number.isInteger(size) && size > 0) || names.length !== size + forwarders.length)
    throw new Error('its nodes are not all named');
  const unknown = buses.find(({ carrier }) => !carriers.includes(carrier));
  if (unknown) throw new Error(`bus ${unknown.name} is carried by ${unknown.carrier}`);
  const stray = forwarders.find((rank) => !(Number.isInteger(rank) && rank >= 0 && rank < size));
  if (stray !== undefined) throw new Error(`there is no rank ${stray}`);
  networkOf(layout); // which looks at the rest
  return checkNodes(layout);
}

function readLayout(value: string): Layout {
  try {
    const text = value.trimStart().startsWith('{') ? value : readFileSync(value, 'utf8');
    return checkLayout(JSON.parse(text));
  } catch (cause) {
    throw wrong(
      routingEnvironment.route,
      value.slice(0, 80),
      `a layout that \`ipscsi mpirun --route\` made (${(cause as Error).message})`,
      cause,
    );
  }
}

/** @throws MpiError that names the variable */
export function readWishes(env: NodeJS.ProcessEnv): Wishes {
  const given = <T>(name: string, read: (text: string) => T): T | undefined => {
    const text = env[name];
    return text === undefined || text === '' ? undefined : read(text);
  };
  const yes = (name: string) => given(name, (text) => text !== '0') ?? false;
  return {
    carriers: given(routingEnvironment.carriers, readCarriers),
    addresses: given(routingEnvironment.addresses, String),
    host: given(routingEnvironment.host, String),
    layout: given(routingEnvironment.route, readLayout),
    explain: yes(routingEnvironment.explain),
    measure: yes(routingEnvironment.measure),
    patienceMs: given(routingEnvironment.patience, readPatience) ?? defaultPatienceMs,
  };
}
