/** Options that several commands share. */

import { Option } from 'commander';
import { parseId, parseSeconds, parseWidth, widths } from './arguments.ts';
import { type BusUrl, parseBusUrl } from './bus-url.ts';

export const defaultWidth = 16;

export const busOption = (): Option =>
  new Option(
    '-b, --bus <url>',
    'shm:NAME, shm:/DIRECTORY, iscsi:FILE, iscsi://HOST/TARGET, sg:/dev/sgN, tcmu:NAME',
  )
    .argParser((text): BusUrl => parseBusUrl(text))
    .makeOptionMandatory();

export const idOption = (description: string): Option =>
  new Option('--id <n>', description).argParser((text) => parseId(text));

export const hostOption = (): Option =>
  new Option('--host <name>', "our entry in an iscsi:FILE (default: the machine's name)");

export const widthOption = (description: string): Option =>
  new Option('--width <ids>', `${description}: ${widths.join(', ')}`).argParser((text) => parseWidth(text));

export const jsonOption = (): Option => new Option('--json', 'print JSON, errors included');

export const secondsOption = (flags: string, description: string, defaultMs: number): Option =>
  new Option(flags, description)
    .argParser((text) => parseSeconds(text))
    .default(defaultMs, String(defaultMs / 1000));

/** How we prove who we are to an iSCSI target. */
export const chapOptions = {
  name: (): Option => new Option('--chap-name <name>', 'log in to an iSCSI target with CHAP, by this name'),
  secret: (): Option =>
    new Option('--chap-secret-file <file>', 'and the secret in this file, which nobody else may read'),
} as const;
