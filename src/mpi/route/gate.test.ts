import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Crossing, Gate } from './gate.ts';
import type { Chunk, Ended } from './packet.ts';

/** A chunk's crossing of a hop to a port, at one place in its way, and what it is told. */
class Probe implements Crossing {
  readonly chunk: Chunk;
  readonly at: number;
  cancelled = false;
  readonly urgent: boolean;
  release: (() => void) | undefined;
  readonly told: string[] = [];

  constructor(message: number, to: number, at = 0, urgent = false) {
    this.urgent = urgent;
    const way = Array.from({ length: at + 1 }, () => ({ from: 0, to }));
    this.chunk = { source: 0, target: 1, sequence: 0, message, bytes: 1, leads: true, ends: true, way };
    this.at = at;
  }

  left(release: () => void): void {
    this.release = release;
  }

  dropped(): void {
    this.told.push('dropped');
  }

  ended(how: Ended): void {
    this.told.push(how);
  }
}

/** A port that takes each at once, or when it is told to. */
function gate(credits: number, atOnce = true) {
  const on: { readonly message: number; readonly sent: () => void; readonly ended: (how: Ended) => void }[] =
    [];
  const made = new Gate(
    {
      transfer: ({ message }, _at, sent, ended) => {
        on.push({ message, sent, ended });
        if (atOnce) sent();
      },
    },
    credits,
    8,
  );
  const enqueue = (probe: Probe) => {
    made.enqueue({ from: 0, to: probe.chunk.way[0]?.to ?? 0 }, probe);
    return probe;
  };
  return { on, enqueue, messages: () => on.map(({ message }) => message), gate: made };
}

describe("a node's port", () => {
  it('has so many under way to a port and class as that has buffers; an end makes room', () => {
    const { on, enqueue, messages } = gate(2);
    const probes = [0, 1, 2, 3].map((message) => enqueue(new Probe(message, 1)));
    assert.deepEqual(messages(), [0, 1]);
    on[1]?.ended('busy');
    assert.deepEqual(messages(), [0, 1, 2]);
    assert.deepEqual(probes[1]?.told, ['busy']);
  });

  it('lets who has no buffer hold up nobody: another neighbour, another class', () => {
    const { enqueue, messages } = gate(1);
    for (const [message, to, at] of [
      [0, 1, 0],
      [1, 1, 0],
      [2, 2, 0],
      [3, 1, 1],
    ] as const)
      enqueue(new Probe(message, to, at));
    assert.deepEqual(messages(), [0, 2, 3]);
  });

  it('sends one at a time where the port takes one at a time', () => {
    const { on, enqueue, messages } = gate(4, false);
    for (const message of [0, 1, 2]) enqueue(new Probe(message, 1));
    assert.deepEqual(messages(), [0]);
    on[0]?.sent();
    assert.deepEqual(messages(), [0, 1]);
    on[1]?.ended('lost'); // the port has it off its hands, though it never said so
    assert.deepEqual(messages(), [0, 1, 2]);
  });

  it('sends nothing that is no longer wanted, and gives up what waits for a hop that has failed', () => {
    const { on, enqueue, messages, gate: port } = gate(1);
    const [, cancelled, dropped] = [0, 1, 2].map((message) => enqueue(new Probe(message, 1)));
    if (cancelled) cancelled.cancelled = true;
    port.purge(({ to }) => to !== 1);
    assert.deepEqual([cancelled?.told, dropped?.told], [[], ['dropped']]);
    on[0]?.ended('lost');
    assert.deepEqual(messages(), [0]);
  });

  it('holds up nothing that is urgent, for want of a buffer', () => {
    const { on, enqueue, messages } = gate(1);
    for (const message of [0, 1]) enqueue(new Probe(message, 1));
    enqueue(new Probe(2, 1, 0, true));
    assert.deepEqual(messages(), [0, 2]);
    on[1]?.ended('taken');
    assert.deepEqual(messages(), [0, 2]);
    on[0]?.ended('taken');
    assert.deepEqual(messages(), [0, 2, 1]);
    const slow = gate(1, false);
    slow.enqueue(new Probe(0, 1));
    const [dead, alive] = [1, 2].map((to) => slow.enqueue(new Probe(to, to, 0, true)));
    slow.gate.purge(({ to }) => to !== 1);
    slow.on[0]?.sent();
    assert.deepEqual([dead?.told, alive?.told, slow.messages()], [['dropped'], [], [0, 2]]);
  });

  it('lets another go for one that is stuck, once', () => {
    const { on, enqueue, messages } = gate(1);
    const stuck = enqueue(new Probe(0, 1));
    for (const message of [1, 2, 3]) enqueue(new Probe(message, 1));
    stuck.release?.();
    stuck.release?.();
    assert.deepEqual(messages(), [0, 1]);
    on[0]?.ended('taken'); // its buffer was counted as free already
    assert.deepEqual(messages(), [0, 1]);
    on[1]?.ended('taken');
    assert.deepEqual(messages(), [0, 1, 2]);
  });
});
