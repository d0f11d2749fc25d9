/** Chunks whose next hop has no room, and such as lie elsewhere by the time they go on. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CommunicationsOpcode } from '../../scsi/opcodes.ts';
import type { Task } from '../../transport/task.ts';
import { Network } from '../route/network.ts';
import type { Ended } from '../route/packet.ts';
import { Arrival } from './arrival.ts';
import { Buffers } from './buffers.ts';
import type { FabricNode } from './node.ts';
import { Outbox } from './outbox.ts';
import { headerBytes, hopBytes } from './packet.ts';

const bus = { name: 'bus', carrier: 'x', alpha: 10, beta: 0.001, shared: false, members: [0, 1, 2] };
const depth = 4;

/** Node 0 with neighbours 1 and 2, whose queues are played. */
function outbox() {
  const queued = [0, 0, 0];
  const sent: { readonly to: number; readonly bytes: Uint8Array; readonly ended: (how: Ended) => void }[] =
    [];
  const buffers = new Buffers();
  const rail = {
    nexuses: [
      undefined,
      ...[1, 2].map((target) => ({
        target,
        limits: { maxQueued: depth },
        get queued() {
          return queued[target];
        },
      })),
    ],
    buffers,
    send(
      buffer: { bytes: Uint8Array },
      length: number,
      { target: to }: Pick<Task, never> & { target: number },
      ended: (how: Ended) => void,
    ) {
      sent.push({ to, bytes: buffer.bytes.slice(0, length), ended });
      return true;
    },
  };
  const node = {
    network: new Network(['a', 'b', 'c'], [bus]),
    counters: { postponed: 0, sent: 0 },
    railOf: () => rail,
  };
  return { box: new Outbox(node as unknown as FabricNode), queued, sent };
}

/** A chunk that a command brought, to go on to a neighbour. */
function arrival(to: number, dataOut: Uint8Array) {
  const one = new Arrival(() => undefined);
  const command = {
    dataOut,
    dataOutOffset: 0,
    dataOutLength: dataOut.length,
    cdb: [CommunicationsOpcode.sendMessage12],
  };
  one.read(new DataView(dataOut.buffer), command as never, {} as never);
  one.way = [{ from: 0, to }];
  one.at = headerBytes + hopBytes;
  return { one, command };
}

describe('chunks on their way out', () => {
  it('leave the port to others while their own neighbour has no room, and go when it has', () => {
    const { box, queued, sent } = outbox();
    const packet = () => new Uint8Array(headerBytes + hopBytes + 8);
    const left: number[] = [];
    queued[1] = depth;
    box.transfer(
      arrival(1, packet()).one,
      0,
      () => left.push(1),
      () => undefined,
    );
    box.transfer(
      arrival(2, packet()).one,
      0,
      () => left.push(2),
      () => undefined,
    );
    assert.deepEqual([left, sent.map(({ to }) => to)], [[1, 2], [2]]);
    assert.equal(box.poll(), 0);
    queued[1] = depth - 1;
    assert.equal(box.poll(), 1);
    assert.deepEqual(
      sent.map(({ to }) => to),
      [2, 1],
    );
    assert.equal(box.open, 0);
  });

  it('are taken from where their command keeps them now', () => {
    const { box, sent } = outbox();
    const first = Uint8Array.from({ length: headerBytes + hopBytes + 8 }, (_, i) => i);
    first[26] = first[27] = first[28] = 0;
    first[29] = 8;
    const { one, command } = arrival(1, first);
    command.dataOut = first.slice();
    first.fill(0xee); // its place is used again
    box.transfer(
      one,
      0,
      () => undefined,
      () => undefined,
    );
    assert.deepEqual(sent[0]?.bytes, command.dataOut);
  });
});
