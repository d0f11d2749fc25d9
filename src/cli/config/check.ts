/** `ipscsi config check`: what is wrong with a bus file, or what it says. */

import { hostname } from 'node:os';
import { ExitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { type Column, printable, tableLines } from '../table.ts';
import type { BusFile, BusHost } from './bus-file.ts';
import { readChap } from './chap.ts';
import { loadBusFile } from './load.ts';
import { BusFileError, type Mistake } from './mistakes.ts';
import { findHost, hostIn } from './which-host.ts';

export interface CheckSettings {
  readonly file: string;
  /** Whose secrets are looked at; undefined: those of the host with this machine's name, if there is one. */
  readonly host: string | undefined;
  readonly json: boolean;
  readonly machine?: string;
  readonly environment?: NodeJS.ProcessEnv;
}

const columns: readonly Column[] = [
  { title: 'HOST' },
  { title: 'ID', align: 'right' },
  { title: 'PORTALS' },
  { title: 'ADDRESSES' },
  { title: 'CHAP' },
];

/** CHAP names: as initiator, and as target if that is another. */
const chapNames = ({ chap }: BusHost): readonly string[] =>
  chap ? [...new Set([chap.initiator.name, chap.target.name])] : [];

const cellsOf = (host: BusHost): string[] => [
  host.name,
  String(host.id),
  host.portals.join(' ') || 'none, initiator only',
  host.addresses.join(' ') || 'none',
  chapNames(host).join(' ') || 'off',
];

/** "lab.toml:12: what is wrong; expected …; what to do". */
function mistakeLine(file: string, { line, message, expected, hint }: Mistake, word = ''): string {
  const parts = [`${word}${message}`, expected && `expected ${expected}`, hint];
  return printable(`${file}:${line}: ${parts.filter((part) => part).join('; ')}`);
}

/** What the host would do, in a sentence. */
function roleOf(file: BusFile, host: BusHost): string {
  const targets = file.hosts.filter((peer) => peer !== host && peer.portals.length > 0);
  const parts = [
    host.listen.length > 0 ? `listens at ${host.listen.join(' ')}` : 'does not listen',
    targets.length > 0 ? `logs in to ${targets.map(({ name }) => name).join(' ')}` : 'logs in to nobody',
    host.chap ? 'can read the secrets that it needs' : 'uses no CHAP',
  ];
  return printable(`as ${host.name}, this machine ${parts.join(', ')}`);
}

function summary(file: BusFile, host: BusHost | undefined, { colours, line }: Output): void {
  const { bus, width, mtu, digests, hosts } = file;
  const count = hosts.length === 1 ? '1 host' : `${hosts.length} hosts`;
  line(
    `${printable(file.file)} is right: bus ${bus}, ${count}, width ${width}, MTU ${mtu}, digests ${digests}`,
  );
  for (const text of tableLines(columns, hosts.map(cellsOf), colours)) line(text);
  if (host) line(roleOf(file, host));
  else if (hosts.some(({ chap }) => chap))
    line('this machine has the name of none of them: no secret was looked at; --host NAME says which it is');
}

function asJson(file: BusFile, host: BusHost | undefined): string {
  const { bus, width, mtu, digests, warnings } = file;
  const hosts = file.hosts.map((one) => {
    const { name, id, iqn, portals, listen, addresses } = one;
    return { name, id, iqn, portals, listen, addresses, chap: chapNames(one) };
  });
  const verdict = { file: file.file, ok: true, mistakes: [], warnings };
  return JSON.stringify({ ...verdict, host: host?.name, bus, width, mtu, digests, hosts });
}

/** The file, and which of its hosts we are; secrets are read, and forgotten. @throws BusFileError, CliError */
function examine({ file: path, host: name, machine = hostname(), environment }: CheckSettings) {
  const file = loadBusFile(path);
  const host = name === undefined ? findHost(file, machine) : hostIn(file, name);
  if (host === undefined) return { file, host };
  try {
    readChap(file, host, environment);
  } catch (error) {
    if (!(error instanceof BusFileError)) throw error;
    const [first, ...others] = error.mistakes;
    if (first) throw new BusFileError(path, [first, ...others], file.warnings);
  }
  return { file, host };
}

/** Prints what the file says, and through `complain` what is wrong with it. @throws CliError if there is no file to be read */
export function check(settings: CheckSettings, output: Output, complain: (line: string) => void): ExitCode {
  const tell = (file: string, warnings: readonly Mistake[]) => {
    for (const warning of warnings) complain(mistakeLine(file, warning, 'warning: '));
  };
  try {
    const { file, host } = examine(settings);
    if (settings.json) output.line(asJson(file, host));
    else {
      tell(file.file, file.warnings);
      summary(file, host, output);
    }
    return ExitCode.ok;
  } catch (error) {
    if (!(error instanceof BusFileError)) throw error;
    const { file, mistakes, warnings, exitCode } = error;
    if (settings.json) output.line(JSON.stringify({ file, ok: false, mistakes, warnings }));
    else {
      for (const mistake of mistakes) complain(mistakeLine(file, mistake));
      tell(file, warnings);
    }
    return exitCode;
  }
}
