/** Names and secrets that a host of a bus file needs, read and compared. */

import type { Credentials, InitiatorChap } from '../../iscsi.ts';
import type { BusFile, BusHost, ChapIdentity, HostChap } from './bus-file.ts';
import { Findings } from './mistakes.ts';
import { readSecret } from './secrets.ts';

/** What a host proves itself by, and what it asks others to prove; hosts without CHAP are not in it. */
export interface HostSecrets {
  /** What it proves itself by as a target; undefined: it does not listen. */
  readonly own: Credentials | undefined;
  /** By host: what those prove themselves by who log in to it. */
  readonly members: ReadonlyMap<string, Credentials>;
  /** By host: how it logs in to those that have portals. */
  readonly towards: ReadonlyMap<string, InitiatorChap>;
}

/** Reads secrets, each once; those that can't be read, or are equal to another, are findings. */
class SecretReader {
  readonly findings = new Findings();
  readonly #environment: NodeJS.ProcessEnv;
  readonly #read = new Map<ChapIdentity, Credentials | undefined>();
  readonly #owners = new Map<string, { readonly host: string; readonly identity: ChapIdentity }>();

  constructor(environment: NodeJS.ProcessEnv) {
    this.#environment = environment;
  }

  credentials(host: string, identity: ChapIdentity): Credentials | undefined {
    if (!this.#read.has(identity)) this.#read.set(identity, this.#credentials(host, identity));
    return this.#read.get(identity);
  }

  #credentials(host: string, identity: ChapIdentity): Credentials | undefined {
    const { name, line } = identity;
    const secret = this.findings.try(line, () => readSecret(identity.secret, this.#environment), `${host}: `);
    if (secret === undefined) return undefined;
    const other = this.#owners.get(secret);
    if (other)
      this.findings.mistake(
        line,
        `${host} has the same secret as ${other.host} (line ${other.identity.line})`,
        'a secret for each host and role (RFC 7143 §9.2.1)',
        'who knows it can pass for both: make another',
      );
    this.#owners.set(secret, { host, identity });
    return { name, secret };
  }
}

type Chapped = BusHost & { readonly chap: HostChap };
const hasChap = (host: BusHost): host is Chapped => host.chap !== undefined;

/** What others prove themselves by at a host. */
function membersOf(peers: readonly BusHost[], reader: SecretReader): ReadonlyMap<string, Credentials> {
  const members = new Map<string, Credentials>();
  for (const peer of peers.filter(hasChap)) {
    const member = reader.credentials(peer.name, peer.chap.initiator);
    if (member) members.set(peer.name, member);
  }
  return members;
}

/** How a host logs in; a target that has CHAP must prove itself too. */
function loginsOf(
  host: Chapped,
  peers: readonly BusHost[],
  reader: SecretReader,
): ReadonlyMap<string, InitiatorChap> {
  const own = reader.credentials(host.name, host.chap.initiator);
  const logins = new Map<string, InitiatorChap>();
  for (const peer of peers.filter(({ portals }) => portals.length > 0)) {
    const target = peer.chap && reader.credentials(peer.name, peer.chap.target);
    if (own) logins.set(peer.name, { ...own, ...(target ? { target } : {}) });
  }
  return logins;
}

/**
 * Reads the secrets that a host needs: its own, and those of all hosts that it meets, as it has to verify them.
 * @throws BusFileError with the line of each that can't be used
 */
export function readChap(
  file: BusFile,
  host: BusHost,
  environment: NodeJS.ProcessEnv = process.env,
): HostSecrets {
  if (!hasChap(host)) return { own: undefined, members: new Map(), towards: new Map() };
  const reader = new SecretReader(environment);
  const peers = file.hosts.filter((peer) => peer !== host);
  const listens = host.listen.length > 0;
  const towards = loginsOf(host, peers, reader);
  const own = listens ? reader.credentials(host.name, host.chap.target) : undefined;
  const members = listens ? membersOf(peers, reader) : new Map<string, Credentials>();
  reader.findings.settle(file.file);
  return { own, members, towards };
}
