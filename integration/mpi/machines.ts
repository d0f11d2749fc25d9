/** Hosts of a job that are network namespaces of this machine, with names of their own; they end with the test. */

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Lab } from '../../src/sys/lab.ts';
import { mpirun, type Outcome } from './job.ts';

export class Machines implements Disposable {
  readonly names: readonly string[];
  /** For files of the test. */
  readonly files: string;
  /** Descriptors of their namespaces. */
  readonly namespaces: readonly number[];
  readonly #lab = new Lab();

  constructor(...names: readonly string[]) {
    this.names = names;
    this.namespaces = names.map(() => this.#lab.namespace());
    this.files = mkdtempSync(join(tmpdir(), 'ipscsi-machines-'));
    const ways = names.map((name, i) => `${name}) way=/proc/${process.pid}/fd/${this.namespaces[i]} ;;\n`);
    const refuse = '*) echo "no machine is called $1" >&2; exit 9 ;;\n';
    const script = `case "$1" in\n${ways.join('')}${refuse}esac\nshift\nexec nsenter --net="$way" -- "$@"\n`;
    writeFileSync(join(this.files, 'enter'), script);
  }

  /** How mpirun gets there. */
  get launch(): readonly string[] {
    return ['--launch-agent', `sh ${join(this.files, 'enter')} {host}`];
  }

  /** Runs a job on them, with so many slots on each, or on those that the options name. */
  mpirun(
    slots: number | undefined,
    args: readonly string[],
    during?: (pid: number, output: () => string) => void,
    input?: string,
  ): Promise<Outcome> {
    const list = this.names.map((name) => `${name}:${slots}`).join(',');
    const hosts = slots === undefined ? [] : ['--host', list];
    return mpirun([...this.launch, ...hosts, ...args], during, input);
  }

  [Symbol.dispose](): void {
    this.#lab[Symbol.dispose]();
    rmSync(this.files, { recursive: true, force: true });
  }
}

/** Tells a rank's agent's directory, which is to be gone in the end. */
export const tellDirectory = 'echo "directory $IPSCSI_MPI_AGENT_DIRECTORY"';

/** Directories that ranks told of, and those of them that are still there. */
export function directories(output: string): { told: readonly string[]; left: readonly string[] } {
  const told = [
    ...new Set([...output.matchAll(/directory (\/dev\/shm\/\S+)/g)].map(([, path = '']) => path)),
  ];
  return { told, left: told.filter((path) => existsSync(path)) };
}
