/**
 * The hosts of a job as its user names them: a hostfile, a line a host, or `--host a:2,b:2`. Pure. A name that comes again adds its
 * slots to those it has, as with Open MPI.
 */

import { parseIP } from '../../bytes/addresses.ts';
import { type CliError, usageError } from '../failure.ts';

/** A host, and how many ranks it takes. */
export interface HostEntry {
  /** What ssh takes. */
  readonly name: string;
  readonly slots: number;
  /** Those of its addresses that the job's traffic uses; none: whichever its ranks find. */
  readonly addresses: readonly string[];
}

/** A name or an IPv4 address, with or without `user@`; what begins with a dash would be an option of ssh. */
const hostName = /^(?:\w[\w.-]*@)?\w[\w.-]*$/;
/** An IPv6 address, with or without `user@`, and its zone. */
const ipv6 = /^(?:\w[\w.-]*@)?([\da-f:.]*:[\da-f:.]*)(?:%[\w.-]+)?$/i;
const mostSlots = 9999;

const quoted = (text: string) => JSON.stringify(text);

/** Says what is wrong in the place that it is at. */
type Complain = (message: string, expected: string, hint?: string) => CliError;

function isAddress(text: string): boolean {
  try {
    parseIP(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

function checkName(name: string, complain: Complain): string {
  const [, address] = ipv6.exec(name) ?? [];
  if (hostName.test(name) || (address !== undefined && isAddress(address))) return name;
  const hint = /:\d+$/.test(name) ? 'in a hostfile, slots are written slots=4' : undefined;
  throw complain(`${quoted(name)} can't name a host`, 'a name or an address, as ssh takes it', hint);
}

function checkSlots(text: string, complain: Complain): number {
  const slots = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (slots >= 1) return slots;
  throw complain(`${quoted(text)} slots can't be had`, `a number from 1 to ${mostSlots}`);
}

function checkAddress(text: string, complain: Complain): string {
  if (isAddress(text)) return text;
  throw complain(
    `${quoted(text)} is neither slots=N nor an address`,
    'NAME [slots=N] [ADDRESS …]',
    'for example: node1 slots=4 192.168.1.1 10.0.0.1',
  );
}

function parseHostLine(line: string, complain: Complain): HostEntry {
  const [name = '', ...words] = line.split(/\s+/);
  let slots: number | undefined;
  const addresses: string[] = [];
  for (const word of words) {
    const [, count] = /^slots=(.*)$/.exec(word) ?? [];
    if (count === undefined) addresses.push(checkAddress(word, complain));
    else if (slots === undefined) slots = checkSlots(count, complain);
    else throw complain('slots are given twice', 'slots=N once on a line');
  }
  return { name: checkName(name, complain), slots: slots ?? 1, addresses };
}

/** One entry a name, in the order in which they come first. */
function merge(entries: readonly HostEntry[]): HostEntry[] {
  const merged = new Map<string, HostEntry>();
  for (const entry of entries) {
    const before = merged.get(entry.name);
    const slots = (before?.slots ?? 0) + entry.slots;
    const addresses = [...new Set([...(before?.addresses ?? []), ...entry.addresses])];
    merged.set(entry.name, { name: entry.name, slots, addresses });
  }
  return [...merged.values()];
}

/** Reads a hostfile's text; `file` is what it is called. @throws CliError naming the line */
export function parseHostfile(text: string, file: string): HostEntry[] {
  const entries = text.split('\n').flatMap((raw, i) => {
    const line = raw.replace(/#.*/, '').trim();
    const complain: Complain = (message, expected, hint) =>
      usageError(`${file}, line ${i + 1}: ${message}`, expected, hint);
    return line === '' ? [] : [parseHostLine(line, complain)];
  });
  if (entries.length === 0) throw usageError(`${file} names no host`, 'a line for each host: NAME slots=N');
  return merge(entries);
}

/** Reads `a:2,b,[fd00::1]:4`: a host without a number has one slot. @throws CliError */
export function parseHostList(list: string): HostEntry[] {
  const entries = list.split(',').map((text) => {
    const [, bracketed, plain, count] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::([^:]*))?$/.exec(text) ?? [];
    const complain: Complain = (message, expected, hint) =>
      usageError(`--host ${quoted(list)}: ${message}`, expected, hint);
    const name = bracketed ?? plain;
    if (name === undefined)
      throw complain(`${quoted(text)} can't be read`, 'NAME[:SLOTS],…', 'an IPv6 address stands in brackets');
    const slots = count === undefined ? 1 : checkSlots(count, complain);
    return { name: checkName(name, complain), slots, addresses: [] };
  });
  return merge(entries);
}
