/** A bus file's text as a value, or everything that is wrong with it. Pure. */

import { dirname } from 'node:path';
import { defaultMtu, parseMtu, widths } from '../arguments.ts';
import { defaultWidth } from '../options.ts';
import { compareHosts } from './across-hosts.ts';
import { type BusFile, type DigestMode, digestModes, type IscsiSettings } from './bus-file.ts';
import { type HostDraft, plainName, plainNameExpected, readHost, settledHost } from './host-table.ts';
import { byLine, Findings } from './mistakes.ts';
import { type Located, TableReader } from './table-reader.ts';
import { parseTree } from './toml-tree.ts';

/** Slots of an initiator's table of tasks. */
const mostDepth = 4096;
const mostSeconds = 3600;

function readBus(top: TableReader): string {
  const bus = top.string('bus', "the bus's name");
  if (bus === undefined) {
    if (top.node('bus') === undefined)
      top.findings.mistake(1, '"bus" is missing', 'the bus\'s name, as in bus = "lab"');
    return 'bus';
  }
  if (!plainName.test(bus.value))
    top.findings.mistake(bus.line, `${JSON.stringify(bus.value)} can't be a bus's name`, plainNameExpected);
  return bus.value;
}

function readWidth(top: TableReader): number {
  const expected = `one of ${widths.join(', ')}`;
  const width = top.integer('width', expected);
  if (width === undefined) return defaultWidth;
  if (widths.some((one) => one === width.value)) return width.value;
  top.findings.mistake(width.line, `"width" is ${width.value}`, expected, `the default is ${defaultWidth}`);
  return 256; // no second mistake for each ID
}

function readMtu(top: TableReader): Located<number> {
  const mtu = top.integer('mtu', 'a whole number of bytes');
  const value = mtu && top.findings.try(mtu.line, () => parseMtu(String(mtu.value)));
  return { value: value ?? defaultMtu, line: mtu?.line ?? top.line };
}

function readDigests(top: TableReader): DigestMode {
  const expected = digestModes.map((mode) => JSON.stringify(mode)).join(', ');
  const given = top.string('digests', `one of ${expected}`);
  const mode = digestModes.find((one) => one === (given?.value ?? 'off'));
  if (given && mode === undefined)
    top.findings.mistake(given.line, `"digests" is ${JSON.stringify(given.value)}`, `one of ${expected}`);
  return mode ?? 'off';
}

function readDepth(table: TableReader): number | undefined {
  const expected = `commands at once, 1 to ${mostDepth}`;
  const depth = table.integer('depth', expected);
  if (depth === undefined || (depth.value >= 1 && depth.value <= mostDepth)) return depth?.value;
  table.findings.mistake(depth.line, `${table.named('depth')} is ${depth.value}`, expected);
  return undefined;
}

function readIscsi(top: TableReader): IscsiSettings {
  const table = top.table('iscsi', 'a table: depth, login-timeout, ping-interval, ping-timeout');
  if (table === undefined) return { depth: undefined, timeouts: {} };
  const times = {
    login: table.seconds('login-timeout', mostSeconds),
    ping: table.seconds('ping-interval', mostSeconds),
    pong: table.seconds('ping-timeout', mostSeconds),
  };
  const depth = readDepth(table);
  table.refuseOthers();
  const timeouts = Object.fromEntries(Object.entries(times).filter(([, time]) => time !== undefined));
  return { depth, timeouts };
}

function readHosts(top: TableReader, bus: string, width: number, folder: string): [HostDraft[], Set<string>] {
  const expected = 'a table for each host, [hosts.NAME]';
  const table = top.table('hosts', expected);
  const chapped = new Set<string>();
  const hosts = (table?.tables(expected) ?? []).map(([name, host]) => {
    const draft = readHost(name, host, { bus, width, folder });
    if (host.node('chap')) chapped.add(name);
    return draft;
  });
  if (table ? table.isEmpty : top.node('hosts') === undefined)
    top.findings.mistake(
      table?.line ?? 1,
      'the file has no hosts',
      expected,
      '`ipscsi config example` prints a file',
    );
  return [hosts, chapped];
}

/** Undefined, and a finding, if the bytes are not UTF-8. */
function decoded(bytes: Uint8Array, findings: Findings): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const lines = Buffer.from(bytes).toString('latin1').split('\n');
    const odd = lines.findIndex((line) => {
      const raw = Buffer.from(line, 'latin1');
      return !raw.equals(Buffer.from(raw.toString('utf8')));
    });
    findings.mistake(odd + 1, 'not TOML: the line is not UTF-8', 'a text file in UTF-8');
    return undefined;
  }
}

/**
 * Reads a bus file's text; `name` is its path, from which relative paths of secrets start. Secrets are not looked at.
 * @throws BusFileError with all mistakes
 */
export function parseBusFile(content: string | Uint8Array, name: string): BusFile {
  const findings = new Findings();
  const text = typeof content === 'string' ? content : decoded(content, findings);
  const root = text === undefined ? undefined : parseTree(text, findings);
  findings.settle(name);
  const top = new TableReader(root ?? { kind: 'table', line: 1, entries: new Map() }, '', findings);
  const bus = readBus(top);
  const width = readWidth(top);
  const mtu = readMtu(top);
  const digests = readDigests(top);
  const iscsi = readIscsi(top);
  const [hosts, chapped] = readHosts(top, bus, width, dirname(name));
  top.refuseOthers();
  compareHosts(hosts, { width, mtu, chapped }, findings);
  findings.settle(name);
  const { value } = mtu;
  const settled = hosts.map(settledHost);
  return {
    file: name,
    bus,
    width,
    mtu: value,
    digests,
    iscsi,
    hosts: settled,
    warnings: byLine(findings.warnings),
  };
}
