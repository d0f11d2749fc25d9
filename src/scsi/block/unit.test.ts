import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hex } from '../../bytes/hex.ts';
import { DeviceServer } from '../device-server.ts';
import { TestHost } from '../testing.ts';
import * as cdb from './cdb.ts';
import { ramDisk } from './unit.ts';

const identity = { vendor: 'IPSCSI', product: 'RAM disk', revision: '0.1', serial: 'lab-1' };
const blocks = 64;

function disk(removable = false) {
  const unit = ramDisk({ identity, blocks, removable });
  const server = new DeviceServer(new Map([[0, unit]]), { powerOnUnitAttention: false });
  return { server, one: new TestHost(server, 1), other: new TestHost(server, 2) };
}
const write = (lba: number, length: number) => cdb.Access10.encode({ opcode: 0x2a, lba, length });
const read = (lba: number, length: number) => cdb.Access10.encode({ opcode: 0x28, lba, length });
const data = (count: number, value: number) => new Uint8Array(512 * count).fill(value);
const conflict = 0x18;

const step = fc.record({
  op: fc.constantFrom('write', 'unmap', 'same', 'read'),
  lba: fc.nat(blocks),
  count: fc.integer({ min: 1, max: 8 }),
  value: fc.integer({ min: 1, max: 255 }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function unmapList(lba: number, count: number): Uint8Array {
  const list = new Uint8Array(24);
  cdb.UnmapHeader.encode({ length: 22, descriptors: 16 }, list);
  cdb.UnmapDescriptor.encode({ lba: BigInt(lba), blocks: count }, list.subarray(8));
  return list;
}

/** Does one step to the disk and to an array of one number a block. */
function checkStep(host: TestHost, model: Uint8Array, { op, lba, count, value }: Step): void {
  const said = {
    write: () => host.say(write(lba, count), { dataOut: data(count, value) }),
    same: () =>
      host.say(cdb.WriteSame10.encode({ opcode: 0x41, lba, length: count }), { dataOut: data(1, value) }),
    unmap: () => host.say(cdb.Unmap.encode({ opcode: 0x42, length: 24 }), { dataOut: unmapList(lba, count) }),
    read: () => host.say(read(lba, count)),
  }[op]();
  const fits = lba + count <= blocks;
  assert.equal(said.refusal, fits ? undefined : '5/2100');
  if (!fits) return;
  if (op !== 'read') model.fill(op === 'unmap' ? 0 : value, lba, lba + count);
  else
    assert.deepEqual(
      said.dataIn,
      Uint8Array.from(Buffer.concat([...model.subarray(lba, lba + count)].map((one) => data(1, one)))),
    );
}

describe('a RAM disk (SBC-3)', () => {
  it('gives back what was written, in every length of command', () => {
    const { one } = disk();
    const forms = [
      [
        cdb.Access6.encode({ opcode: 0x0a, lba: 1, length: 1 }),
        cdb.Access6.encode({ opcode: 0x08, lba: 1, length: 1 }),
      ],
      [write(2, 1), read(2, 1)],
      [
        cdb.Access12.encode({ opcode: 0xaa, lba: 3, length: 1 }),
        cdb.Access12.encode({ opcode: 0xa8, lba: 3, length: 1 }),
      ],
      [
        cdb.Access16.encode({ opcode: 0x8a, lba: 4n, length: 1 }),
        cdb.Access16.encode({ opcode: 0x88, lba: 4n, length: 1 }),
      ],
    ] as const;
    for (const [i, [out, into]] of forms.entries()) {
      assert.equal(one.say(out, { dataOut: data(1, i + 1) }).status, 0);
      assert.deepEqual(one.say(into).dataIn, data(1, i + 1));
    }
  });

  it('behaves as an array of blocks does', () =>
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const { one } = disk();
        const model = new Uint8Array(blocks);
        for (const each of steps) checkStep(one, model, each);
      }),
      { numRuns: 50 },
    ));

  it('compares before it writes, and says where the difference is', () => {
    const { one } = disk();
    const command = cdb.CompareAndWrite.encode({ opcode: 0x89, lba: 5n, length: 1 });
    const halves = (old: number, next: number) => Buffer.concat([data(1, old), data(1, next)]);
    assert.equal(one.say(command, { dataOut: halves(0, 7) }).status, 0);
    const wrong = halves(7, 8);
    wrong[100] = 9;
    const refused = one.say(command, { dataOut: wrong });
    assert.equal(refused.refusal, 'e/1d00');
    assert.deepEqual(refused.senseBytes?.subarray(0, 7), hex`f0 00 0e 00000064`);
    assert.equal(one.say(read(5, 1)).dataIn?.[0], 7);
  });

  it('writes the whole blocks that came, and tells of the rest by the residual', () => {
    const { one } = disk();
    const short = one.say(write(0, 2), { dataOut: data(1, 1) });
    assert.deepEqual([short.status, short.dataOutWanted - short.dataOutLength], [0, 512]);
    assert.deepEqual(one.say(read(0, 2)).dataIn?.subarray(510, 514), hex`01010000`);
  });

  it('is write protected by SWP in the control page, until reset', () => {
    const { one, other, server } = disk();
    const sensed = one.say(
      cdb.ModeSense6.encode({ opcode: 0x1a, page: 0x0a, noBlockDescriptor: 1, length: 255 }),
    ).dataIn;
    assert.ok(sensed);
    const list = sensed.slice();
    list[0] = 0;
    list[2] = 0;
    list[4 + 4] = 0x08;
    const select = cdb.ModeSelect6.encode({ opcode: 0x15, pageFormat: 1, length: list.length });
    assert.equal(one.say(select, { dataOut: list }).status, 0);
    assert.equal(other.say(new Uint8Array(6)).refusal, '6/2a01');
    assert.equal(other.say(write(0, 1), { dataOut: data(1, 1) }).refusal, '7/2702');
    server.manage(one.nexus, 5, 0, -1);
    assert.equal(one.say(new Uint8Array(6)).refusal, '6/2903');
    assert.equal(one.say(write(0, 1), { dataOut: data(1, 1) }).status, 0);
  });
});

describe('reservations', () => {
  it('of RESERVE(6) keep others out, and go with their nexus', () => {
    const { one, other, server } = disk();
    assert.equal(one.say(cdb.Reserve6.encode({ opcode: 0x16 })).status, 0);
    assert.equal(other.say(new Uint8Array(6)).status, conflict);
    assert.equal(
      other.say(cdb.Reserve6.encode({ opcode: 0x17 })).status,
      0,
      'RELEASE by another does nothing',
    );
    assert.equal(other.say(read(0, 1)).status, conflict);
    server.nexusLost(one.nexus);
    assert.equal(other.say(read(0, 1)).status, 0);
  });

  const out = (host: TestHost, action: number, type: number, key: bigint, actionKey = 0n) =>
    host.say(cdb.PersistentReserveOut.encode({ opcode: 0x5f, action, type, length: 24 }), {
      dataOut: cdb.ReserveParameters.encode({ key, actionKey }),
    });

  it('that persist: register, reserve, preempt; told to those who lose', () => {
    const { one, other } = disk();
    assert.equal(out(one, 1, 3, 1n).status, conflict, 'nobody is registered');
    assert.equal(out(one, 0, 0, 0n, 1n).status, 0);
    assert.equal(out(other, 0, 0, 0n, 2n).status, 0);
    assert.equal(out(one, 1, 3, 1n).status, 0);
    assert.equal(other.say(read(0, 1)).status, conflict, 'exclusive access');
    assert.equal(one.say(read(0, 1)).status, 0);
    assert.equal(out(other, 4, 1, 2n, 1n).status, 0, 'preempts');
    assert.equal(one.say(new Uint8Array(6)).refusal, '6/2a05');
    assert.equal(one.say(read(0, 1)).status, 0, 'write exclusive now');
    assert.equal(one.say(write(0, 1), { dataOut: data(1, 1) }).status, conflict);
    assert.equal(out(one, 2, 1, 1n).status, conflict, 'it is not registered any more');
    assert.equal(out(other, 2, 3, 2n).refusal, '5/2604', 'another type than it has');
    assert.equal(out(other, 3, 0, 2n).status, 0);
    assert.equal(one.say(write(0, 1), { dataOut: data(1, 1) }).status, 0);
  });
});

describe('a medium that can be taken out', () => {
  const eject = cdb.StartStopUnit.encode({ opcode: 0x1b, loadEject: 1 });
  const load = cdb.StartStopUnit.encode({ opcode: 0x1b, loadEject: 1, start: 1 });
  const prevent = (on: number) => cdb.PreventAllow.encode({ opcode: 0x1e, prevent: on });

  it('goes and comes, unless somebody prevents it', () => {
    const { one, other, server } = disk(true);
    assert.equal(one.say(prevent(1)).status, 0);
    assert.equal(other.say(eject).refusal, '5/5302');
    server.nexusLost(one.nexus);
    assert.equal(other.say(eject).status, 0);
    assert.deepEqual(
      [other.say(new Uint8Array(6)).refusal, other.say(read(0, 1)).refusal],
      ['2/3a00', '2/3a00'],
    );
    assert.equal(other.say(hex`12 00 00 00 24 00`).dataIn?.[1], 0x80);
    assert.equal(other.say(load).status, 0);
    assert.equal(other.say(read(0, 1)).status, 0);
  });

  it('stays in a disk that has none', () => {
    const { one } = disk();
    assert.equal(one.say(eject).status, 0);
    assert.equal(one.say(read(0, 1)).status, 0);
  });
});
