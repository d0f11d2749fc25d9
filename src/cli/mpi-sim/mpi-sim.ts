/** `ipscsi mpi-sim`: the routing table of a network in a file. */

import { closeSync, constants, fstatSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { pairClasses } from '../../mpi/route/classes.ts';
import type { Network } from '../../mpi/route/network.ts';
import { Table } from '../../mpi/route/table.ts';
import type { Mistake } from '../config/mistakes.ts';
import { ExitCode } from '../exit-codes.ts';
import { usageError } from '../failure.ts';
import type { Output } from '../output.ts';
import { printable } from '../table.ts';
import { type CollectiveTime, collectiveTimes, timesReport } from './collectives.ts';
import { curves } from './curves.ts';
import { tableReport } from './report.ts';
import { parseTopology, TopologyError } from './topology-file.ts';

export interface SimSettings {
  readonly file: string;
  readonly json: boolean;
  /** Runs the collectives too. */
  readonly collectives?: boolean;
  /** A file for their plot. */
  readonly svg?: string | undefined;
}

const mostBytes = 256 * 1024;

/** @throws CliError */
function textOf(path: string): string {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK); // a named pipe must not hold us up
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw usageError(`${path} is no regular file`, 'a topology file');
    if (stat.size > mostBytes)
      throw usageError(`${path} has ${stat.size} bytes`, `a topology file, of at most ${mostBytes} bytes`);
    return readFileSync(fd, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw usageError(`there is no file ${path}`, 'a topology file');
    if (error instanceof Error && 'syscall' in error)
      throw usageError(`${path} can't be read: ${message}`, 'a topology file');
    throw error;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** @throws CliError */
function writeSvg(path: string, times: readonly CollectiveTime[]): void {
  try {
    writeFileSync(path, curves('Collectives in virtual time', times));
  } catch (error) {
    throw usageError(`${path} can't be written: ${(error as Error).message}`, 'a file for the plot');
  }
}

function mistakeLine(file: string, { line, message, expected, hint }: Mistake): string {
  const parts = [message, expected && `expected ${expected}`, hint];
  return printable(`${file}:${line}: ${parts.filter((part) => part).join('; ')}`);
}

function show({ file, json, collectives = false, svg }: SimSettings, network: Network, output: Output): void {
  const table = new Table(network);
  const { looked, classes } = pairClasses(table);
  const facts = { nodes: network.nodes, buses: network.buses.length, ports: network.ports, looked, classes };
  const times = collectives ? collectiveTimes(table) : [];
  if (svg !== undefined) writeSvg(svg, times);
  const lines = json
    ? [JSON.stringify({ file, ok: true, ...facts, collectives: times })]
    : [...tableReport(facts, output.colours), ...timesReport(times, output.colours)];
  for (const line of lines) output.line(line);
}

/** Prints what the file's network is like, and through `complain` what is wrong with it. @throws CliError */
export function mpiSim(settings: SimSettings, output: Output, complain: (line: string) => void): ExitCode {
  const { file, json } = settings;
  const text = textOf(file);
  try {
    const { network } = parseTopology(text);
    show(settings, network, output);
    return ExitCode.ok;
  } catch (error) {
    if (!(error instanceof TopologyError)) throw error;
    const { mistakes } = error;
    if (json) output.line(JSON.stringify({ file, ok: false, mistakes }));
    else for (const mistake of mistakes) complain(mistakeLine(file, mistake));
    return ExitCode.usage;
  }
}
