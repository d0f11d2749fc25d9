/** What the demo needs of the machine: namespaces of its own and TAP devices, as root or in a user namespace. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { SystemError } from '../../sys/libc.ts';
import { createNamespace, withNamespace } from '../../sys/namespaces.ts';
import { Netlink } from '../../sys/netlink.ts';
import { CAP_NET_ADMIN, CAP_SYS_ADMIN, hasCapability } from '../../sys/privileges.ts';
import { openTap } from '../../sys/tap.ts';
import { CliError } from '../failure.ts';
import { leash } from './host-process.ts';

/** Set for the process that runs inside the user namespace. */
const insideMark = 'IPSCSI_IN_USER_NAMESPACE';
/** Root of a new user namespace, in a network namespace that belongs to it. */
const unshareOptions = ['--user', '--map-root-user', '--net'];

export const isRootless = (): boolean => process.env[insideMark] !== undefined;

/** Whether this process must be run again by `reexecInUserNamespace`. */
export const needsUserNamespace = (): boolean =>
  !isRootless() && !(hasCapability(CAP_SYS_ADMIN) && hasCapability(CAP_NET_ADMIN));

/**
 * Runs this program again, with `argv` after the program's name, in a user namespace of its own (unshare(1), of
 * util-linux), where it is root over its own namespaces and nothing else. Gives its exit code.
 * @throws CliError when the machine does not allow it
 */
export async function reexecInUserNamespace(argv: readonly string[]): Promise<number> {
  const probe = spawnSync('unshare', [...unshareOptions, 'true'], { encoding: 'utf8' });
  if (probe.error || probe.status !== 0) {
    const why = probe.error?.message ?? probe.stderr.trim();
    throw new CliError(
      'permission',
      `without root, a user namespace is needed, and none can be made (${why})`,
      'root, or unprivileged user namespaces allowed',
      'run it with sudo; or: sudo sysctl kernel.unprivileged_userns_clone=1 (Debian), ' +
        'kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu)',
    );
  }
  const again = [process.execPath, '--import', leash, process.argv[1] ?? '', ...argv];
  // Its own process group, so that a terminal's Ctrl-C reaches it once, through us.
  const child = spawn('unshare', [...unshareOptions, ...again], {
    detached: true,
    stdio: 'inherit',
    env: { ...process.env, [insideMark]: '1' },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => void child.kill(signal));
  const [code, signal]: [number | null, NodeJS.Signals | null] = (await once(child, 'exit')) as never;
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

export interface Abilities {
  /** Whether interfaces take IPv6 addresses. */
  readonly ipv6: boolean;
}

/** Makes a namespace and a TAP device, and takes them away again. @throws CliError saying what to do */
export function probeMachine(): Abilities {
  let namespace = -1;
  try {
    namespace = createNamespace();
    withNamespace(namespace, () => openTap().close());
    return { ipv6: withNamespace(namespace, takesIPv6) };
  } catch (error) {
    throw error instanceof SystemError ? explain(error) : error;
  } finally {
    if (namespace !== -1) closeSync(namespace);
  }
}

function takesIPv6(): boolean {
  using netlink = new Netlink();
  try {
    netlink.addAddress('lo', 'fd90::1/128');
    return true;
  } catch (error) {
    if (error instanceof SystemError) return false;
    throw error;
  }
}

function explain(error: SystemError): CliError {
  const refused = error.code === 'EACCES' || error.code === 'EPERM';
  if (error.syscall === 'open' && refused)
    return new CliError(
      'permission',
      `/dev/net/tun can't be opened: ${error.code}`,
      'read and write permission on it',
      isRootless()
        ? 'allow it to users (sudo chmod 0666 /dev/net/tun), or run this with sudo'
        : 'in a container: --device /dev/net/tun',
    );
  if (error.syscall === 'open')
    return new CliError(
      'unsupported',
      `/dev/net/tun is not there: ${error.code}`,
      'the TUN/TAP driver',
      'load it (sudo modprobe tun); in a container: --device /dev/net/tun',
    );
  if (refused)
    return new CliError(
      'permission',
      `${error.message}`,
      'the right to make network namespaces and interfaces',
      'run it with sudo; in a container: --cap-add SYS_ADMIN --cap-add NET_ADMIN',
    );
  return new CliError('failure', error.message);
}
