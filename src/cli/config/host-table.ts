/** One [hosts.NAME] table. */

import { resolve } from 'node:path';
import { formatPrefix, type Prefix, parsePrefix } from '../../bytes/addresses.ts';
import { isLoopback, networkOrBroadcast, unfitAddress } from '../../bytes/subnets.ts';
import { parseIscsiName } from '../../transport/iscsi/names.ts';
import { parseAddress } from '../arguments.ts';
import { usageError } from '../failure.ts';
import type { BusHost, ChapIdentity, HostChap, SecretRef } from './bus-file.ts';
import type { Findings } from './mistakes.ts';
import {
  type FilePortal,
  parseFilePortal,
  parseReachablePortal,
  portalForms,
  usualListen,
} from './portal.ts';
import type { Located, TableReader } from './table-reader.ts';

/** Of hosts and buses: a part of an iSCSI name can be made of it (RFC 3722 leaves letters, digits, dash and dot alone). */
export const plainName = /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$/;
export const plainNameExpected = '1 to 63 letters, digits, dots and dashes, a letter or digit first and last';

/** A host as read, with the lines that the comparison with other hosts needs. */
export interface HostDraft {
  readonly name: string;
  readonly line: number;
  readonly id: Located<number> | undefined;
  readonly iqn: Located<string> | undefined;
  readonly portals: readonly Located<FilePortal>[];
  readonly listen: readonly Located<FilePortal>[] | undefined;
  readonly addresses: readonly Located<Prefix>[];
  readonly chap: HostChap | undefined;
}

export interface HostContext {
  readonly bus: string;
  readonly width: number;
  /** What relative paths start from. */
  readonly folder: string;
}

/** Values that parse; what does not is a finding. */
function each<T>(
  texts: readonly Located<string>[] | undefined,
  findings: Findings,
  parse: (text: string) => T,
): Located<T>[] {
  return (texts ?? []).flatMap(({ value: text, line }) => {
    const value = findings.try(line, () => parse(text));
    return value === undefined ? [] : [{ value, line }];
  });
}

function readId(table: TableReader, width: number): Located<number> | undefined {
  const expected = `a SCSI ID, 0 to ${width - 1}`;
  const id = table.integer('id', expected);
  if (id === undefined) {
    if (table.node('id') === undefined)
      table.findings.mistake(table.line, `${table.named('id')} is missing`, expected);
    return undefined;
  }
  if (id.value >= 0 && id.value < width) return id;
  const hint =
    id.value > 0 && id.value < 256 ? 'a greater "width", at the top of the file, makes room' : undefined;
  table.findings.mistake(id.line, `SCSI ID ${id.value} is not on a bus of width ${width}`, expected, hint);
  return undefined;
}

function readIqn(table: TableReader, usual: string): Located<string> | undefined {
  const expected = 'an iSCSI name, as in "iqn.2026-01.org.example:beta"';
  const given = table.string('iqn', expected);
  if (given === undefined)
    return table.node('iqn') === undefined ? { value: usual, line: table.line } : undefined;
  const value = parseIscsiName(given.value);
  if (value !== undefined) return { value, line: given.line };
  const hint =
    'iqn.YYYY-MM.DOMAIN.REVERSED:ANYTHING, eui. and 16 or naa. and 16 or 32 hexadecimal digits (RFC 7143 §4.2.7)';
  table.findings.mistake(given.line, `${JSON.stringify(given.value)} is no iSCSI name`, expected, hint);
  return undefined;
}

/** An address that an interface can have. @throws CliError */
function parseHostAddress(text: string): Prefix {
  const prefix = parsePrefix(parseAddress(text));
  const { address } = prefix;
  const unfit =
    unfitAddress(address) ?? (isLoopback(address) ? 'a loopback address' : networkOrBroadcast(prefix));
  if (unfit === undefined) return prefix;
  throw usageError(`address ${JSON.stringify(text)} is ${unfit}`, 'an address of one host');
}

function readSecretRef(table: TableReader, folder: string): SecretRef | undefined {
  for (const key of ['secret', 'password']) {
    const literal = table.node(key);
    if (literal === undefined) continue;
    table.findings.mistake(
      literal.line,
      'a secret must not stand in this file, which every host has and others may read',
      'secret-file = "FILE" or secret-env = "VARIABLE"',
      'whoever has seen it knows it: make a new one',
    );
    table.string('secret-file', 'a path'); // known keys, and looked at no further
    table.string('secret-env', 'a variable');
    return undefined;
  }
  const path = table.string('secret-file', "a file's path");
  const variable = table.string('secret-env', "an environment variable's name");
  const present = ['secret-file', 'secret-env'].filter((key) => table.node(key) !== undefined);
  if (present.length !== 1) {
    const message =
      present.length === 0 ? `${table.named('secret-file')} is missing` : 'a secret has two sources';
    table.findings.mistake(table.line, message, 'either secret-file or secret-env');
    return undefined;
  }
  if (path) return secretFile(path, folder, table.findings);
  return variable && secretVariable(variable, table.findings);
}

function secretFile(
  { value, line }: Located<string>,
  folder: string,
  findings: Findings,
): SecretRef | undefined {
  if (value !== '' && !value.includes('\0') && !value.startsWith('~'))
    return { kind: 'file', path: resolve(folder, value) };
  findings.mistake(
    line,
    `${JSON.stringify(value)} can't be a secret's file`,
    'an absolute path, or one that starts from this file',
    value.startsWith('~') ? '~ means another folder to root than to you' : undefined,
  );
  return undefined;
}

function secretVariable({ value, line }: Located<string>, findings: Findings): SecretRef | undefined {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(value)) return { kind: 'environment', variable: value };
  findings.mistake(
    line,
    `${JSON.stringify(value)} can't name an environment variable`,
    'letters, digits and _',
  );
  return undefined;
}

function readIdentity(table: TableReader, usualName: string, folder: string): ChapIdentity | undefined {
  const expected = '1 to 255 printable characters';
  const name = table.string('name', expected);
  const secret = readSecretRef(table, folder);
  const { value, line } = name ?? { value: usualName, line: table.line };
  const valid = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+$/u.test(value) && Buffer.byteLength(value) <= 255;
  if (!valid) table.findings.mistake(line, `${JSON.stringify(value)} can't be a CHAP name`, expected);
  return valid && secret ? { name: value, secret, line } : undefined;
}

/** `known` is what the file says of itself even where it is wrong: such a host has CHAP, but not yet in full. */
function readChap(host: TableReader, name: string, folder: string): HostChap | undefined {
  const expected = 'a table, as in chap = { name = "beta", secret-file = "beta.secret" }';
  const table = host.table('chap', expected);
  if (table === undefined) return undefined;
  const initiator = readIdentity(table, name, folder);
  const other = table.table('target', 'a table, with another name and another secret');
  const target = other ? readIdentity(other, `${name}.target`, folder) : initiator;
  other?.refuseOthers();
  table.refuseOthers();
  return initiator && target && { initiator, target };
}

export function readHost(name: string, table: TableReader, { bus, width, folder }: HostContext): HostDraft {
  const { findings, line } = table;
  if (!plainName.test(name))
    findings.mistake(line, `${JSON.stringify(name)} can't be a host's name`, plainNameExpected);
  const draft: HostDraft = {
    name,
    line,
    id: readId(table, width),
    portals: each(table.strings('portals', `portals, ${portalForms}`), findings, parseReachablePortal),
    listen:
      table.node('listen') &&
      each(table.strings('listen', `portals, ${portalForms}`), findings, parseFilePortal),
    iqn: readIqn(table, `iqn.2026-01.org.ipscsi:${bus}.${name}`.toLowerCase()),
    addresses: each(table.strings('addresses', 'addresses, "ADDRESS/LENGTH"'), findings, parseHostAddress),
    chap: readChap(table, name, folder),
  };
  table.refuseOthers(
    Object.fromEntries(
      ['bus', 'width', 'mtu', 'digests', 'iscsi'].map((key) => [
        key,
        `${key} is said once, at the top of the file, before the first [table]`,
      ]),
    ),
  );
  return draft;
}

/** The host, once nothing is wrong with it. */
export function settledHost({ name, line, id, iqn, portals, listen, addresses, chap }: HostDraft): BusHost {
  const texts = (located: readonly Located<FilePortal>[]) => located.map(({ value }) => value.text);
  return {
    name,
    line,
    id: id?.value ?? -1,
    iqn: iqn?.value ?? '',
    portals: texts(portals),
    listen: listen ? texts(listen) : usualListen(portals.map(({ value }) => value)),
    addresses: addresses.map(({ value }) => formatPrefix(value)),
    chap,
  };
}
