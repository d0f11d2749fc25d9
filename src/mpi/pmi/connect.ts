/**
 * Meets the process manager that the environment offers, in the version of PMI that both speak. Hydra and Slurm say
 * which in their answer to `init`, and speak either; a manager that refuses one version is asked for the other.
 */

import { MpiError } from '../errors.ts';
import { describe, Pmi1Client } from './pmi1-client.ts';
import { formatLine, parseLine } from './pmi1-wire.ts';
import { Pmi2Client } from './pmi2-client.ts';
import type { ProcessManager } from './process-manager.ts';
import { DescriptorWire, type Wire } from './wire.ts';

/** What the process manager put into the environment. */
export interface PmiEnvironment {
  readonly fd: number;
  readonly rank: number;
  readonly size: number;
  /** Slurm gives it, and with it means PMI-2. */
  readonly job: string | undefined;
}

/** Undefined where no process manager speaks PMI to us. @throws MpiError when it does so in a way that we lack */
export function pmiEnvironment(env: NodeJS.ProcessEnv): PmiEnvironment | undefined {
  const { PMI_FD: fd, PMI_RANK: rank, PMI_SIZE: size, PMI_JOBID: job, PMI_PORT: port } = env;
  if (fd === undefined && port !== undefined)
    throw new MpiError(
      'ERR_OTHER',
      `PMI: the process manager offers a port (PMI_PORT=${port}) and no descriptor; start without -pmi-port`,
    );
  if (fd === undefined || rank === undefined || size === undefined) return undefined;
  return { fd: Number(fd), rank: Number(rank), size: Number(size), job };
}

/** Answers to `init` that are no refusal, by version. */
const subversions = { 1: 1, 2: 0 } as const;
type Version = keyof typeof subversions;

/** Speaks `init`; false: the process manager does not want this version. */
function agree(wire: Wire, version: Version): boolean {
  wire.write(formatLine('init', { pmi_version: version, pmi_subversion: subversions[version] }));
  const answer = parseLine(wire.readLine());
  if (answer.get('cmd') === 'response_to_init')
    return answer.get('rc') === '0' && answer.get('pmi_version') === String(version);
  throw new MpiError('ERR_OTHER', `PMI: asked init, got ${describe(answer)}`);
}

/** @throws MpiError when the process manager speaks neither version */
export function connectPmi(
  { fd, rank, size, job }: PmiEnvironment,
  wire: Wire = new DescriptorWire(fd),
): ProcessManager {
  const versions: readonly Version[] = job === undefined ? [1, 2] : [2, 1];
  const version = versions.find((one) => agree(wire, one));
  if (version === 1) return new Pmi1Client(wire, rank, size);
  if (version === 2) return new Pmi2Client(wire, job ?? '', rank);
  throw new MpiError('ERR_OTHER', 'PMI: the process manager speaks neither version 1.1 nor 2.0');
}
