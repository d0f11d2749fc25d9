import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ScriptedTarget } from '../../../contract/scripted-target.ts';
import { Status } from '../../scsi/status.ts';
import { Task } from '../task.ts';
import { InitiatorOpcode, reservedTag, TargetOpcode } from './opcodes.ts';
import { Outbox } from './outbox.ts';
import * as pdu from './pdu.ts';
import type { TargetNodeOptions } from './target-node.ts';
import { converse, Lab } from './testing-wire.ts';

const newLab = (options: Partial<TargetNodeOptions> = {}) => new Lab(new ScriptedTarget(), options);

/** An initiator in full feature phase, whose target from now on is the test: it gets its bytes, and says PDUs. */
function session() {
  const lab = newLab();
  const { connection, told } = lab.initiator();
  connection.start();
  converse(connection, lab.connection());
  const outbox = new Outbox();
  const say = (data?: Uint8Array) => {
    outbox.put(data);
    for (const bytes of outbox.take()) connection.receive(bytes.slice());
  };
  const submit = (dataIn: number, dataOut = 0) => {
    const task = new Task()
      .setCdb(new Uint8Array(6))
      .setDataIn(new Uint8Array(dataIn))
      .setDataOut(new Uint8Array(dataOut));
    connection.tasks?.submit(task);
    return task;
  };
  return { lab, connection, told, header: outbox.header, say, submit };
}

describe('an initiator whose target breaks the rules', () => {
  it('ends the session: an R2T for what was sent already', () => {
    const { connection, told, header, say, submit } = session();
    const task = submit(0, 100); // all of it goes with the command
    const r2t = { opcode: TargetOpcode.readyToTransfer, tag: task.slot, desiredLength: 100 };
    pdu.ReadyToTransfer.encode(r2t, header);
    say();
    assert.match(String(told.over), /R2Ts for 200 bytes, of 100/);
    assert.deepEqual([connection.ended, task.fault], [true, 'nexus-lost']);
  });

  const breaches: readonly (readonly [string, (header: Uint8Array, tag: number) => void, number])[] = [
    [
      'more data than there is room for',
      (header, tag) => pdu.DataIn.encode({ opcode: TargetOpcode.dataIn, tag }, header),
      101,
    ],
    [
      'a gap in DataSN',
      (header, tag) => pdu.DataIn.encode({ opcode: TargetOpcode.dataIn, tag, dataSn: 1 }, header),
      8,
    ],
    [
      'data at another offset',
      (header, tag) => pdu.DataIn.encode({ opcode: TargetOpcode.dataIn, tag, offset: 4 }, header),
      8,
    ],
    [
      'an R2T for more than there is',
      (header, tag) =>
        pdu.ReadyToTransfer.encode({ opcode: TargetOpcode.readyToTransfer, tag, desiredLength: 1 }, header),
      0,
    ],
    [
      'an R2T for nothing',
      (header, tag) => pdu.ReadyToTransfer.encode({ opcode: TargetOpcode.readyToTransfer, tag }, header),
      0,
    ],
    ['an opcode of initiators', (header) => pdu.Header.encode({ opcode: InitiatorOpcode.nopOut }, header), 0],
    [
      'a reject of a command',
      (header) => pdu.Reject.encode({ opcode: TargetOpcode.reject, reason: 4, tag: reservedTag }, header),
      48,
    ],
  ];
  for (const [what, fill, length] of breaches)
    it(`ends the session: ${what}`, () => {
      const { connection, told, header, say, submit } = session();
      const task = submit(100);
      fill(header, task.slot);
      say(new Uint8Array(length));
      assert.deepEqual(
        [connection.ended, told.over instanceof Error, task.fault],
        [true, true, 'nexus-lost'],
      );
    });

  it('ignores answers to tags that it does not use', () => {
    const { connection, header, say, submit } = session();
    const task = submit(100);
    for (const tag of [task.slot + 1, task.slot + 4096, 0x7fffffff]) {
      pdu.ScsiResponse.encode({ opcode: TargetOpcode.scsiResponse, final: 1, tag }, header);
      say();
    }
    assert.deepEqual([connection.ended, task.slot >= 0], [false, true]);
    pdu.ScsiResponse.encode(
      { opcode: TargetOpcode.scsiResponse, final: 1, tag: task.slot, status: 8, underflow: 1, residual: 100 },
      header,
    );
    say();
    assert.deepEqual([task.slot, task.status, task.residual], [-1, Status.busy, 100]);
  });

  it('waits while the window is closed, and goes on when it opens (§4.2.2.1)', () => {
    const { connection, header, say, submit } = session();
    connection.outbox.take();
    const tasks = Array.from({ length: 130 }, () => submit(0));
    assert.equal(connection.outbox.size, 128 * 48, 'as many as the window has room for');
    pdu.ScsiResponse.encode(
      {
        opcode: TargetOpcode.scsiResponse,
        final: 1,
        tag: Number(tasks[0]?.slot),
        expCmdSn: 129,
        maxCmdSn: 129,
      },
      header,
    );
    say();
    assert.equal(connection.outbox.size, 129 * 48);
    assert.equal(tasks[0]?.slot, -1);
  });
});

describe('the initiator', () => {
  it('answers pings, and comes to an end when the target asks for it (§11.9)', () => {
    const lab = newLab();
    const { connection, told } = lab.initiator();
    const served = lab.connection();
    connection.start();
    converse(connection, served);
    lab.clock.advance(15_001);
    served.tick();
    converse(connection, served);
    assert.equal(served.ended, false);
    served.requestLogout(5);
    converse(connection, served);
    assert.deepEqual([served.ended, told.over instanceof Error], [true, true]);
  });

  it('never fails on any bytes', () =>
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 48, maxLength: 160 }), { maxLength: 6 }), (chunks) => {
        const lab = newLab();
        const { connection } = lab.initiator();
        connection.start();
        converse(connection, lab.connection());
        for (const chunk of chunks) {
          chunk[5] = 0;
          chunk[6] = 0;
          connection.receive(chunk);
        }
        connection.lost();
      }),
      { numRuns: 300 },
    ));
});
