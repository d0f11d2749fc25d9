/** What people write on the command line, as values. Pure: each parser returns a value or throws a CliError. */

import { formatIP, formatPrefix, parseIP, parsePrefix } from '../bytes/addresses.ts';
import type { GuardMode } from '../link/guard.ts';
import type { LogLevel } from '../observe/logger.ts';
import { parseIscsiName } from '../transport/iscsi/names.ts';
import { usageError } from './failure.ts';

const quoted = (text: string) => JSON.stringify(text);

/** A whole number from `least` to `most`, in decimal. */
function wholeNumber(what: string, text: string, least: number, most: number, hint?: string): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw usageError(`${what} ${quoted(text)} is not valid`, `a whole number from ${least} to ${most}`, hint);
}

/** One of a few words. */
function oneOf<T extends string>(what: string, text: string, words: readonly T[]): T {
  const found = words.find((word) => word === text);
  if (found === undefined)
    throw usageError(`${what} ${quoted(text)} is not valid`, `one of ${words.join(', ')}`);
  return found;
}

/** A SCSI ID; whether the bus is wide enough is `checkId`'s question. */
export const parseId = (text: string): number =>
  wholeNumber('SCSI ID', text, 0, 255, 'IDs are given by --id, as in --id 3');

/** The ID lies on the bus. */
export function checkId(id: number, width: number): void {
  if (id < width) return;
  throw usageError(
    `SCSI ID ${id} does not exist on a bus of width ${width}`,
    `0 to ${width - 1}`,
    'a wider bus is chosen by --width, the same for all its hosts',
  );
}

export const widths = [8, 16, 32, 64, 128, 256] as const;

/** IDs on the bus. */
export function parseWidth(text: string): number {
  return Number(oneOf('width', text, widths.map(String)));
}

export const parseLun = (text: string): number => wholeNumber('LUN', text, 0, 7, 'the default is 0');

const leastMtu = 68;
const mostMtu = 65521;
export const defaultMtu = 65280;

/** RFC 791 sets the least; the receiver's buffer, with its Ethernet header, the most. */
export const parseMtu = (text: string): number =>
  wholeNumber('MTU', text, leastMtu, mostMtu, `the default, ${defaultMtu}, suits most`);

/** What Linux takes for an interface's name (dev_valid_name). */
export function parseInterfaceName(text: string): string {
  const bytes = Buffer.byteLength(text);
  const valid = bytes >= 1 && bytes <= 15 && !/[/:%\s\p{Cc}]/u.test(text) && text !== '.' && text !== '..';
  if (valid) return text;
  throw usageError(
    `${quoted(text)} can't name an interface`,
    "1 to 15 bytes without '/', ':', '%' or white space",
    'the default is scsi0',
  );
}

/** "10.90.0.3/24" or "fd90::3/64", in canonical form. */
export function parseAddress(text: string): string {
  try {
    return formatPrefix(parsePrefix(text));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw usageError(
      `address ${quoted(text)} is malformed: ${error.message.replace(/: ".*/s, '')}`,
      'ADDRESS/PREFIX, IPv4 or IPv6',
      'for example 10.90.0.3/24 or fd90::3/64',
    );
  }
}

/** "3=10.90.0.3": the address belongs to the ID. */
export function parsePin(text: string): readonly [id: number, address: string] {
  const [, id = '', address = ''] = /^(\d{1,3})=(.+)$/s.exec(text) ?? [];
  try {
    if (id !== '' && Number(id) <= 255) return [Number(id), formatIP(parseIP(address))];
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw usageError(
    `pin ${quoted(text)} is not valid`,
    'ID=ADDRESS, with an ID from 0 to 255 and an address without a prefix length',
    'for example 3=10.90.0.3',
  );
}

export const guardModes: readonly GuardMode[] = ['off', 'warn', 'enforce'];
export const parseGuard = (text: string): GuardMode => oneOf('guard mode', text, guardModes);

export const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
export const parseLogLevel = (text: string): LogLevel => oneOf('log level', text, logLevels);

/** A namespace that `ip netns` lists, or the path of one. */
export function parseNetns(text: string): string {
  if (text.startsWith('/') ? !text.includes('\0') : /^[^/\0]{1,255}$/.test(text) && !/^\.\.?$/.test(text))
    return text;
  throw usageError(
    `${quoted(text)} can't be a network namespace`,
    'a name as `ip netns` lists it, or an absolute path',
    'for example --netns lab3, after `ip netns add lab3`',
  );
}

/** The name that scan shows; INQUIRY data and terminals hold no control characters. */
export function parseHostName(text: string): string {
  if (/^[\x21-\x7e]{1,63}$/.test(text)) return text;
  throw usageError(`${quoted(text)} can't be a host's name`, '1 to 63 printable ASCII characters, no space');
}

/** The name of an iSCSI node (RFC 7143 §4.2.7). */
export function parseNodeName(text: string): string {
  const name = parseIscsiName(text);
  if (name !== undefined) return name;
  throw usageError(`${quoted(text)} can't name an iSCSI node`, 'iqn.YYYY-MM.DOMAIN:NAME, eui.… or naa.…');
}

/** How many; 0 means without end. */
export const parseCount = (text: string): number =>
  wholeNumber('count', text, 0, 1_000_000, '0 goes on until Ctrl-C');

/** Bytes of data in a ping; the echo buffer may hold fewer. */
export const parsePingBytes = (text: string): number =>
  wholeNumber('size', text, 0, 65_535, '0, the default, sends TEST UNIT READY');

/** Seconds as milliseconds. */
export function parseSeconds(text: string): number {
  const value = /^\d{1,6}(?:\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 0 && value <= 3600) return value * 1000;
  throw usageError(`${quoted(text)} is not a number of seconds`, '0 to 3600, as in 0.5');
}
