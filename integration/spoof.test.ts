/** A host that speaks with another's address: dropped and counted, or passed and counted. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseIP, parseMac } from '../src/bytes/addresses.ts';
import { internetChecksum } from '../src/sys/icmp.ts';
import type { Host } from './lab/host.ts';
import { Lab, noLab } from './lab/lab.ts';
import { pingAll, reach, TestSocket } from './lab/sockets.ts';
import { until } from './lab/until.ts';

const port = 4000;
const word = (value: number) => [value >>> 8, value & 0xff];
const ethernet = (to: Host, from: Host, type: number, payload: readonly number[]) =>
  Uint8Array.of(...parseMac(to.mac), ...parseMac(from.mac), ...word(type), ...payload);

const text = [...Buffer.from('spoofed')];
const udp = (checksum: number) => [
  ...word(port),
  ...word(port),
  ...word(8 + text.length),
  ...word(checksum),
  ...text,
];

/** A UDP datagram over IPv4 from an address that is not the sender's. */
function ipv4(to: Host, from: Host, source: string): Uint8Array {
  const header = [0x45, 0, ...word(28 + text.length), 0, 0, 0, 0, 64, 17, 0, 0];
  const whole = Uint8Array.of(...header, ...parseIP(source), ...parseIP(to.ipv4));
  whole.set(word(internetChecksum(whole)), 10);
  return ethernet(to, from, 0x0800, [...whole, ...udp(0)]);
}

function ipv6(to: Host, from: Host, source: string): Uint8Array {
  const addresses = [...parseIP(source), ...parseIP(to.ipv6)];
  const pseudo = [...addresses, 0, 0, ...word(8 + text.length), 0, 0, 0, 17, ...udp(0), 0];
  const header = [0x60, 0, 0, 0, ...word(8 + text.length), 17, 64];
  return ethernet(to, from, 0x86dd, [
    ...header,
    ...addresses,
    ...udp(internetChecksum(Uint8Array.from(pseudo))),
  ]);
}

/** "I am `address`, at `mac`." */
function arpReply(to: Host, from: Host, address: string, mac: string): Uint8Array {
  const head = [0, 1, 8, 0, 6, 4, 0, 2];
  const [sender, target] = [
    [...parseMac(mac), ...parseIP(address)],
    [...parseMac(to.mac), ...parseIP(to.ipv4)],
  ];
  return ethernet(to, from, 0x0806, [...head, ...sender, ...target]);
}

/** A neighbour advertisement for an address, with its link-layer address (RFC 4861 §4.4). */
function advertisement(to: Host, from: Host, address: string, mac: string): Uint8Array {
  const addresses = [...parseIP(from.ipv6), ...parseIP(to.ipv6)];
  const body = [136, 0, 0, 0, 0x60, 0, 0, 0, ...parseIP(address), 2, 1, ...parseMac(mac)];
  const sum = internetChecksum(
    Uint8Array.from([...addresses, 0, 0, ...word(body.length), 0, 0, 0, 58, ...body]),
  );
  body.splice(2, 2, ...word(sum));
  return ethernet(to, from, 0x86dd, [0x60, 0, 0, 0, ...word(body.length), 58, 255, ...addresses, ...body]);
}

interface Scene {
  readonly victim: Host;
  readonly friend: Host;
  readonly spoofer: Host;
  /** Out of the spoofer's interface. */
  readonly frames: TestSocket;
}

async function openScene(lab: Lab, guard: 'enforce' | 'warn'): Promise<Scene> {
  const [victim, friend, spoofer] = await lab.hosts([
    { id: 1, guard, logLevel: 'warn' },
    { id: 2 },
    { id: 3, guard: 'off' },
  ]);
  assert.ok(victim && friend && spoofer);
  for (const other of [friend, spoofer]) {
    await reach(other.place, victim.ipv4);
    await reach(other.place, victim.ipv6);
  }
  return { victim, friend, spoofer, frames: TestSocket.frames(spoofer.place, 'scsi0') };
}

/** Sends a frame, and gives by how much each of the counters grew. */
async function grown({ victim, spoofer, frames }: Scene, frame: Uint8Array, names: readonly string[]) {
  const now = async () => (await victim.peer(spoofer.id)).counters;
  const before = await now();
  frames.sendFrame(frame);
  const after = await until('it is counted', async () => {
    const counters = await now();
    return names.some((name) => counters[name] !== before[name]) && counters;
  });
  return names.map((name) => Number(after[name]) - Number(before[name]));
}

const guards = ['drops.guardAddress', 'drops.guardMac', 'guardWarnings'] as const;

describe('spoofing', { skip: noLab }, () => {
  it('is dropped and counted under --guard enforce', async () => {
    await using lab = await Lab.open();
    const scene = await openScene(lab, 'enforce');
    const { victim, friend, spoofer, frames } = scene;
    using _frames = frames;
    using four = TestSocket.udp(victim.place, victim.ipv4, port);
    using six = TestSocket.udp(victim.place, victim.ipv6, port);
    const address = [1, 0, 0];
    const mac = [0, 1, 0];
    const tries = [
      [ipv4(victim, spoofer, friend.ipv4), address],
      [ipv6(victim, spoofer, friend.ipv6), address],
      [ipv4(victim, spoofer, victim.ipv4), address],
      [arpReply(victim, spoofer, friend.ipv4, spoofer.mac), address],
      [arpReply(victim, spoofer, spoofer.ipv4, friend.mac), mac],
      [advertisement(victim, spoofer, friend.ipv6, spoofer.mac), address],
      [advertisement(victim, spoofer, spoofer.ipv6, friend.mac), mac],
    ] as const;
    for (const [frame, expected] of tries) assert.deepEqual(await grown(scene, frame, guards), expected);
    assert.deepEqual([four.receive(0), six.receive(0)], [undefined, undefined]);
    assert.match(victim.err, /source guard/);
    frames.sendFrame(ipv4(victim, spoofer, spoofer.ipv4));
    assert.equal(String(Buffer.from(four.receive(5000) ?? [])), 'spoofed', 'its own address is its own');
    assert.deepEqual(pingAll(victim.place, [friend.ipv4, spoofer.ipv4]), []);
    assert.deepEqual(pingAll(victim.place, [friend.ipv6, spoofer.ipv6]), []);
  });

  it('is passed and counted under --guard warn', async () => {
    await using lab = await Lab.open();
    const scene = await openScene(lab, 'warn');
    const { victim, friend, spoofer, frames } = scene;
    using _frames = frames;
    using four = TestSocket.udp(victim.place, victim.ipv4, port);
    using six = TestSocket.udp(victim.place, victim.ipv6, port);
    assert.deepEqual(await grown(scene, ipv4(victim, spoofer, friend.ipv4), guards), [0, 0, 1]);
    assert.equal(String(Buffer.from(four.receive(5000) ?? [])), 'spoofed');
    assert.deepEqual(await grown(scene, ipv6(victim, spoofer, friend.ipv6), guards), [0, 0, 1]);
    assert.equal(String(Buffer.from(six.receive(5000) ?? [])), 'spoofed');
    assert.match(victim.err, /source guard/);
  });
});
