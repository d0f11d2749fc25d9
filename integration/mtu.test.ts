/** Datagrams of every size, at the least and the greatest MTU, between hosts of like and of unlike abilities. */

import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Host } from './lab/host.ts';
import { Lab, noLab } from './lab/lab.ts';
import { missing, type Place } from './lab/processes.ts';
import { reach, TestSocket } from './lab/sockets.ts';

const port = 4000;
/** IPv6 needs 1280 (RFC 8200 §5). */
const leastForIPv6 = 1280;
const headers = { ipv4: 28, ipv6: 48 } as const;
const most = 65507;
/** Fragments that an interface's queue takes at once. */
const fragments = 400;
const strict = fileURLToPath(new URL('./lab/strict-process.js', import.meta.url));

interface End {
  readonly place: Place;
  readonly ipv4: string;
  readonly ipv6: string;
}

/** Sizes around what one datagram of the MTU holds, and around those that need two or three. */
function sizes(mtu: number, header: number): number[] {
  const full = mtu - header;
  const around = [full, full + mtu - header, 2 * full + mtu - header].flatMap((size) =>
    [-9, -2, -1, 0, 1, 2, 9].map((more) => size + more),
  );
  const longest = Math.min(most, fragments * full);
  return [...new Set([0, 1, 2, 3, 63, 64, 65, ...around, longest])].filter(
    (size) => size >= 0 && size <= longest,
  );
}

/** UDP of each size, there as it was sent. */
function udpOfAllSizes(from: End, to: End, family: 'ipv4' | 'ipv6', mtu: number): void {
  using sender = TestSocket.udp(from.place, from[family], port);
  using receiver = TestSocket.udp(to.place, to[family], port);
  const pool = randomFillSync(Buffer.alloc(most));
  for (const size of sizes(mtu, headers[family])) {
    sender.sendTo(pool.subarray(most - size), to[family], port);
    const got = receiver.receive(5000);
    assert.equal(got?.length, size, `${size} bytes of ${family}`);
    assert.ok(pool.subarray(most - size).equals(got), `${size} bytes of ${family}: as sent`);
  }
}

async function pingsWithoutFragments(lab: Lab, from: Host, to: Host, mtu: number): Promise<void> {
  for (const [family, overhead] of Object.entries(headers) as ['ipv4' | 'ipv6', number][]) {
    if (family === 'ipv6' && mtu < leastForIPv6) continue;
    const ping = ['ping', '-M', 'do', '-c', '2', '-i', '0.01', '-W', '5'];
    const fits = await lab.run(from.place, ...ping, '-s', String(mtu - overhead), to[family]);
    assert.match(fits.out, / 0% packet loss/, fits.out + fits.err);
    const tooLong = await lab.run(from.place, ...ping, '-s', String(mtu - overhead + 1), to[family]);
    assert.notEqual(tooLong.code, 0, 'the interface takes no more than its MTU');
  }
}

/** A file from one to the other, its sum compared. */
async function transfer(lab: Lab, from: End, to: End, family: 'ipv4' | 'ipv6'): Promise<void> {
  const server = await lab.guest(from.place);
  const client = await lab.guest(to.place);
  const size = 8 << 20;
  const { url, sha256 } = await server.call('serveFile', { address: from[family], size });
  const fetched = await client.call('fetch', { url });
  assert.deepEqual([fetched.bytes, fetched.sha256], [size, sha256]);
}

describe('sizes', { skip: noLab || missing('ping') }, () => {
  for (const mtu of [68, 576, 1280, 1500, 65280, 65521])
    it(`MTU ${mtu}: datagrams of all sizes arrive as they were sent`, async () => {
      await using lab = await Lab.open();
      const families = mtu < leastForIPv6 ? (['ipv4'] as const) : (['ipv4', 'ipv6'] as const);
      const addresses = (id: number) => [`10.90.0.${id}/24`, `fd90::${id}/64`].slice(0, families.length);
      const wishes = [1, 2].map((id) => ({ id, mtu, addresses: addresses(id) }));
      const [first, second] = await lab.hosts(wishes);
      assert.ok(first && second);
      for (const family of families) {
        await reach(first.place, second[family]);
        udpOfAllSizes(first, second, family, mtu);
        udpOfAllSizes(second, first, family, mtu);
      }
      await pingsWithoutFragments(lab, first, second, mtu);
    });

  for (const mtu of [1500, 65280])
    it(`MTU ${mtu}: a strict RFC 2143 host gets whole datagrams, checksummed and segmented for it`, async () => {
      await using lab = await Lab.open();
      const host = await lab.host({ id: 1, mtu });
      const peer = { place: lab.place(), ipv4: '10.90.0.2', ipv6: 'fd90::2' };
      const plan = [lab.bus, '2', peer.place.path, String(mtu), '10.90.0.2/24', 'fd90::2/64'];
      const process = lab.start(peer.place, [globalThis.process.execPath, strict, ...plan]);
      await process.says(/ready/);
      for (const family of ['ipv4', 'ipv6'] as const) {
        await reach(host.place, peer[family]);
        udpOfAllSizes(host, peer, family, mtu);
        udpOfAllSizes(peer, host, family, mtu);
        await transfer(lab, host, peer, family);
        await transfer(lab, peer, host, family);
      }
      const { extensions, counters } = await host.peer(2);
      assert.deepEqual(extensions, []);
      assert.ok(Number(counters['checksumsCompleted']) > 0 && Number(counters['segmented']) > 0);
      assert.equal(process.out, 'ready\n', 'no frame was left unfinished');
      // TCP finds out how much fits into the queue; nothing else may be a reason to drop.
      const congestion = ['drops.full', 'drops.stalled'];
      const loud = Object.entries(counters).filter(
        ([name, value]) => name.startsWith('drops.') && value > 0 && !congestion.includes(name),
      );
      assert.deepEqual(loud, []);
    });
});
