/**
 * A bus of its own with real hosts: each an `ipscsi up` in a process and a network namespace of its own. Everything
 * ends with the lab, and with the test's process however that ends; nothing outside is touched.
 */

import { closeSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { busDirectory } from '../../src/cli/bus-url.ts';
import { Guest } from '../../src/cli/demo/guest-process.ts';
import { noTaps } from '../../src/sys/lab.ts';
import { createNamespace } from '../../src/sys/namespaces.ts';
import { Host, type HostWish } from './host.ts';
import { inNamespace, type Place, Process, type Ran, run } from './processes.ts';
import { Underlay, type UnderlayWish } from './underlay.ts';

/** The program under test, compiled beside this file. */
export const program: string = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** Why tests with hosts are skipped; false: they are not. */
export const noLab: string | false =
  noTaps || (existsSync('/proc/net/if_inet6') ? false : 'needs IPv6 in the kernel');

/** Hosts brought up at the same time. */
const atOnce = 4;
let labs = 0;

/** What `ipscsi … --json` said and how it ended. */
export interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** The last line of its output that is JSON. */
  readonly json: Readonly<Record<string, unknown>>;
}

function lastJson(out: string): Readonly<Record<string, unknown>> {
  const line = out.trim().split('\n').at(-1) ?? '';
  return line.startsWith('{') ? (JSON.parse(line) as Record<string, unknown>) : {};
}

export class Lab implements AsyncDisposable {
  readonly bus: string;
  readonly directory: string;
  /** For files of tests. */
  readonly files: string;
  /** The network below, of a bus of iSCSI sessions. */
  readonly underlay: Underlay | undefined;
  readonly #places: number[] = [];
  readonly #ending: AsyncDisposable[] = [];

  /** On a bus in shared memory, or on one of iSCSI sessions over a network of its own. */
  static async open(over?: UnderlayWish): Promise<Lab> {
    return new Lab(over);
  }

  private constructor(over: UnderlayWish | undefined) {
    this.files = mkdtempSync(join(tmpdir(), 'ipscsi-it-'));
    this.underlay = over && new Underlay(over, this.files, this.place());
    this.bus = this.underlay ? `iscsi:${this.underlay.file}` : `shm:it-${process.pid}-${++labs}`;
    this.directory = busDirectory(this.bus);
  }

  /** A new namespace with nothing but loopback in it. */
  place(): Place {
    const namespace = createNamespace();
    this.#places.push(namespace);
    return { namespace, path: `/proc/${process.pid}/fd/${namespace}` };
  }

  /** A new namespace for the host with this ID, on the bus's own network if it has one. */
  placeOf(id: number): Place {
    const place = this.place();
    this.underlay?.attach(place, id);
    return place;
  }

  /** Ends it when the lab ends, the last one first. */
  keep<T extends AsyncDisposable>(it: T): T {
    this.#ending.push(it);
    return it;
  }

  /** Brings a host up. @throws Error with what it said instead of "ready" */
  async host(wish: HostWish): Promise<Host> {
    const place = wish.place ?? this.placeOf(wish.id);
    const host = this.keep(new Host(program, { bus: this.bus, ...wish, place }));
    await host.ready();
    return host;
  }

  /** Brings many up, a few at a time. */
  async hosts(wishes: readonly HostWish[]): Promise<Host[]> {
    const hosts: Host[] = [];
    for (let first = 0; first < wishes.length; first += atOnce) {
      const some = wishes.slice(first, first + atOnce);
      hosts.push(...(await Promise.all(some.map((wish) => this.host(wish)))));
    }
    return hosts;
  }

  /** The demo's helper process in a namespace: HTTP, TCP, talking. */
  async guest(place: Place): Promise<Guest> {
    return this.keep(await Guest.start(`guest in ${place.path}`, place.namespace));
  }

  /** Starts `ipscsi up … --json` in a namespace, as it stands. */
  up(place: Place, ...options: readonly string[]): Process {
    return this.start(place, [process.execPath, program, 'up', '--json', ...options]);
  }

  /** The same where the test itself is. */
  upHere(...options: readonly string[]): Process {
    return this.startHere([process.execPath, program, 'up', '--json', ...options]);
  }

  /** Starts a tool where the test itself is. */
  startHere(command: readonly string[]): Process {
    return this.keep(new Process(command));
  }

  /** Starts a tool in a namespace. */
  start(place: Place, command: readonly string[], env?: NodeJS.ProcessEnv): Process {
    return this.keep(new Process(inNamespace(place, command), env));
  }

  /** Runs a tool in a namespace. */
  run(place: Place, ...command: readonly string[]): Promise<Ran> {
    return run(inNamespace(place, command));
  }

  /** Runs `ipscsi COMMAND … --json` on this bus. */
  async ipscsi(...command: readonly string[]): Promise<Said> {
    const { code, out, err } = await run([
      process.execPath,
      program,
      ...command,
      '--bus',
      this.bus,
      '--json',
    ]);
    return { code, out, err, json: lastJson(out) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#ending.reverse().map((each) => each[Symbol.asyncDispose]()));
    for (const namespace of this.#places) closeSync(namespace);
    rmSync(this.directory, { recursive: true, force: true });
    rmSync(this.files, { recursive: true, force: true });
  }
}
