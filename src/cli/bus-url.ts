/**
 * The URL of a bus: `shm:NAME` or `shm:/absolute/directory`, `iscsi:FILE` or `iscsi://PORTAL/TARGET`, `sg:/dev/sgN`, `tcmu:NAME`.
 * Pure: nothing is opened or looked for.
 */

import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { parseIscsiName } from '../transport/iscsi/names.ts';
import { usageError } from './failure.ts';

const expected = 'shm:NAME, shm:/DIRECTORY, iscsi:FILE, iscsi://HOST/TARGET, sg:/dev/sgN or tcmu:NAME';
/** A name becomes a directory's name. */
const busName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const busNameExpected = '1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first';
/** A Unix socket's path has at most 107 bytes (unix(7)), and ours adds up to "/255.sock.new" to the directory. */
const longestDirectory = 90;

interface AnyBus {
  /** In one spelling. */
  readonly url: string;
  /** Where those of its hosts that are on this machine meet: IDs' locks and control sockets; for shm, the bus itself. */
  readonly directory: string;
}

/** Hosts of one machine that share memory. */
interface ShmBus extends AnyBus {
  readonly kind: 'shm';
}

/** Machines that a file names (docs/config.md). */
export interface IscsiFileBus extends AnyBus {
  readonly kind: 'iscsi-file';
  /** Absolute. */
  readonly path: string;
}

/** One iSCSI target, or all that a portal offers. */
export interface IscsiPortalBus extends AnyBus {
  readonly kind: 'iscsi';
  /** "host:port". */
  readonly portal: string;
  readonly target: string | undefined;
  readonly lun: number | undefined;
}

/** Devices that Linux' own SCSI stack reaches. */
export interface SgBus extends AnyBus {
  readonly kind: 'sg';
  /** "/dev/sg3"; none: all that there are. */
  readonly devices: readonly string[];
}

/** A logical unit that Linux' own target (LIO) offers, with us behind it. */
export interface TcmuBus extends AnyBus {
  readonly kind: 'tcmu';
  readonly name: string;
}

/** A bus's URL, taken apart and checked. */
export type BusUrl = ShmBus | IscsiFileBus | IscsiPortalBus | SgBus | TcmuBus;

const userDirectory = (uid: number) => `/dev/shm/ipscsi.${uid}`;

/** No shm bus can have such a name. */
function meetingPlace(kind: string, what: string, uid: number): string {
  const digest = createHash('sha256').update(what).digest('hex').slice(0, 16);
  return `${userDirectory(uid)}/@${kind}-${digest}`;
}

function checkDirectory(directory: string): string {
  const path = posix.normalize(directory).replace(/\/$/, '');
  if (path === '' || /\p{Cc}/u.test(path))
    throw usageError(`${JSON.stringify(directory)} can't be a bus's directory`, 'shm:/absolute/directory');
  const length = Buffer.byteLength(path);
  if (length > longestDirectory)
    throw usageError(
      `the bus's directory has a path of ${length} bytes`,
      `at most ${longestDirectory}, so that sockets fit in it`,
      'choose a shorter one',
    );
  return path;
}

function parseShm(rest: string, uid: number): ShmBus {
  if (rest.startsWith('/')) {
    const directory = checkDirectory(rest);
    return { kind: 'shm', url: `shm:${directory}`, directory };
  }
  if (!busName.test(rest))
    throw usageError(`${JSON.stringify(rest)} can't be a bus's name`, busNameExpected, 'for example shm:lab');
  return { kind: 'shm', url: `shm:${rest}`, directory: `${userDirectory(uid)}/${rest}` };
}

const iscsiExpected = 'iscsi:FILE.toml, or iscsi://HOST[:PORT][/TARGET[/LUN]]';
const defaultPort = 3260;

/** A portal in one spelling, port included; undefined: it is none. */
function portalOf(text: string): string | undefined {
  const match = /^(\[[0-9A-Fa-f:.%\w]+\]|[^:,[\]\s/@]+)(?::(\d{1,5}))?$/.exec(text);
  const port = Number(match?.[2] ?? defaultPort);
  return match?.[1] === undefined || port > 65_535 ? undefined : `${match[1]}:${port}`;
}

function parseIscsi(rest: string, uid: number): IscsiFileBus | IscsiPortalBus {
  if (!rest.startsWith('//')) {
    if (rest === '' || rest.includes('\0'))
      throw usageError(`${JSON.stringify(rest)} can't be a file's name`, iscsiExpected);
    const path = posix.resolve(rest);
    return { kind: 'iscsi-file', url: `iscsi:${path}`, path, directory: meetingPlace('iscsi', path, uid) };
  }
  const [host = '', name, unit, ...more] = rest.slice(2).replace(/\/$/, '').split('/');
  const portal = portalOf(host);
  const target = name === undefined ? undefined : parseIscsiName(name);
  const lun = unit === undefined ? undefined : /^\d{1,5}$/.test(unit) ? Number(unit) : Number.NaN;
  const valid = portal && (name === undefined || target) && !(lun !== undefined && !(lun < 0x4000));
  if (!valid || more.length > 0)
    throw usageError(
      `iscsi:${rest} is not valid`,
      iscsiExpected,
      'a TARGET is a name such as iqn.2026-01.org.example:beta',
    );
  const url = ['iscsi:/', portal, target, lun].filter((part) => part !== undefined).join('/');
  const directory = meetingPlace('iscsi', `${portal}/${target ?? ''}`, uid);
  return { kind: 'iscsi', url, directory, portal, target, lun };
}

function parseSg(rest: string, uid: number): SgBus {
  const devices = rest === '' ? [] : rest.split(',').map((path) => posix.normalize(path));
  const odd = devices.find((path) => !/^\/[^\s\0]+$/.test(path) || path.length > 255);
  if (odd !== undefined)
    throw usageError(
      `${JSON.stringify(odd)} can't be an sg device`,
      'sg:/dev/sgN, several separated by commas',
    );
  return {
    kind: 'sg',
    url: `sg:${devices.join(',')}`,
    devices,
    directory: meetingPlace('sg', devices.join(), uid),
  };
}

function parseTcmu(name: string, uid: number): TcmuBus {
  if (!busName.test(name))
    throw usageError(
      `${JSON.stringify(name)} can't be a bus's name`,
      busNameExpected,
      'for example tcmu:lab',
    );
  return { kind: 'tcmu', url: `tcmu:${name}`, name, directory: `${userDirectory(uid)}/@tcmu-${name}` };
}

/** Takes a bus's URL apart. @throws CliError */
export function parseBusUrl(url: string, uid: number = process.geteuid?.() ?? 0): BusUrl {
  const [, scheme, rest = ''] = /^([A-Za-z][A-Za-z0-9+-]*):(.*)$/s.exec(url) ?? [];
  switch (scheme) {
    case 'shm':
      return parseShm(rest, uid);
    case 'iscsi':
      return parseIscsi(rest, uid);
    case 'sg':
      return parseSg(rest, uid);
    case 'tcmu':
      return parseTcmu(rest, uid);
    case 'memory':
      throw usageError(
        'a memory: bus lives within one process',
        expected,
        'hosts of their own meet on a shm: bus',
      );
    case undefined:
      throw usageError(`bus ${JSON.stringify(url)} has no scheme`, expected, `did you mean shm:${url}?`);
    default:
      throw usageError(`unknown kind of bus ${JSON.stringify(scheme)}`, expected);
  }
}

/** The directory in which a bus's hosts meet. @throws CliError */
export const busDirectory = (url: string): string => parseBusUrl(url).directory;
