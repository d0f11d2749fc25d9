/** How an agent is started on a host: by ssh, by a command of the user's, or as a child where the host is this machine. Pure. */

import { hostname, networkInterfaces } from 'node:os';
import { usageError } from '../failure.ts';

/** The hidden command that an agent is. */
const agentWord = 'mpi-agent';

export interface LaunchWish {
  /** A command line with {host} in it, and {command} where it wants the agent's as one word for a shell. */
  readonly launchAgent: string | undefined;
  /** How ipscsi is called on hosts, for a shell. */
  readonly remoteCommand: string | undefined;
}

/** A failure to connect is told within so many seconds. */
const ssh = ['ssh', '-T', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=15'];

/** Words of a command line, with quotes and backslashes as a shell takes them, and nothing else of a shell. @throws CliError */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  const part = /\s+|'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s'"\\]+)|(.)/gsy;
  let word: string | undefined;
  for (const [all, single, double, escaped, plain, stray] of line.matchAll(part)) {
    if (stray !== undefined)
      throw usageError(`${JSON.stringify(line)} can't be taken apart`, `a closing ${stray}`);
    const text = single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? escaped ?? plain;
    if (text !== undefined) word = (word ?? '') + text;
    else if (all !== '' && word !== undefined) {
      words.push(word);
      word = undefined;
    }
  }
  return word === undefined ? words : [...words, word];
}

/** A word as a shell takes it for one. */
const quoteWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** Names and addresses of this machine. */
export function ownNames(): ReadonlySet<string> {
  const name = hostname();
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return new Set([
    'localhost',
    '::1',
    name,
    name.replace(/\..*/, ''),
    ...addresses.map((one) => one.address),
  ]);
}

/** Whether no way is needed to get there. */
const isHere = (host: string, own: ReadonlySet<string>): boolean =>
  own.has(host) || /^127\.[\d.]+$/.test(host);

/**
 * The command line that starts an agent on a host. `ours`: how we were called ourselves, node and script.
 * @throws CliError
 */
export function agentCommand(
  host: string,
  { launchAgent, remoteCommand }: LaunchWish,
  ours: readonly string[],
  own: ReadonlySet<string>,
): readonly string[] {
  const forShell = `${remoteCommand ?? ours.map(quoteWord).join(' ')} ${agentWord}`;
  if (launchAgent === undefined)
    return isHere(host, own) ? [...ours, agentWord] : [...ssh, '--', host, forShell];
  if (!launchAgent.includes('{host}'))
    throw usageError(
      `--launch-agent ${JSON.stringify(launchAgent)} does not say where the host's name goes`,
      'a command line with {host} in it',
      'for example "ssh -p 2222 {host} {command}" or "ip netns exec {host}"',
    );
  const words = splitWords(launchAgent).map((word) =>
    word.replaceAll('{host}', () => host).replaceAll('{command}', () => forShell),
  );
  if (launchAgent.includes('{command}')) return words;
  return [...words, ...(remoteCommand === undefined ? ours : splitWords(remoteCommand)), agentWord];
}
