/** Portals in a bus file: "host:port", "[v6]:port", port 3260 unless told; stricter than what peers may announce. */

import { formatIP, parseIP } from '../../bytes/addresses.ts';
import { unfitAddress } from '../../bytes/subnets.ts';
import { formatPortal, parsePortal } from '../../transport/iscsi/addresses.ts';
import { usageError } from '../failure.ts';

export interface FilePortal {
  /** In one spelling. */
  readonly text: string;
  readonly port: number;
  /** Undefined: a name. */
  readonly ip: Uint8Array | undefined;
}

export const portalForms = '"HOST:PORT", "ADDRESS:PORT" or "[IPV6]:PORT"';
/** A name as DNS has them (RFC 1123 §2.1), a final dot allowed. */
const dnsName =
  /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?)*\.?$/;

const malformed = (text: string, hint?: string) =>
  usageError(`portal ${JSON.stringify(text)} is malformed`, portalForms, hint);

function ipOf(host: string): Uint8Array | undefined {
  try {
    return parseIP(host);
  } catch {
    return undefined;
  }
}

/** @throws CliError */
export function parseFilePortal(text: string): FilePortal {
  if (ipOf(text)?.length === 16) throw malformed(text, `IPv6 addresses stand in brackets: "[${text}]:3260"`);
  if (text.includes(',')) throw malformed(text, 'a portal has no group here');
  if (/^\w+:\/\//.test(text)) throw malformed(text, 'a portal is no URL');
  let parsed: { readonly host: string; readonly port: number };
  try {
    parsed = parsePortal(text);
  } catch {
    throw malformed(text);
  }
  const { port } = parsed;
  if (port === 0)
    throw usageError(`portal ${JSON.stringify(text)} has port 0`, 'a port from 1 to 65535', 'iSCSI has 3260');
  const host = parsed.host.toLowerCase();
  const ip = ipOf(host);
  if (ip) return { text: formatPortal({ host: formatIP(ip), port }), port, ip };
  if (host.includes('%')) throw malformed(text, 'link-local addresses mean another interface on every host');
  if (/^[\d.]+$/.test(host)) throw malformed(text, `${host} is no IPv4 address`);
  if (!dnsName.test(host)) throw malformed(text);
  return { text: formatPortal({ host, port }), port, ip: undefined };
}

/** A portal that others connect to. @throws CliError */
export function parseReachablePortal(text: string): FilePortal {
  const portal = parseFilePortal(text);
  const unfit = portal.ip && unfitAddress(portal.ip);
  if (unfit === undefined) return portal;
  throw usageError(
    `portal ${JSON.stringify(text)} is ${unfit}: nobody can connect to it`,
    'an address by which other hosts reach this one',
    'where to listen is said by "listen"',
  );
}

/**
 * Where a host listens that does not say so: at its portals' addresses. What a name means may differ from
 * machine to machine (127.0.1.1 in Debian's /etc/hosts), so for a name it is every address, IPv4's included.
 */
export function usualListen(portals: readonly FilePortal[]): string[] {
  const everywhere = new Set(portals.filter(({ ip }) => ip === undefined).map(({ port }) => port));
  const narrow = portals.filter(({ port }) => !everywhere.has(port)).map(({ text }) => text);
  return [...[...everywhere].map((port) => `[::]:${port}`), ...narrow];
}
