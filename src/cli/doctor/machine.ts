/** What a machine says of itself in /proc, /sys, /dev and /lib/modules. Pure over the directory that is its root. */

import { accessSync, constants, existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Where a kernel module is: in the kernel for good, loaded, to be had by modprobe, or not there. */
export type ModuleState = 'builtin' | 'loaded' | 'available' | 'absent';

/** Capabilities that we may need, by number (linux/capability.h). */
export const capabilityNumbers = { CAP_NET_ADMIN: 12, CAP_SYS_RAWIO: 17, CAP_SYS_ADMIN: 21 } as const;
export type CapabilityName = keyof typeof capabilityNumbers;

/** A module's name as the kernel writes it. */
const plain = (name: string) => name.replaceAll('-', '_');
/** "kernel/drivers/scsi/sg.ko.xz: …" */
const moduleName = (line: string) => plain(basename(line.replace(/:.*/, '')).replace(/\.ko(\..*)?$/, ''));

export class Machine {
  readonly root: string;
  readonly release: string;
  readonly #capabilities: bigint;
  readonly #available: ReadonlySet<string>;
  readonly #builtin: ReadonlySet<string>;

  /** @param root where the machine's file system is; a test's own */
  constructor(root = '/') {
    this.root = root;
    this.release = this.text('proc/sys/kernel/osrelease') ?? 'unknown';
    const status = this.text('proc/self/status') ?? '';
    this.#capabilities = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
    this.#available = this.#modules('modules.dep');
    this.#builtin = this.#modules('modules.builtin');
  }

  text(path: string): string | undefined {
    try {
      return readFileSync(join(this.root, path), 'latin1').trim();
    } catch {
      return undefined;
    }
  }

  has(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  entries(path: string): readonly string[] {
    try {
      return readdirSync(join(this.root, path)).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
    } catch {
      return [];
    }
  }

  /** The last part of what a link leads to. */
  link(path: string): string | undefined {
    try {
      return basename(realpathSync(join(this.root, path)));
    } catch {
      return undefined;
    }
  }

  /** We may read and write it. */
  writable(path: string): boolean {
    try {
      accessSync(join(this.root, path), constants.R_OK | constants.W_OK);
      return true;
    } catch {
      return false;
    }
  }

  #modules(file: string): ReadonlySet<string> {
    const lines = this.text(`lib/modules/${this.release}/${file}`)?.split('\n') ?? [];
    return new Set(lines.filter((line) => line !== '').map(moduleName));
  }

  /** The modules of the running kernel can be seen; in a container they often can't. */
  get modulesKnown(): boolean {
    return this.#available.size > 0;
  }

  module(name: string): ModuleState {
    const known = plain(name);
    if (this.#builtin.has(known)) return 'builtin';
    if (this.has(`sys/module/${known}`)) return 'loaded';
    return this.#available.has(known) ? 'available' : 'absent';
  }

  can(name: CapabilityName): boolean {
    return (this.#capabilities & (1n << BigInt(capabilityNumbers[name]))) !== 0n;
  }
}
