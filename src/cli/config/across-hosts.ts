/** What can be wrong between hosts that are each right by themselves. */

import { formatIP, formatPrefix, type Prefix } from '../../bytes/addresses.ts';
import { contains, networkOf, overlap } from '../../bytes/subnets.ts';
import type { SecretRef } from './bus-file.ts';
import type { HostDraft } from './host-table.ts';
import type { Findings } from './mistakes.ts';
import type { Located } from './table-reader.ts';

/** Something that only one may have. */
interface Claim {
  /** What must be unique. */
  readonly key: string;
  /** How people call it. */
  readonly shown: string;
  readonly host: string;
  readonly line: number;
}

/** Says of every claim but the first who was first. */
function unique(claims: readonly Claim[], findings: Findings, expected: string, hint?: string): void {
  const first = new Map<string, Claim>();
  for (const claim of claims) {
    const { shown, host, line } = claim;
    const before = first.get(claim.key);
    if (before === undefined) first.set(claim.key, claim);
    else {
      const whose = before.host === host ? 'there already' : `${before.host}'s already`;
      findings.mistake(line, `${shown} of ${host} is ${whose} (line ${before.line})`, expected, hint);
    }
  }
}

/** One claim for each value of each host. */
function claims<T>(
  hosts: readonly HostDraft[],
  values: (host: HostDraft) => readonly Located<T>[],
  describe: (value: T) => { readonly key: string; readonly shown: string },
): Claim[] {
  return hosts.flatMap((host) =>
    values(host).map(({ value, line }) => ({ ...describe(value), host: host.name, line })),
  );
}

const present = <T>(value: T | undefined): readonly T[] => (value === undefined ? [] : [value]);

function freeIds(hosts: readonly HostDraft[], width: number): string {
  const taken = new Set(hosts.map(({ id }) => id?.value));
  const free = Array.from({ length: width }, (_, id) => id).filter((id) => !taken.has(id));
  if (free.length === 0) return 'none is free: make "width" greater';
  return `free: ${free.slice(0, 5).join(', ')}${free.length > 5 ? ', …' : ''}`;
}

const secretKey = (ref: SecretRef) => (ref.kind === 'file' ? `file ${ref.path}` : `variable ${ref.variable}`);

/** The identities of a host, each once. */
const identities = ({ chap }: HostDraft) =>
  chap ? [...new Set([chap.initiator, chap.target])].map((value) => ({ value, line: value.line })) : [];

function findTwins(hosts: readonly HostDraft[], width: number, findings: Findings): void {
  const names = claims(
    hosts,
    ({ name, line }) => [{ value: name, line }],
    (name) => ({
      key: name.toLowerCase(),
      shown: 'the name',
    }),
  );
  unique(names, findings, 'names that differ in more than capital letters');
  const ids = claims(
    hosts,
    ({ id }) => present(id),
    (id) => ({ key: String(id), shown: `SCSI ID ${id}` }),
  );
  unique(ids, findings, 'an ID that no other host has', freeIds(hosts, width));
  const iqns = claims(
    hosts,
    ({ iqn }) => present(iqn),
    (iqn) => ({ key: iqn, shown: `iSCSI name ${iqn}` }),
  );
  unique(iqns, findings, 'a name that no other host has', 'the default is made of the names of bus and host');
  const portals = claims(
    hosts,
    ({ portals: all }) => all,
    ({ text }) => ({ key: text, shown: `portal ${text}` }),
  );
  unique(portals, findings, 'another address or another port');
  for (const { name, listen = [] } of hosts) {
    const own = listen.map(({ value: { text }, line }) => ({
      key: text,
      shown: `${text} in "listen"`,
      host: name,
      line,
    }));
    unique(own, findings, 'each address and port once');
  }
  const addresses = claims(
    hosts,
    ({ addresses: all }) => all,
    ({ address }) => ({
      key: formatIP(address),
      shown: `address ${formatIP(address)}`,
    }),
  );
  unique(addresses, findings, 'an address that nobody else has');
}

function findSharedChap(hosts: readonly HostDraft[], findings: Findings): void {
  const names = claims(hosts, identities, ({ name }) => ({
    key: name,
    shown: `CHAP name ${JSON.stringify(name)}`,
  }));
  unique(names, findings, 'a name for each host and role');
  const secrets = claims(hosts, identities, ({ secret }) => ({
    key: secretKey(secret),
    shown: `secret in ${secretKey(secret)}`,
  }));
  unique(
    secrets,
    findings,
    'a secret for each host and role (RFC 7143 §9.2.1)',
    'who knows a secret can pass for everybody who uses it',
  );
}

interface HostPrefix {
  readonly host: string;
  readonly line: number;
  readonly prefix: Prefix;
}

/** Networks must be the same or apart: with different lengths, hosts disagree about who is on the bus. */
function findOverlaps(prefixes: readonly HostPrefix[], findings: Findings): void {
  const first = new Map<string, HostPrefix>();
  for (const { host, line, prefix } of prefixes) {
    const clash = [...first.values()].find(
      (one) => one.prefix.length !== prefix.length && overlap(one.prefix, prefix),
    );
    if (clash)
      findings.mistake(
        line,
        `${formatPrefix(prefix)} of ${host} overlaps ${networkOf(clash.prefix)} of ${clash.host} (line ${clash.line})`,
        `the same prefix length, /${clash.prefix.length}, or networks apart`,
      );
    const network = networkOf(prefix);
    if (!first.has(network)) first.set(network, { host, line, prefix });
  }
}

function findLonely(hosts: readonly HostDraft[], prefixes: readonly HostPrefix[], findings: Findings): void {
  if (hosts.length < 2) return;
  for (const { host, line, prefix } of prefixes) {
    const shared = prefixes.some((other) => other.host !== host && overlap(other.prefix, prefix));
    if (!shared)
      findings.warn(
        line,
        `no other host has an address in ${networkOf(prefix)}, where ${host} has ${formatIP(prefix.address)}`,
        'a network that at least two hosts share',
      );
  }
}

/** iSCSI's own connections can't travel over the interface that they carry. */
function findLoops(hosts: readonly HostDraft[], prefixes: readonly HostPrefix[], findings: Findings): void {
  for (const { name, portals } of hosts)
    for (const { value, line } of portals) {
      const { ip, text } = value;
      const inside = ip && prefixes.find(({ prefix }) => contains(prefix, ip));
      if (inside)
        findings.mistake(
          line,
          `portal ${text} of ${name} lies in the bus's own network ${networkOf(inside.prefix)} (line ${inside.line})`,
          'an address of the network beneath: iSCSI carries the bus, and cannot travel over it',
        );
    }
}

function findUnreachable(hosts: readonly HostDraft[], findings: Findings): void {
  const closed = hosts.filter(({ portals }) => portals.length === 0);
  const [one] = closed;
  if (one && closed.length === hosts.length) {
    findings.mistake(
      one.line,
      'no host has portals: nobody can connect to anybody',
      'portals for at least one host',
    );
    return;
  }
  if (one && closed.length > 1)
    findings.warn(
      one.line,
      `${closed.map(({ name }) => name).join(', ')} have no portals: they reach the others, but not each other`,
    );
  for (const { name, line, listen } of closed)
    if (listen && listen.length > 0)
      findings.warn(line, `${name} listens, but has no portals: no host of this bus will connect to it`);
}

function findOpenDoors(hosts: readonly HostDraft[], chapped: ReadonlySet<string>, findings: Findings): void {
  if (chapped.size === 0) return;
  for (const { name, line, portals } of hosts) {
    if (chapped.has(name)) continue;
    const open = portals.length > 0 ? ', and lets in whoever takes the name of one' : '';
    findings.warn(
      line,
      `${name} has no chap: it can't log in to hosts that have it${open}`,
      'chap for all hosts, or for none',
    );
  }
}

/** IPv6 wants every link to carry 1280 bytes (RFC 8200 §5). */
const leastMtuForIPv6 = 1280;

export interface BusWide {
  readonly width: number;
  readonly mtu: Located<number>;
  /** Hosts whose table has `chap`, right or wrong. */
  readonly chapped: ReadonlySet<string>;
}

export function compareHosts(
  hosts: readonly HostDraft[],
  { width, mtu, chapped }: BusWide,
  findings: Findings,
): void {
  findTwins(hosts, width, findings);
  findSharedChap(hosts, findings);
  const prefixes = hosts.flatMap(({ name, addresses }) =>
    addresses.map(({ value, line }) => ({ host: name, line, prefix: value })),
  );
  findOverlaps(prefixes, findings);
  findLoops(hosts, prefixes, findings);
  const v6 = prefixes.find(({ prefix }) => prefix.address.length === 16);
  if (v6 && mtu.value < leastMtuForIPv6)
    findings.mistake(
      mtu.line,
      `an MTU of ${mtu.value} is too small for IPv6 (line ${v6.line})`,
      'at least 1280 (RFC 8200 §5)',
    );
  findOpenDoors(hosts, chapped, findings);
  if (findings.mistakes.length > 0) return; // what seems to be missing may just be misspelt
  findLonely(hosts, prefixes, findings);
  findUnreachable(hosts, findings);
}
