/** An sshd of the test's own, with keys of its own, in a host's namespace. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from './host.ts';
import type { Lab } from './lab.ts';
import { findProgram, run } from './processes.ts';

const sshPort = 2222;

/** What a client needs. */
export interface SshKeys {
  /** The client's private key. */
  readonly key: string;
  /** The server's public key, as a known_hosts file. */
  readonly known: string;
}

async function makeKey(path: string): Promise<string> {
  const { code, err } = await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', path]);
  assert.equal(code, 0, err);
  return readFileSync(`${path}.pub`, 'utf8');
}

/** Lets the test's own user in, by a key alone. */
export async function serveSsh(lab: Lab, host: Pick<Host, 'id' | 'ipv4' | 'place'>): Promise<SshKeys> {
  const [server, key, known] = ['server', 'client', 'known'].map((name) =>
    join(lab.files, `${name}-${host.id}`),
  );
  assert.ok(server && key && known);
  const [type, bytes] = (await makeKey(server)).split(' ');
  writeFileSync(`${key}.authorized`, await makeKey(key), { mode: 0o600 });
  writeFileSync(known, `[${host.ipv4}]:${sshPort} ${type} ${bytes}\n`);
  const settings = {
    AuthorizedKeysFile: `${key}.authorized`,
    HostKey: server,
    ListenAddress: host.ipv4,
    PermitRootLogin: 'prohibit-password',
    PidFile: 'none',
    Port: sshPort,
    StrictModes: 'no',
    UsePAM: 'no',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const program = findProgram('sshd') ?? 'sshd';
  // Debian's sshd wants an empty directory below /run; it gets one that nobody else sees.
  const prepare = 'mount -t tmpfs none /run && mkdir /run/sshd && exec "$@"';
  const command = ['unshare', '--mount', 'sh', '-c', prepare, 'sh', program, '-D', '-e', '-f', '/dev/null'];
  const sshd = lab.start(host.place, [...command, ...options]);
  await sshd.says(/Server listening/);
  return { key, known };
}
