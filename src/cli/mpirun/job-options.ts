/** What a job is to be. */

import { environment } from '../../mpi/placement.ts';
import type { HostShare } from './mapping.ts';

/** IDs of the widest bus. */
export const maxRanks = 256;

export interface JobOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly size: number;
  /** Where ranks run, by agents; undefined: here, without one. */
  readonly hosts: readonly HostShare[] | undefined;
  /** Slots on all hosts. */
  readonly universe: number;
  /** How agents are started; undefined: by ssh, or as a child where the host is this machine. */
  readonly launchAgent: string | undefined;
  /** How ipscsi is called on the hosts; undefined: as here. */
  readonly remoteCommand: string | undefined;
  /** NAME or NAME=VALUE. */
  readonly variables: readonly string[];
  readonly directory: string | undefined;
  readonly tagged: boolean;
  readonly timeoutMs: number;
  readonly watchdogMs: number;
  readonly bind: boolean;
  readonly memory: number | undefined;
  /** A file for the trace, "-" for standard error. */
  readonly trace: string | undefined;
}

/** Variables that the user and his options give to all ranks. */
export function handedOn(
  { variables, memory, trace }: JobOptions,
  ours: NodeJS.ProcessEnv,
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const one of variables) {
    const at = one.indexOf('=');
    if (at > 0) env[one.slice(0, at)] = one.slice(at + 1);
    else if (ours[one] !== undefined) env[one] = ours[one];
  }
  return {
    ...env,
    ...(memory !== undefined && { [environment.memory]: String(memory) }),
    ...(trace !== undefined && { [environment.trace]: trace }),
  };
}
