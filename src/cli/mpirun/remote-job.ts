/** A job on several hosts: an agent is started on each, and when all of them speak, their ranks. */

import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { environment } from '../../mpi/placement.ts';
import { agentEnvironment } from '../../mpi/pmi/agent-environment.ts';
import { CliError } from '../failure.ts';
import { version } from '../version.ts';
import { AgentLink, type Hello } from './agent-link.ts';
import type { End, JobEvents } from './crew.ts';
import { Exchange } from './exchange.ts';
import { feed } from './input.ts';
import { say } from './job.ts';
import { handedOn, type JobOptions } from './job-options.ts';
import { agentCommand, ownNames } from './launch.ts';
import { type HostShare, processMapping } from './mapping.ts';
import type { Puts } from './messages.ts';
import type { Output } from './output.ts';
import { RemoteCrew } from './remote-crew.ts';

/** For an agent to speak. */
const patienceMs = 60_000;
const tellAfterMs = 1000;

/** The job has been told to end before it began. */
class Stopped extends Error {
  override readonly name = 'Stopped';
}

/** Variables that name things of this host stay here; others of ours hold on every host. */
const ofThisHost: readonly string[] = [
  environment.rank,
  environment.size,
  environment.directory,
  agentEnvironment.directory,
  agentEnvironment.host,
];

/** An agent's word, where we are a rank ourselves: the addresses are that host's then, not everybody's. */
const isAgents = (name: string) =>
  name === agentEnvironment.addresses && process.env[agentEnvironment.host] !== undefined;

function ourVariables(): Record<string, string> {
  const ours = Object.entries(process.env).flatMap(([name, value = '']) =>
    name.startsWith('IPSCSI_') && !ofThisHost.includes(name) && !isAgents(name)
      ? [[name, value] as const]
      : [],
  );
  return Object.fromEntries(ours);
}

/** The shortest name that tells this job from all others, in characters that nobody has to quote. */
const jobName = () =>
  `ipscsi_${process.pid}_${randomBytes(8).toString('hex')}_${hostname().replace(/[^\w.-]/g, '_')}`.slice(
    0,
    200,
  );

function checkHello({ version: theirs }: Hello, host: string): void {
  if (theirs === version()) return;
  throw new CliError(
    'unsupported',
    `host ${host} has ipscsi ${theirs}, this one ${version()}`,
    'the same version on all hosts',
    '--remote-command says how ipscsi is called there',
  );
}

/** Starts an agent on every host. @throws CliError for the first that can't be, Stopped */
async function connectAll(
  shares: readonly HostShare[],
  options: JobOptions,
  stopped: AbortSignal,
): Promise<AgentLink[]> {
  const own = ownNames();
  const ours = [process.execPath, ...process.argv.slice(1, 2)];
  const commands = shares.map(({ name }) => agentCommand(name, options, ours, own));
  const links = commands.map((command, i) => new AgentLink(shares[i]?.name ?? '', command));
  const missing = new Set(links.map(({ host }) => host));
  const tell = setTimeout(() => say(`waiting for host ${[...missing].join(', ')}`), tellAfterMs);
  let late: NodeJS.Timeout | undefined;
  try {
    const all = links.map(async (link) => {
      checkHello(await link.hello, link.host);
      missing.delete(link.host);
    });
    const interrupted = new Promise<never>((_, reject) => {
      const stop = () => reject(new Stopped('stopped'));
      if (stopped.aborted) stop();
      stopped.addEventListener('abort', stop);
      late = setTimeout(() => {
        const message = `no word from ${[...missing].join(', ')} within ${patienceMs / 1000} s`;
        reject(new CliError('unreachable', message));
      }, patienceMs);
    });
    await Promise.race([Promise.all(all), interrupted]);
    return links;
  } catch (error) {
    await Promise.all(links.map((link) => link.abandon()));
    throw error;
  } finally {
    clearTimeout(tell);
    clearTimeout(late);
  }
}

/** Starts all ranks. @throws CliError; any error when the job was told to end meanwhile */
export async function startOnHosts(
  shares: readonly HostShare[],
  options: JobOptions,
  { output, events, stopped }: { output: Output; events: JobEvents; stopped: AbortSignal },
): Promise<RemoteCrew[]> {
  const links = await connectAll(shares, options, stopped);
  const input = feed(process.stdin);
  const remote = {
    ended: (end: End) => {
      events.ended(end);
      exchange.leave(end.rank);
    },
    lost: events.lost.bind(events),
    aborted: events.aborted.bind(events),
    thirsty: () => input.resume(),
    waiting: () => exchange.wait(),
    fence: (crew: RemoteCrew, puts: Puts) => exchange.come(crew, puts),
  };
  const crews = shares.map((share, i) => new RemoteCrew(share, links[i] as AgentLink, output, remote));
  const exchange = new Exchange(crews, {
    release: (puts) => {
      for (const { link } of crews) link.send({ is: 'fenced', puts });
    },
    stuck: (rank) => events.stuck(rank),
  });
  const common = {
    name: jobName(),
    size: options.size,
    universe: options.universe,
    mapping: processMapping(shares),
    program: options.program,
    args: options.args,
    directory: resolve(options.directory ?? '.'),
    bind: options.bind,
  };
  for (const [i, crew] of crews.entries()) {
    const { ranks, addresses, name } = shares[i] as HostShare;
    const variables = {
      ...ourVariables(),
      ...handedOn(options, process.env),
      ...(addresses.length > 0 && { [agentEnvironment.addresses]: addresses.join(',') }),
      [agentEnvironment.host]: name,
    };
    crew.start({ ...common, ranks, environment: variables });
    if (ranks.includes(0)) input.to(crew.link);
  }
  return crews;
}
