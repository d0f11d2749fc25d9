/** Neighbours that can't be told now. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Advert, Ended } from '../route/packet.ts';
import { decodeAdverts } from './advert-codec.ts';
import { Buffers } from './buffers.ts';
import { Gossip } from './gossip.ts';
import type { FabricNode } from './node.ts';
import { headerBytes } from './packet.ts';
import type { Rail } from './rail.ts';
import { Timers } from './timers.ts';

const advert = (origin: number, sequence: number): Advert => ({ origin, sequence, heard: new Set([origin]) });

/** A node with one neighbour, whose queue is played. */
function gossip() {
  const timers = new Timers();
  let now = 0;
  const nexus = { alive: true, queued: 0, limits: { maxQueued: 1 } };
  const told: { readonly origins: number[]; readonly ended: (how: Ended) => void }[] = [];
  const rail = {
    nexuses: [nexus],
    buffers: new Buffers(),
    send({ bytes }: { bytes: Uint8Array }, length: number, _: unknown, ended: (how: Ended) => void) {
      const origins =
        decodeAdverts(bytes.slice(headerBytes, length), 9, 9)?.map(({ origin }) => origin) ?? [];
      told.push({ origins, ended });
      return true;
    },
  };
  const known: Advert[] = [];
  const node = {
    ...{ node: 0, life: 1, rails: [rail], network: { nodes: 9, ports: 9 }, timers },
    ...{ clock: { now: () => now }, counters: { unheard: 0 }, router: { known } },
  };
  const talk = new Gossip(node as unknown as FabricNode);
  return {
    ...{ talk, nexus, told, timers, counters: node.counters },
    say: (one: Advert) => {
      known.push(one);
      talk.spread(rail as unknown as Rail, [one]);
    },
    /** Lets the next attempt come. */
    later: () => {
      now = timers.due;
      timers.fire(now);
      return talk.tell();
    },
    get now() {
      return now;
    },
  };
}

describe('neighbours that can not be told now', () => {
  it('have no room: who waits may sleep, and they are told all that is known when they have', () => {
    const g = gossip();
    g.nexus.queued = 1;
    g.say(advert(1, 1));
    assert.deepEqual([g.talk.tell(), g.talk.busy], [0, false]);
    assert.equal(g.timers.due, 5);
    g.say(advert(2, 1));
    assert.deepEqual([g.talk.tell(), g.talk.busy], [0, false]);
    assert.equal(g.later(), 0);
    assert.equal(g.timers.due - g.now, 10, 'less and less often');
    g.nexus.queued = 0;
    assert.equal(g.later(), 1);
    assert.deepEqual(
      g.told.map(({ origins }) => origins),
      [[1, 2]],
    );
  });

  it('refuse: they are asked again after a pause, and at last given up', () => {
    const g = gossip();
    g.say(advert(1, 1));
    g.talk.tell();
    for (let tries = 1; tries < 16; tries++) {
      g.told.at(-1)?.ended('busy');
      assert.equal(g.talk.busy, false);
      assert.equal(g.later(), 1);
    }
    g.told.at(-1)?.ended('busy');
    assert.deepEqual([g.told.length, g.counters.unheard, g.timers.due], [16, 1, Number.POSITIVE_INFINITY]);
  });
});
