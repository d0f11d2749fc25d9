/** What the demo shows, one scene after another. Each throws when what it shows is not so. */

import { setTimeout as sleep } from 'node:timers/promises';
import { formatMicroseconds } from '../units.ts';
import type { Guest } from './guest-process.ts';
import type { PingResult } from './guest-protocol.ts';
import { reach } from './measure.ts';
import type { Say } from './progress.ts';
import type { Stage } from './stage.ts';

/** Guests of the first three hosts. */
export type Trio = readonly [first: Guest, second: Guest, third: Guest];

const pingCount = 20;
const mebibyte = 1024 * 1024;
/** How long the others talk before, and after, the crash. */
const talkBefore = 500;
const talkAfter = 300;

/** Brings the hosts up; gives guests of the first three. */
export async function hostsUp(stage: Stage, say: Say): Promise<Trio> {
  const hosts = await stage.startHosts();
  for (const { id, readyAfter, pid } of hosts.slice(0, 3)) {
    const names = stage.links(id).map(({ name }) => name);
    const ms = Math.round(readyAfter);
    say(`host ${id}: ${stage.place(id).ipv4}, interfaces ${names.join(' and ')}, ready after ${ms} ms`, {
      id,
      pid,
      interfaces: names,
      readyAfterMs: ms,
    });
  }
  if (hosts.length > 3) say(`and ${hosts.length - 3} more`, { hosts: hosts.length });
  return Promise.all([stage.startGuest(1), stage.startGuest(2), stage.startGuest(3)]);
}

export async function arp(stage: Stage, [first]: Trio, say: Say): Promise<void> {
  const { ipv4 } = stage.place(2);
  const find = async () => (await first.call('neighbours', {})).find(({ address }) => address === ipv4);
  if (!(await find())?.mac) say(`host 1 does not know who has ${ipv4}`);
  await reach(first, ipv4);
  const found = await find();
  const mac = stage.links(2).find(({ name }) => name !== 'lo')?.mac;
  if (!found?.mac) throw new Error(`host 1 did not resolve ${ipv4}`);
  if (found.mac !== mac) throw new Error(`host 1 believes ${ipv4} at ${found.mac}, expected ${mac}`);
  say(`it asked over the bus, and learned: ${ipv4} is at ${mac} (${found.state})`, { address: ipv4, mac });
}

/** Pings the second host, and each of the rest once. */
export async function ping(stage: Stage, first: Guest, version: 'ipv4' | 'ipv6', say: Say): Promise<void> {
  const to = stage.place(2)[version];
  await reach(first, to);
  const result = await first.call('ping', { to, count: pingCount, interval: 10, timeout: 1000 });
  say(`${to}: ${summary(result)}`, { to, ...result });
  if (result.received < result.sent)
    throw new Error(`${result.sent - result.received} of ${result.sent} pings of ${to} were lost`);
  const others = stage.places.slice(2);
  for (const other of others) await reach(first, other[version]);
  const shown = others.slice(0, 3).map((other) => other[version]);
  if (others.length > shown.length) shown.push(`and ${others.length - shown.length} more`);
  say(`${shown.join(', ')}: answered`);
}

function summary({ sent, received, times }: PingResult): string {
  const middle = times ? `, median ${formatMicroseconds(times.median)}` : '';
  return `${received} of ${sent} answered${middle}`;
}

/** Fetches a file from the second host. */
export async function http(stage: Stage, [first, second]: Trio, megabytes: number, say: Say): Promise<void> {
  const size = megabytes * mebibyte;
  const served = await second.call('serveFile', { address: stage.place(2).ipv4, size });
  const fetched = await first.call('fetch', { url: served.url });
  if (fetched.bytes !== size) throw new Error(`the file has ${fetched.bytes} bytes, expected ${size}`);
  if (fetched.sha256 !== served.sha256)
    throw new Error(`the file's SHA-256 is ${fetched.sha256}, expected ${served.sha256}`);
  const rate = Math.round(size / fetched.seconds / 1e6);
  say(`${served.url}: ${megabytes} MiB in ${fetched.seconds.toFixed(2)} s, ${rate} MB/s`, fetched);
  say(`SHA-256 ${fetched.sha256}, as sent`);
}

/** Kills the second host while the first and the third talk, and brings it back. */
export async function crash(stage: Stage, [first, , third]: Trio, say: Say): Promise<void> {
  const observer = await stage.startGuest(1, 'observer');
  const fallen = stage.place(2).ipv4;
  await first.call('talk', await third.call('serveEcho', { address: stage.place(3).ipv4 }));
  await sleep(talkBefore);
  await stage.crashHost(2);
  const { received } = await observer.call('ping', { to: fallen, count: 3, interval: 10, timeout: 100 });
  if (received > 0) throw new Error(`${fallen} still answers`);
  say('host 2 killed (SIGKILL): it answers no more, hosts 1 and 3 talk on');
  const { readyAfter } = await stage.startHost(2);
  const reached = await reach(observer, fallen);
  say(
    `host 2 back under its old ID: ready after ${Math.round(readyAfter)} ms, answers ${reached.toFixed(0)} ms later`,
    {
      readyAfterMs: readyAfter,
      reachedAfterMs: reached,
    },
  );
  await sleep(talkAfter);
  const talk = await first.call('hush', {});
  const { pings, messages } = talk;
  if (pings.answered < pings.sent || messages.echoed < messages.sent)
    throw new Error(
      `hosts 1 and 3 lost ${pings.sent - pings.answered} of ${pings.sent} pings ` +
        `and ${messages.sent - messages.echoed} of ${messages.sent} messages over TCP`,
    );
  say(`hosts 1 and 3 meanwhile: ${pings.sent} pings and ${messages.sent} messages over TCP, none lost`, {
    ...talk,
  });
}

/** How to look around while the demo stays up. */
export function keepHints(stage: Stage, rootless: boolean, program: string): string[] {
  const enter = rootless ? `nsenter -U --preserve-credentials -t ${process.pid}` : 'nsenter';
  const command = (path: string) => `${enter} --net=${path} bash`;
  return [
    'The hosts stay up. A shell in each:',
    ...stage.places.slice(0, 8).map(({ id, path }) => `  host ${id}:  ${command(path)}`),
    `then for example: ping ${stage.place(2).ipv4}   tcpdump -ni scsi0   ip neigh`,
    `From here: node ${program} status --bus ${stage.bus}`,
    'Ctrl-C ends it.',
  ];
}
