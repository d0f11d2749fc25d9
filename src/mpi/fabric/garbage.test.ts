/** Packets that are none: each is refused with sense data and counted, and whatever goes on goes on. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ScriptedTarget } from '../../../contract/scripted-target.ts';
import { CommunicationsOpcode } from '../../scsi/opcodes.ts';
import { AdditionalSense, SenseKey } from '../../scsi/sense.ts';
import { decodeSense } from '../../scsi/sense-data.ts';
import { Status } from '../../scsi/status.ts';
import { Task } from '../../transport/task.ts';
import type { InitiatorNexus, Port } from '../../transport/transport.ts';
import { routerLun } from './carrier.ts';
import { Lab, type Shape } from './lab.test.ts';
import { headerBytes, MessageHeader, messageBytes, PacketHeader } from './packet.ts';
import type { Rail } from './rail.ts';
import type { RoutedPort } from './routed-port.ts';

/** Ranks 0 to 2 on a bus, 3 and a forwarder behind it; rank 2 is played by a port of the memory bus. */
const shape: Shape = {
  ranks: 4,
  buses: [
    [0, 1, 2, 4],
    [3, 4],
  ],
};

class Stranger {
  readonly lab = new Lab(shape);
  readonly target = new ScriptedTarget();
  readonly port: Port;
  readonly #rank: Port;

  constructor() {
    this.target.recording = false;
    this.lab.open(0);
    this.#rank = this.lab.open(1, this.target);
    this.lab.open(3);
    this.port = this.lab.rails(2)[0]?.port as Port;
    this.port.target = new ScriptedTarget();
    for (let i = 0; i < 20; i++) {
      this.lab.drive();
      this.port.poll();
    }
  }

  /** Sends a packet to a node, and gives the task back once it has ended. */
  send(to: number, bytes: Uint8Array, lun = routerLun): Task {
    const task = new Task().setCdb(Uint8Array.of(CommunicationsOpcode.sendMessage12, ...new Uint8Array(11)));
    task.lun = lun;
    task.setDataOut(bytes);
    let ended = false;
    task.done = () => {
      ended = true;
    };
    assert.ok((this.port.targets.get(to) as InitiatorNexus).submit(task));
    this.lab.until('it ends', () => {
      this.port.poll();
      return ended;
    });
    return task;
  }

  /** Node 1 and the forwarder still do what they are for. */
  check(): void {
    const ended: unknown[] = [];
    for (const [from, to] of [
      [0, 1],
      [3, 1],
    ] as const) {
      const task = new Task();
      task.done = () => ended.push(task.fault ?? task.status);
      const port = this.lab.ports.find(({ id }) => id === from);
      const nexus = port?.targets.get(to);
      assert.ok(nexus?.submit(task));
    }
    this.lab.until('both end', () => ended.length === 2);
    assert.deepEqual(ended, [Status.good, Status.good]);
    this.lab.settle();
    assert.equal(this.lab.pending, 0);
    assert.ok(this.#rank.targets.size >= 2);
  }
}

/** A good chunk from rank 2 to rank 1 over bus 0: ports 0, 1, 2 and 3 (the forwarder's); bus 1 has 4 and 5. */
function chunk(
  message: Partial<Record<string, number>> = {},
  head: Partial<Record<string, number>> = {},
  way = [2, 1],
) {
  const hops = way.length / 2;
  const bytes = new Uint8Array(headerBytes + 4 * hops + messageBytes);
  const values = { version: 1, kind: 1, source: 2, target: 1, hops, ends: 1, sourceLife: 1, targetLife: 1 };
  PacketHeader.encode({ ...values, length: messageBytes, ...head }, bytes.subarray(0, headerBytes));
  way.forEach((port, i) => {
    bytes[headerBytes + 2 * i + 1] = port;
  });
  MessageHeader.encode({ kind: 1, ...message }, bytes.subarray(headerBytes + 4 * hops));
  return bytes;
}

describe('packets that are none', () => {
  it('a good one is taken', () => {
    const s = new Stranger();
    assert.equal(s.send(1, chunk()).status, Status.good);
    assert.deepEqual(s.lab.ports[1]?.node.counters.malformed, 0);
  });

  it('one that lies where it can not be read, or beyond its memory, is refused', () => {
    const { node } = new Stranger().lab.ports[1] as RoutedPort;
    const [rail] = node.rails;
    const statuses: Status[] = [];
    const complete = (status: Status) => statuses.push(status);
    const nowhere = { dataOut: new Uint8Array(0), dataOutOffset: 0, dataOutLength: 100, complete };
    node.packet(rail as Rail, nowhere as never);
    assert.deepEqual(statuses, [Status.checkCondition]);
  });

  const bad: Readonly<Record<string, Uint8Array>> = {
    'nothing at all': new Uint8Array(0),
    'half a header': chunk().subarray(0, 20),
    'another version': chunk({}, { version: 2 }),
    'an unknown kind': chunk({}, { kind: 9 }),
    'a length beyond the end': chunk({}, { length: 4000 }),
    'a length short of the end': chunk({}, { length: 4 }),
    'more hops than there are': chunk({}, { hops: 9 }),
    'no hop': chunk({}, { hops: 0, length: messageBytes + 4 }),
    'a way from elsewhere': chunk({}, {}, [0, 1]),
    'a way over a port that there is not': chunk({}, {}, [2, 77]),
    'a way that jumps': chunk({}, {}, [2, 3, 0, 1]),
    'a source that its way does not begin at': chunk({}, { source: 0 }),
    'a target that its way does not end at': chunk({}, { target: 0 }),
    'half a message': chunk({}, { ends: 0 }),
    'an unknown message': chunk({ kind: 77 }),
    'a message longer than it is': chunk({ kind: 2, data: 10 }),
    'a CDB that is too long': chunk({ kind: 2, extra: 33 }),
    'half an advert': chunk({}, { kind: 2 }),
    'a departure with something in it': chunk({}, { kind: 3 }),
  };
  for (const [what, bytes] of Object.entries(bad))
    it(`${what}: CHECK CONDITION`, () => {
      const s = new Stranger();
      const task = s.send(1, bytes);
      assert.deepEqual([task.fault, task.status], [undefined, Status.checkCondition]);
      const sense = decodeSense(task.sense.subarray(0, task.senseLength));
      assert.equal(sense?.key, SenseKey.illegalRequest);
      assert.equal(sense?.code, AdditionalSense.invalidFieldInParameterList);
      assert.equal(s.lab.ports[1]?.node.counters.malformed, 1);
      s.check();
    });

  it('what is not for the router is refused on a bus where routers alone speak', () => {
    const s = new Stranger();
    const task = s.send(1, chunk(), 0);
    const sense = decodeSense(task.sense.subarray(0, task.senseLength));
    assert.deepEqual(
      [task.status, sense?.code],
      [Status.checkCondition, AdditionalSense.logicalUnitNotSupported],
    );
    assert.equal(s.target.commands, 0);
  });

  it('answers that nobody waits for are dropped', () => {
    const s = new Stranger();
    assert.equal(s.send(1, chunk({ kind: 3, tag: 5 })).status, Status.good);
    assert.equal(s.send(1, chunk({ kind: 5, tag: 5 }, { sequence: 1, message: 1 })).status, Status.good);
    assert.equal(s.lab.ports[1]?.node.counters.strays, 2);
    s.check();
  });

  it('what is of an earlier life is dropped', () => {
    const s = new Stranger();
    for (const head of [{ targetLife: 7 }, { targetLife: 0 }])
      assert.equal(s.send(1, chunk({ kind: 2 }, head)).status, Status.conditionMet);
    assert.deepEqual([s.lab.ports[1]?.node.counters.stale, s.target.commands], [2, 0]);
    s.check();
  });

  it('any bytes, and good packets with any bits turned over, crash neither rank nor forwarder', () => {
    const s = new Stranger();
    const good = [
      chunk({ kind: 2, extra: 0 }),
      chunk({}, { target: 3 }, [2, 3, 4, 5]),
      chunk({}, { kind: 3, length: 0 }),
    ];
    const turned = fc
      .tuple(fc.constantFrom(...good), fc.array(fc.nat(8 * 60), { minLength: 1, maxLength: 4 }))
      .map(([bytes, bits]) => {
        const copy = bytes.slice();
        for (const bit of bits) copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        return copy;
      });
    // Who claims to be another rank can end its conversations; what is asked for here is that nobody crashes or leaks.
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), turned), fc.constantFrom(1, 4), (bytes, to) => {
        const { fault, status } = s.send(to, bytes);
        assert.equal(fault, undefined);
        assert.ok(Object.values(Status).includes(status));
      }),
      { numRuns: 1500 },
    );
    s.lab.settle();
    const held = s.lab.ports.flatMap(({ node }) =>
      node.rails.map(({ outstanding, buffers }) => outstanding + buffers.lent),
    );
    assert.ok(held.every((count) => count === 0));
  });
});
