/** A user-backed device in configfs: made, or taken over from a daemon that died; its map opened; taken away. */

import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { UioDevice } from '../../sys/uio.ts';
import { dismantle, exportsOf, perform, type Step } from './configfs.ts';
import { TcmuError } from './options.ts';

/** Our devices stand together below one number, so that they are told from others'. */
const hba = 2143;
const uioClass = '/sys/class/uio';
/** For attributes that tell of a disk; ours is none. */
const sectorSize = 512;

export interface BackstoreOptions {
  /** Its name in configfs. */
  readonly name: string;
  /** Seconds until the kernel ends a command that was not answered. */
  readonly timeLimit: number;
  /** MiB. */
  readonly dataArea: number;
}

const read = (path: string) => {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch {
    return undefined;
  }
};

/** Where it is in configfs. */
export const backstorePath = (root: string, name: string): string => join(root, 'core', `user_${hba}`, name);

/** How the kernel names a device's map. */
const uioNameOf = (name: string) => `tcm-user/${hba}/${name}/ipscsi/${name}`;

export class Backstore {
  readonly path: string;
  readonly name: string;
  readonly uio: UioDevice;
  readonly #root: string;
  /** A daemon that died left it. */
  readonly inherited: boolean;

  private constructor(root: string, name: string, uio: UioDevice, inherited: boolean) {
    this.#root = root;
    this.name = name;
    this.path = backstorePath(root, name);
    this.uio = uio;
    this.inherited = inherited;
  }

  /** @throws TcmuError, NodeJS.ErrnoException */
  static open(root: string, options: BackstoreOptions): Backstore {
    const { name } = options;
    const path = backstorePath(root, name);
    const inherited = read(join(path, 'enable')) === '1';
    if (!inherited) makeDevice(path, options);
    try {
      const store = new Backstore(root, name, openMap(name), inherited);
      if (inherited) store.block();
      return store;
    } catch (error) {
      if (!inherited) dismantle(path);
      throw error;
    }
  }

  #act(name: string, text: string): void {
    perform({ do: 'write', path: join(this.path, 'action', name), text });
  }

  /** Ends all commands and lets none in: they are told BUSY. The ring is empty then. */
  block(): void {
    this.#act('block_dev', '1');
    this.#act('reset_ring', '1');
  }

  unblock(): void {
    this.#act('block_dev', '0');
  }

  /** Seconds until the kernel ends a command: for one that was taken over, what its first owner chose. */
  get timeLimit(): number {
    return Number(read(join(this.path, 'attrib/cmd_time_out')));
  }

  /** The fabric ports that export it. */
  get exports(): readonly string[] {
    return exportsOf(this.#root, this.path);
  }

  /** Nobody else took it away. */
  get present(): boolean {
    return existsSync(this.path);
  }

  /** Gives up the map; the device itself stays. */
  close(): void {
    this.uio[Symbol.dispose]();
  }

  /** Takes it away, once nothing exports it any more. */
  remove(): void {
    this.close();
    dismantle(this.path);
    removeHba(this.#root);
  }
}

function removeHba(root: string): void {
  try {
    rmdirSync(join(root, 'core', `user_${hba}`));
  } catch {
    // others' devices are there
  }
}

function makeDevice(path: string, { name, timeLimit, dataArea }: BackstoreOptions): void {
  const write = (file: string, text: string): Step => ({ do: 'write', path: join(path, file), text });
  const attempt = (file: string, text: string): Step => ({ ...write(file, text), optional: true }) as Step;
  const steps: readonly Step[] = [
    { do: 'mkdir', path },
    write('control', `dev_config=ipscsi/${name},dev_size=${sectorSize},hw_block_size=${sectorSize}`),
    write('control', `nl_reply_supported=-1,max_data_area_mb=${dataArea}`),
    // Since Linux 5.13: pieces of 64 KiB, so that a datagram lies in one piece; a small ring.
    attempt('control', 'data_pages_per_blk=16'),
    attempt('control', 'cmd_ring_size_mb=1'),
    write('enable', '1'),
    write('attrib/cmd_time_out', String(timeLimit)),
    attempt('attrib/tmr_notification', '1'),
  ];
  for (const step of steps) perform(step);
}

/** Looks for the map by its name. */
function openMap(name: string): UioDevice {
  const node = readdirSync(uioClass).find((uio) => read(join(uioClass, uio, 'name')) === uioNameOf(name));
  if (node === undefined) throw new TcmuError('kernel', `no ${uioClass}/uio* is called ${uioNameOf(name)}`);
  const size = Number(read(join(uioClass, node, 'maps/map0/size')));
  try {
    return new UioDevice(`/dev/${node}`, size);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EBUSY')
      throw new TcmuError('id-taken', `/dev/${node} (${name}) is served by another process`);
    if (code === 'ENOENT')
      throw new TcmuError('kernel', `no /dev/${node}: is /dev a devtmpfs?`, { cause: error });
    throw error;
  }
}

/**
 * Takes away devices that daemons left when they died, with the fabric ports that export them. `isMeant`: by name.
 * Devices that are served stay. Returns their names.
 */
export function sweepBackstores(root: string, isMeant: (name: string) => boolean): readonly string[] {
  let names: string[];
  try {
    names = readdirSync(join(root, 'core', `user_${hba}`), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && isMeant(entry.name))
      .map((entry) => entry.name);
  } catch {
    return [];
  }
  return names.filter((name) => sweepOne(root, name));
}

function sweepOne(root: string, name: string): boolean {
  const path = backstorePath(root, name);
  if (read(join(path, 'enable')) !== '1') return dismantle(path);
  let store: Backstore;
  try {
    store = Backstore.open(root, { name, timeLimit: 0, dataArea: 0 });
  } catch (error) {
    if (error instanceof TcmuError && error.fault === 'id-taken') return false;
    throw error;
  }
  for (const port of store.exports) dismantle(port);
  store.remove();
  return true;
}
