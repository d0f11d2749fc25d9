/**
 * Opens a TCMU port: user-backed devices and their fabric, all in configfs. What a daemon that died left behind under the
 * same names is taken over, so that initiators keep their devices; what else it left of the same ID is taken away.
 *
 * A fabric may look at a device as soon as that is linked into it (tcm_loop scans: INQUIRY, REPORT LUNS), and waits for
 * the answers. So the links are made by a thread of their own, from the first poll on; `fabric` tells how that went.
 *
 * For tests and tools: `openTcmuPort({ bus, id: 1, width: 8, fabric: { kind: 'loopback' }, peers: [{ id: 0 }] })`, set
 * `target`, poll until `fabric` is 'up'; `loopbackNode(port, 0)` is then where that peer finds us: "/dev/sg3".
 */

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';
import { type Clock, realClock } from '../../time/clock.ts';
import { Backstore, backstorePath, sweepBackstores } from './backstore.ts';
import { dismantle, exportsOf, perform, targetRoot } from './configfs.ts';
import { TcmuDevice } from './device.ts';
import { Errand } from './errand.ts';
import { fabrics, type Plan, planFabric } from './fabrics.ts';
import { TcmuError, type TcmuOptions } from './options.ts';
import { type Backing, TcmuPort } from './port.ts';

const usualTimeLimit = 30;
const usualDataArea = 8;
/** Of the kernel's time limit, the part for which a target may hold a command. */
const share = 2 / 3;
/** How long a step in configfs may take to end once the devices are blocked. */
const cancelMs = 5000;

const nameOf = (bus: string, id: number, peer: number) => `ipscsi.${bus}.${id}.${peer}`;

function checkOptions({ bus, id, width, peers, timeLimit, dataArea }: TcmuOptions): void {
  const wrong = (what: string) => new TcmuError('bad-option', what);
  if (!/^[A-Za-z0-9][\w.-]{0,63}$/.test(bus)) throw wrong(`'${bus}' cannot be the name of a bus in configfs`);
  const isId = (one: number) => Number.isInteger(one) && one >= 0 && one < width;
  if (!isId(id)) throw wrong(`ID ${id} is not on a bus of ${width}`);
  const ids = peers.map((peer) => peer.id);
  if (ids.length === 0 || ids.length > 30) throw wrong(`1 to 30 peers, not ${ids.length}`);
  for (const one of ids) if (!isId(one) || one === id) throw wrong(`no peer can have ID ${one}`);
  if (new Set(ids).size < ids.length) throw wrong('two peers have the same ID');
  for (const number of [timeLimit ?? 1, dataArea ?? 1])
    if (!Number.isInteger(number) || number < 1 || number > 3600) throw wrong(`${number}: 1 to 3600`);
}

/** Loads what is not there. Names with '-' show with '_'. */
function needModules(root: string, modules: readonly string[]): void {
  const missing = ['target_core_user', ...modules].filter((name) => !existsSync(`/sys/module/${name}`));
  if (missing.length > 0) {
    const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
    const { status, stderr, error } = spawnSync('modprobe', ['-a', ...missing], { encoding: 'utf8', env });
    if (status !== 0) {
      const why = error?.message ?? stderr.trim().replaceAll('\n', '; ');
      const fault = process.getuid?.() === 0 ? 'no-module' : 'permission';
      throw new TcmuError(fault, `cannot load ${missing.join(', ')}: ${why}`);
    }
  }
  if (!existsSync(root))
    throw new TcmuError('no-module', `no ${root}: mount -t configfs configfs /sys/kernel/config`);
}

/** The devices in configfs behind a port. */
class KernelBacking implements Backing {
  readonly #stores: readonly Backstore[];
  readonly #plan: Plan;
  readonly #errand = new Errand();
  #ended = false;

  constructor(stores: readonly Backstore[], plan: Plan) {
    this.#stores = stores;
    this.#plan = plan;
  }

  get fd(): number {
    return this.#errand.bell;
  }

  begin(): void {
    for (const store of this.#stores) if (store.inherited) store.unblock();
    this.#errand.start(this.#plan.link);
  }

  settled(): { readonly failure: string | undefined } | undefined {
    if (!this.#errand.ended) return undefined;
    readSync(this.#errand.bell, new Uint8Array(8));
    return { failure: this.#errand.failure };
  }

  #storeOf({ bell }: TcmuDevice): Backstore | undefined {
    return this.#stores.find(({ uio }) => uio === bell);
  }

  resetRing(device: TcmuDevice): void {
    const store = this.#storeOf(device);
    store?.block();
    device.reset();
    store?.unblock();
  }

  lost(device: TcmuDevice): void {
    this.#storeOf(device)?.close();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const store of this.#stores) if (store.present) store.block();
    const idle = this.#errand.cancel(cancelMs);
    for (const port of this.#plan.ports) dismantle(port);
    for (const store of this.#stores) store.remove();
    if (idle) this.#errand.close();
  }
}

/** Milliseconds for which a target may hold a command, on a fabric and with devices of these time limits, in seconds. */
export function patienceOf(kind: TcmuOptions['fabric']['kind'], timeLimits: readonly number[]): number {
  const { longestWait = Number.POSITIVE_INFINITY } = fabrics[kind];
  return Math.min(longestWait, ...timeLimits.map((seconds) => share * 1000 * seconds));
}

/** Brings a target port up. @throws TcmuError */
export function openTcmuPort(options: TcmuOptions, clock: Clock = realClock): TcmuPort {
  checkOptions(options);
  if (endianness() !== 'LE') throw new TcmuError('kernel', 'this needs a little endian machine');
  const root = targetRoot;
  const stores: Backstore[] = [];
  let plan: Plan | undefined;
  try {
    needModules(root, fabrics[options.fabric.kind].modules);
    plan = prepare(root, options, stores);
    const devices = stores.map((store, i) => {
      const { id, initiator } = options.peers[i] as TcmuOptions['peers'][number];
      const identity = { initiator: id, name: initiator ?? store.name, lun: options.lun ?? 0 };
      return new TcmuDevice(identity, store.uio.memory, store.uio);
    });
    const { bus, id, width } = options;
    const backing = new KernelBacking(stores, plan);
    const limits = stores.map(({ timeLimit }) => timeLimit);
    const patience = patienceOf(options.fabric.kind, limits);
    return new TcmuPort({ bus, id, width, devices, backing, clock, patience });
  } catch (error) {
    for (const port of plan?.ports ?? []) dismantle(port);
    for (const store of stores) {
      for (const port of store.exports) dismantle(port);
      store.remove();
    }
    throw asTcmuError(error);
  }
}

/** Makes the devices, into `stores`, and all of the fabric but the links. */
function prepare(root: string, options: TcmuOptions, stores: Backstore[]): Plan {
  const { bus, id, peers, timeLimit = usualTimeLimit, dataArea = usualDataArea } = options;
  const names = peers.map((peer) => nameOf(bus, id, peer.id));
  const prefix = `ipscsi.${bus}.${id}.`; // a bus's name may hold dots
  const isOurs = (name: string) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length));
  sweepBackstores(root, (name) => isOurs(name) && !names.includes(name));
  for (const name of names) stores.push(Backstore.open(root, { name, timeLimit, dataArea }));
  const exported = peers.map((peer, i) => ({ peer, backstore: (stores[i] as Backstore).path }));
  const plan = planFabric(root, options, exported);
  for (const store of stores)
    for (const port of store.exports) if (!plan.ports.includes(port)) dismantle(port);
  for (const step of plan.prepare) perform(step);
  return plan;
}

function asTcmuError(error: unknown): TcmuError {
  if (error instanceof TcmuError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const fault = code === 'EACCES' || code === 'EPERM' ? 'permission' : 'kernel';
  return new TcmuError(fault, message, { cause: error });
}

/** Takes away what daemons of any bus left when they died. Returns the names of the devices. @throws TcmuError */
export function sweepTcmu(): readonly string[] {
  try {
    return sweepBackstores(targetRoot, (name) => name.startsWith('ipscsi.'));
  } catch (error) {
    throw asTcmuError(error);
  }
}

const contents = (path: string): readonly string[] => (existsSync(path) ? readdirSync(path) : []);

/** Where, on this machine, the given peer of a port on the loopback fabric finds us: "/dev/sg3"; undefined while it is not up. */
export function loopbackNode(port: TcmuPort, peer: number): string | undefined {
  const [exported] = exportsOf(targetRoot, backstorePath(targetRoot, nameOf(port.bus, port.id, peer)));
  if (!exported?.startsWith(join(targetRoot, 'loopback'))) return undefined;
  const address = readFileSync(join(exported, 'tpgt_1/address'), 'latin1').trim(); // host:channel:target
  const [node] = contents(`/sys/class/scsi_device/${address}:0/device/scsi_generic`);
  return node && `/dev/${node}`;
}
