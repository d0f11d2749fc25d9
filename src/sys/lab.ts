/** For tests: network namespaces of their own, and why there may be none. Nothing outside them is touched. */

import { accessSync, closeSync, constants } from 'node:fs';
import { createNamespace, withNamespace } from './namespaces.ts';
import { Netlink } from './netlink.ts';
import { CAP_NET_ADMIN, CAP_SYS_ADMIN, hasCapability } from './privileges.ts';

/** Why a test that makes namespaces is skipped; false: it is not. */
export const noNamespaces: string | false =
  hasCapability(CAP_SYS_ADMIN) && hasCapability(CAP_NET_ADMIN)
    ? false
    : 'needs root, or: unshare -Urn npm test';

/** Why a test that makes TAP devices is skipped; false: it is not. */
export const noTaps: string | false = noNamespaces || tunRefused();

function tunRefused(): string | false {
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
    return false;
  } catch {
    return 'needs /dev/net/tun';
  }
}

/** Namespaces (descriptors) that end with the test, whatever happens. */
export class Lab implements Disposable {
  readonly #namespaces: number[] = [];

  namespace(): number {
    const made = createNamespace();
    this.#namespaces.push(made);
    return made;
  }

  [Symbol.dispose](): void {
    for (const namespace of this.#namespaces) closeSync(namespace);
  }
}

/** Configuration of a namespace. */
export const netlinkIn = (namespace: number): Netlink => withNamespace(namespace, () => new Netlink());
