/**
 * `ipscsi/mpi`: the public names, and the place where a rank is put together. The bus between the ranks of a job is
 * in shared memory; other carriers come in here.
 */

import { lstatSync, openSync, readdirSync, writeSync } from 'node:fs';
import { availableParallelism, hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ActivityWord, operationNumber } from './mpi/activity.ts';
import { createKeyval } from './mpi/attributes.ts';
import { type CartesianCommunicator, cartCreate, dimsCreate } from './mpi/cartesian.ts';
import { parseManners } from './mpi/collective/topology.ts';
import { type Communicator, selfOf, worldOf } from './mpi/communicator.ts';
import { testAll, testAny, testSome, waitAll, waitAny, waitSome } from './mpi/completion.ts';
import { ANY_SOURCE, ANY_TAG, IN_PLACE, PROC_NULL, TAG_UB, UNDEFINED } from './mpi/constants.ts';
import { describeMessage } from './mpi/describe.ts';
import { Engine } from './mpi/engine.ts';
import { ErrorClass, MpiError } from './mpi/errors.ts';
import type { Group } from './mpi/group.ts';
import { JobPage, Phase } from './mpi/job-page.ts';
import * as ops from './mpi/ops.ts';
import { startAll } from './mpi/persistent.ts';
import { environment, findPlacement, type Placement } from './mpi/placement.ts';
import type { Request } from './mpi/request.ts';
import { copyFriendly, copyFriendlyMargin } from './mpi/slots.ts';
import { Status } from './mpi/status.ts';
import type { TypedArray, TypedArrayClass } from './mpi/typed.ts';
import { type Membership, mayNeedRoutes, sweepJob, together } from './rank/membership.ts';
import { machineClock, realClock } from './time/clock.ts';
import { leaveDirectory, sweepDead } from './transport/shm/claim.ts';
import { traced } from './transport/trace.ts';
import type { Port } from './transport/transport.ts';

/** How a rank may be set up; all ranks alike. */
export interface InitOptions {
  /** Bytes for alloc(). */
  readonly memory?: number;
  /** Greatest message that goes with its envelope, in bytes. */
  readonly eager?: number;
  /** "flat", "hierarchical", or of some: "bcast=flat,allreduce=hierarchical". Default: IPSCSI_MPI_COLLECTIVES. */
  readonly collectives?: string;
}

interface Life {
  readonly placement: Placement;
  readonly engine: Engine;
  readonly page: JobPage | undefined;
  readonly world: Communicator;
  readonly self: Communicator;
}

let life: Life | undefined;
/** What has to be closed when the process ends. */
let opened: (Pick<Life, 'engine' | 'placement'> & { readonly membership: Membership }) | undefined;
let ended = false;

const defaultMemory = 16 << 20;
const patienceMs = 60_000;
/** About a millisecond, where every rank has a processor of its own. */
const spins = 20_000;
const ourCode = [fileURLToPath(new URL('mpi/', import.meta.url)), fileURLToPath(import.meta.url)];

/** It is large: a rank that has no need of it starts sooner without. */
const routes = mayNeedRoutes(process.env) ? await import('./rank/join.ts') : undefined;

/** The line of the program that called us. */
function callSite(): string {
  const stack = new Error().stack ?? '';
  const line = stack
    .split('\n')
    .slice(1)
    .find((frame) => !ourCode.some((own) => frame.includes(own)) && !frame.includes('node:internal'));
  return /\(?((?:file:\/\/)?\/[^)]*)\)?$/.exec(line ?? '')?.[1]?.replace('file://', '') ?? '';
}

function begin(options: InitOptions): Life {
  const placement = findPlacement(process.env, process.geteuid?.() ?? 0);
  const { rank, size, directory } = placement;
  const eager = options.eager ?? 16384;
  const memory = options.memory ?? Number(process.env[environment.memory] ?? defaultMemory);
  if (rank === 0 && placement.launcher !== 'ipscsi') sweepJobs(dirname(directory));
  const page = placement.page === undefined ? undefined : JobPage.open(placement.page, size);
  const membership = joined(placement, options, Engine.memoryNeed(size, eager) + memory);
  const port = shown(membership.port);
  const crowded = size > availableParallelism();
  const engine = new Engine({
    port,
    rank,
    size,
    eager,
    ...membership.topology,
    spins: crowded ? 1 : spins,
    crowded,
    ...(page && { watch: page.watch(rank, callSite) }),
    quit: (code, why) => quit(placement, code, why),
    later: setImmediate,
  });
  opened = { engine, placement, membership };
  process.once('exit', abandon);
  engine.note(operationNumber('init'), -1, 0, 0);
  const deadline = realClock.now() + patienceMs;
  while (!engine.complete) {
    if (engine.progress() === 0) port.wait(50);
    if (realClock.now() > deadline) throw notComplete(engine, membership);
  }
  engine.watch.words[ActivityWord.phase] = Phase.running;
  return { placement, engine, page, world: worldOf(engine), self: selfOf(engine) };
}

function joined(placement: Placement, { collectives }: InitOptions, memory: number): Membership {
  const { env } = process;
  const manners = parseManners(collectives ?? env[environment.collectives] ?? '');
  const joining = { placement, memory, manners, env };
  return routes?.joinJob(joining) ?? together(joining, { collectives: manners });
}

function notComplete({ channels, rank, size }: Engine, { absent }: Membership): MpiError {
  const missing = [...channels.keys()].filter((other) => other !== rank && !channels[other]);
  const why = absent(missing);
  return new MpiError(
    'ERR_OTHER',
    `rank ${rank}: of ${size} ranks these did not come: ${missing.join(', ')}${why && ` (${why})`}`,
  );
}

/** The port, with each command told on the way where the environment asks for it. */
function shown(port: Port): Port {
  const to = process.env[environment.trace];
  if (to === undefined || to === '') return port;
  const fd = to === '-' ? 2 : openSync(to, 'a');
  const sink = (line: string) => void writeSync(fd, `${line}\n`);
  return traced(port, { sink, clock: machineClock, terse: true, describeDataOut: describeMessage });
}

/** The process ends, with or without finalize(): leaves nothing behind. */
function abandon(): void {
  if (!opened) return;
  const { engine, placement, membership } = opened;
  opened = undefined;
  engine.leaving = true;
  engine.port[Symbol.dispose]();
  membership.close();
  if (placement.launcher === 'ipscsi') return; // which tidies up
  if (engine.channels.some((channel) => channel?.dead)) sweepDead(placement.directory);
  leaveDirectory(placement.directory);
}

/** Removes what jobs left all of whose ranks were killed, under launchers that know nothing of our directories. */
function sweepJobs(parent: string): void {
  const ours = lstatSync(parent, { throwIfNoEntry: false })?.uid === process.geteuid?.();
  for (const name of ours ? readdirSync(parent) : []) {
    if (!name.startsWith('mpi-') || /^mpi-\d+$/.test(name)) continue; // `ipscsi mpirun` sweeps its own
    sweepJob(join(parent, name));
  }
}

function quit({ rank, pmi }: Placement, code: number, why: string): never {
  process.stderr.write(`rank ${rank}: ${why}; ending the job\n`);
  pmi?.abort(code, why);
  process.exit(code);
}

function alive(): Life {
  if (life && !ended) return life;
  throw new MpiError('ERR_OTHER', ended ? 'mpi.finalize() was called' : 'mpi.init() comes first');
}

/** Joins the job; the first call of every rank. Gives MPI_COMM_WORLD. */
function init(options: InitOptions = {}): Communicator {
  if (life) throw new MpiError('ERR_OTHER', 'mpi.init() was called already');
  life = begin(options);
  return life.world;
}

/** Leaves the job; the last call of every rank. */
function finalize(): void {
  const { engine, world, self, placement, page } = alive();
  engine.note(operationNumber('finalize'), -1, 0, 0);
  self.deleteAttributes(); // the first thing: libraries end themselves so (§11.2.4)
  engine.leaving = true;
  world.barrier();
  while (!engine.quiet) if (engine.progress() === 0) engine.port.wait(1);
  opened?.membership.settle();
  ended = true;
  engine.watch.words[ActivityWord.phase] = Phase.finalized;
  placement.pmi?.finalize();
  abandon();
  page?.close();
}

/** Memory in our region: sends from it are fetched by the receiver itself, once. A number gives that many bytes. */
function alloc(bytes: number): Uint8Array;
function alloc<T extends TypedArray>(type: TypedArrayClass<T>, length: number): T;
function alloc<T extends TypedArray>(what: number | TypedArrayClass<T>, length = 0): Uint8Array | T {
  const { engine } = alive();
  const bytes = typeof what === 'number' ? what : what.BYTES_PER_ELEMENT * length;
  const memory = allocate(engine, bytes);
  engine.staging.know(memory);
  return typeof what === 'number' ? memory : new what(memory.buffer, memory.byteOffset, length);
}

function allocate(engine: Engine, bytes: number): Uint8Array {
  try {
    if (bytes < copyFriendlyMargin) return engine.port.allocate(bytes);
    const memory = engine.port.allocate(bytes + copyFriendlyMargin);
    const at = copyFriendly(memory, 0);
    return memory.subarray(at, at + bytes);
  } catch (cause) {
    const message = `${bytes} bytes: ${String(cause)}; mpi.init({ memory }) sets how much there is`;
    throw new MpiError('ERR_NO_MEM', message, { cause });
  }
}

/** MPI. Calls have the standard's names in JavaScript's spelling; docs/mpi.md lists them. */
export const mpi = {
  init,
  finalize,
  alloc,
  get initialized(): boolean {
    return life !== undefined;
  },
  get finalized(): boolean {
    return ended;
  },
  get world(): Communicator {
    return alive().world;
  },
  get self(): Communicator {
    return alive().self;
  },
  /** Seconds, from an arbitrary moment. */
  wtime: (): number => realClock.now() / 1000,
  /** Seconds between two moments that wtime() can tell apart. */
  wtick: (): number => 1e-9,
  /** MPI_Get_processor_name: what the host is called. */
  processorName: hostname(),
  startAll,
  waitAll,
  waitAny,
  waitSome,
  testAll,
  testAny,
  testSome,
  createKeyval,
  createOp: ops.createOp,
  cartCreate,
  dimsCreate,
  ANY_SOURCE,
  ANY_TAG,
  PROC_NULL,
  UNDEFINED,
  TAG_UB,
  IN_PLACE,
  SUM: ops.SUM,
  PROD: ops.PROD,
  MAX: ops.MAX,
  MIN: ops.MIN,
  LAND: ops.LAND,
  LOR: ops.LOR,
  LXOR: ops.LXOR,
  BAND: ops.BAND,
  BOR: ops.BOR,
  BXOR: ops.BXOR,
  MINLOC: ops.MINLOC,
  MAXLOC: ops.MAXLOC,
  ErrorClass,
  MpiError,
  Status,
} as const;

export type { CartesianCommunicator, Communicator, Group, MpiError, Request, Status };
