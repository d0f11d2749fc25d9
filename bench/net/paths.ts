/** What joins a client and a server: ipscsi, veth, loopback, socat. Each path has namespaces of its own. */

import { closeSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Guest } from '../../src/cli/demo/guest-process.ts';
import { HostProcess } from '../../src/cli/demo/host-process.ts';
import { joinByVeth, reach } from '../../src/cli/demo/measure.ts';
import { createNamespace, withNamespace } from '../../src/sys/namespaces.ts';
import { Netlink } from '../../src/sys/netlink.ts';
import { type Plan, Skip } from '../figure.ts';
import type { BenchApi } from './guest-api.ts';
import { isInstalled, Program } from './programs.ts';
import { Teardown } from './teardown.ts';

const guestProgram = fileURLToPath(new URL('./guest.js', import.meta.url));

/** Both ends, until disposed of. */
export interface Path extends AsyncDisposable {
  readonly server: Guest<BenchApi>;
  readonly client: Guest<BenchApi>;
  /** The server's. */
  readonly address: string;
  /** Descriptors. */
  readonly serverNamespace: number;
  readonly clientNamespace: number;
  /** Of ipscsi: the server's and the client's. */
  readonly hosts: readonly HostProcess[];
}

/** What joining two namespaces gives. */
type Joined = Pick<Path, 'address'> & Partial<Pick<Path, 'hosts'>>;
type Join = (server: number, client: number, own: Teardown) => Promise<Joined>;

function namespace(own: Teardown): number {
  const made = createNamespace();
  own.add(() => closeSync(made));
  return made;
}

export async function build(plan: Plan, name: string, join: Join, apart = true): Promise<Path> {
  const own = new Teardown();
  try {
    const serverNamespace = namespace(own);
    const clientNamespace = apart ? namespace(own) : serverNamespace;
    const { address, hosts = [] } = await join(serverNamespace, clientNamespace, own);
    const start = async (role: string, where: number) =>
      own.use(await Guest.start<BenchApi>(`${name} ${role}`, where, plan.stop, guestProgram));
    const server = await start('server', serverNamespace);
    const client = await start('client', clientNamespace);
    await reach(client, address);
    const ends = { server, client, address, serverNamespace, clientNamespace, hosts };
    return { ...ends, [Symbol.asyncDispose]: () => own[Symbol.asyncDispose]() };
  } catch (error) {
    await own[Symbol.asyncDispose]();
    throw error;
  }
}

/** A directory that is a bus of our own. */
function makeBus(own: Teardown): string {
  const directory = mkdtempSync('/dev/shm/ipscsi-bench-');
  own.add(() => rmSync(directory, { recursive: true, force: true }));
  return `shm:${directory}`;
}

/** Tells when a host ends before it is taken away. */
function watch(host: HostProcess, { say, stop }: Plan): () => void {
  let watching = true;
  void host.ended.then((how) => {
    if (watching && !stop.aborted) say(`host ${host.id} ended by itself: ${how}`);
  });
  return () => {
    watching = false;
  };
}

/** Two hosts; `unleashed` ones run just as a user would run them. */
export const ipscsi = (
  plan: Plan,
  mtu: number,
  { busyPoll = false, unleashed = false } = {},
): Promise<Path> =>
  build(plan, 'ipscsi', async (server, client, own) => {
    const bus = makeBus(own);
    const options = ['--mtu', String(mtu), ...(busyPoll ? ['--busy-poll'] : [])];
    const start = async (id: number, namespace: number) => {
      const addresses = [`10.92.0.${id}/24`];
      const host = { bus, id, width: 16, addresses, namespace, options, unleashed };
      const started = own.use(await HostProcess.start(host, plan.stop));
      own.add(watch(started, plan));
      return started;
    };
    return { hosts: [await start(1, server), await start(2, client)], address: '10.92.0.1' };
  });

/** Two interfaces of the kernel, as containers have them, with all their offloads. */
export const veth = (plan: Plan, mtu: number): Promise<Path> =>
  build(plan, 'veth', async (server, client) => {
    joinByVeth(server, client, ['10.91.0.1/24', '10.91.0.2/24']);
    for (const each of [server, client])
      withNamespace(each, () => {
        using netlink = new Netlink();
        netlink.setLink('veth0', { mtu });
      });
    return { address: '10.91.0.1' };
  });

/** Both in one namespace: no Ethernet, the least that the kernel's TCP/IP costs. */
export const loopback = (plan: Plan): Promise<Path> =>
  build(plan, 'loopback', async () => ({ address: '127.0.0.1' }), false);

/** Two TAP devices, each with a socat that carries its frames over one UNIX socket: a frame, a packet. */
export const socat = (plan: Plan): Promise<Path> =>
  build(plan, 'socat', async (server, client, own) => {
    if (!isInstalled('socat')) throw new Skip('socat is not installed');
    const directory = mkdtempSync(join(tmpdir(), 'ipscsi-bench-'));
    own.add(() => rmSync(directory, { recursive: true, force: true }));
    const path = join(directory, 'socket');
    const tap = (address: string) => `TUN:${address},tun-type=tap,tun-name=socat0,iff-no-pi,iff-up`;
    const seqpacket = 'type=5';
    const near = ['-d', '-d', tap('10.93.0.1/24'), `UNIX-LISTEN:${path},${seqpacket}`];
    const listening = own.use(new Program(server, plan.stop, 'socat', near));
    await listening.says('listening on');
    own.use(
      new Program(client, plan.stop, 'socat', [tap('10.93.0.2/24'), `UNIX-CONNECT:${path},${seqpacket}`]),
    );
    return { address: '10.93.0.1' };
  });
