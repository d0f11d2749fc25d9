import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ScriptedTarget } from '../../../contract/scripted-target.ts';
import { TaskManagement, TaskManagementResponse } from '../../scsi/command.ts';
import { AdditionalSense } from '../../scsi/sense.ts';
import { decodeSense } from '../../scsi/sense-data.ts';
import { Status } from '../../scsi/status.ts';
import { Task } from '../task.ts';
import { Framer, type Pdu } from './framer.ts';
import { defaultWishes } from './keys.ts';
import { InitiatorOpcode, RejectReason, reservedTag, SnackType, TargetOpcode } from './opcodes.ts';
import { Outbox } from './outbox.ts';
import * as pdu from './pdu.ts';
import { converse, Lab } from './testing-wire.ts';

/** An initiator at level 1, whose target from now on is the test. CmdSN and StatSN are 1. */
function session() {
  const wishes = { ...defaultWishes, ErrorRecoveryLevel: 1 };
  const lab = new Lab(new ScriptedTarget(), { wishes });
  const { connection, told } = lab.initiator({ wishes });
  connection.start();
  converse(connection, lab.connection());
  const outbox = new Outbox();
  const heard: Pdu[] = [];
  const framer = new Framer(1 << 24, (one) => heard.push(one));
  /** What the initiator says now. */
  const listen = () => {
    for (const bytes of connection.outbox.take()) framer.push(bytes.slice());
    return heard.splice(0);
  };
  const say = (
    layout: { encode(values: object, into: Uint8Array): unknown },
    values: object,
    data?: Uint8Array,
  ) => {
    layout.encode({ expCmdSn: 2, maxCmdSn: 100, ...values }, outbox.header);
    outbox.put(data);
    for (const bytes of outbox.take()) connection.receive(bytes.slice());
    return listen();
  };
  const submit = (dataIn: number) => {
    const task = new Task().setCdb(new Uint8Array(6)).setDataIn(new Uint8Array(dataIn));
    connection.tasks?.submit(task);
    return task;
  };
  const pass = (ms: number) => {
    lab.clock.advance(ms);
    connection.tick();
    return listen();
  };
  const statSn = connection.expStatSn;
  return { connection, told, say, submit, listen, pass, statSn };
}

const opcodes = (pdus: readonly Pdu[]) => pdus.map((one) => pdu.Header.decode(one.header).opcode);
const snacks = (pdus: readonly Pdu[]) =>
  pdus.map((one) => {
    const { opcode, type, tag, begin, runLength, expStatSn } = pdu.Snack.decode(one.header);
    assert.equal(opcode, InitiatorOpcode.snack);
    return { type, tag, begin, runLength, expStatSn };
  });
const dataIn = { opcode: TargetOpcode.dataIn };
const response = { opcode: TargetOpcode.scsiResponse, final: 1 };

describe('an initiator at error recovery level 1', () => {
  it('asks for data that is missing, and acknowledges no status before it has come (§7.9)', () => {
    const { connection, say, submit, listen, statSn } = session();
    const task = submit(16);
    listen();
    const tag = task.slot;
    const asked = snacks(
      say(pdu.DataIn, { ...dataIn, tag, dataSn: 2, offset: 8 }, new Uint8Array(4).fill(3)),
    );
    assert.deepEqual(asked, [{ type: SnackType.data, tag, begin: 0, runLength: 2, expStatSn: statSn }]);
    const tail = snacks(say(pdu.ScsiResponse, { ...response, tag, statSn, expDataSn: 4 }));
    assert.deepEqual(tail, [{ type: SnackType.data, tag, begin: 3, runLength: 1, expStatSn: statSn }]);
    for (const dataSn of [0, 1, 0])
      say(pdu.DataIn, { ...dataIn, tag, dataSn, offset: 4 * dataSn }, new Uint8Array(4).fill(1 + dataSn));
    assert.deepEqual([task.slot, connection.expStatSn], [tag, statSn]);
    say(pdu.DataIn, { ...dataIn, tag, dataSn: 3, offset: 12 }, new Uint8Array(4).fill(4));
    assert.deepEqual([task.slot, task.status, connection.expStatSn], [-1, Status.good, statSn + 1]);
    assert.deepEqual(task.dataIn, Uint8Array.of(1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4));
  });

  it('asks for statuses that are missing, and acknowledges in order (§4.2.2.2)', () => {
    const { connection, say, submit, listen, pass, statSn } = session();
    const [one, two] = [submit(0), submit(0)];
    const tags = [one.slot, two.slot];
    listen();
    const asked = snacks(
      say(pdu.ScsiResponse, { ...response, tag: two.slot, statSn: statSn + 1, expCmdSn: 3 }),
    );
    const snack = {
      type: SnackType.status,
      tag: reservedTag,
      begin: statSn,
      runLength: 1,
      expStatSn: statSn,
    };
    assert.deepEqual(asked, [snack]);
    assert.deepEqual([two.slot, connection.expStatSn], [-1, statSn]);
    assert.deepEqual(snacks(pass(5_000).slice(0, 1)), [snack], 'once more');
    say(pdu.ScsiResponse, { ...response, tag: tags[0], statSn, expCmdSn: 3 });
    assert.deepEqual([one.slot, connection.expStatSn], [-1, statSn + 2]);
  });

  it('answers the A bit when nothing is missing any more (§11.16.2)', () => {
    const { say, submit, listen } = session();
    const { slot: tag } = submit(12);
    listen();
    say(
      pdu.DataIn,
      { ...dataIn, tag, dataSn: 1, offset: 4, acknowledge: 1, transferTag: 7, lun: 3 },
      new Uint8Array(4),
    );
    const [ack] = say(pdu.DataIn, { ...dataIn, tag }, new Uint8Array(4)) as [Pdu];
    const { type, begin, runLength, transferTag, lun, tag: none } = pdu.Snack.decode(ack.header);
    assert.deepEqual(
      [type, begin, runLength, transferTag, lun, none],
      [SnackType.dataAck, 2, 0, 7, 3, reservedTag],
    );
  });

  it('ends a command with 0Bh/47h/05h if its data can not be had again (§7.8)', () => {
    const { say, submit, listen, statSn } = session();
    const task = submit(8);
    const { slot: tag } = task;
    listen();
    const [snack] = say(pdu.DataIn, { ...dataIn, tag, dataSn: 1, offset: 4 }, new Uint8Array(4)) as [Pdu];
    const reject = { opcode: TargetOpcode.reject, final: 1, tag: reservedTag, reason: RejectReason.snack };
    say(pdu.Reject, { ...reject, statSn }, snack.header);
    assert.equal(task.slot, tag, 'the status is waited for');
    say(pdu.ScsiResponse, { ...response, tag, statSn: statSn + 1, expDataSn: 2 });
    assert.equal(task.status, Status.checkCondition);
    assert.equal(
      decodeSense(task.sense.subarray(0, task.senseLength))?.code,
      AdditionalSense.protocolServiceCrcError,
    );
  });

  it('sends a command that is not acknowledged again, five times, and gives up (§7.2.1)', () => {
    const { submit, listen, pass, told } = session();
    const task = submit(0);
    const [first] = listen() as [Pdu];
    for (let i = 0; i < 5; i++) {
      const said = pass(5_000);
      const isPing = (one: Pdu) => opcodes([one])[0] === InitiatorOpcode.nopOut;
      assert.deepEqual(
        said.filter((one) => !isPing(one)),
        [first],
      );
      assert.ok(said.some(isPing));
    }
    pass(5_000);
    assert.deepEqual([task.fault, told.over instanceof Error], ['nexus-lost', true]);
  });

  it('does not send it again once it is acknowledged', () => {
    const { submit, listen, pass, say } = session();
    submit(0);
    listen();
    say(pdu.NopIn, { opcode: TargetOpcode.nopIn, tag: reservedTag, transferTag: reservedTag, statSn: 1 });
    assert.deepEqual(opcodes(pass(5_000)), [InitiatorOpcode.nopOut], 'it only asks for news');
  });

  it('asks for task management again, under a new tag', async () => {
    const { connection, listen, pass, say, statSn } = session();
    const answered = connection.manage(TaskManagement.logicalUnitReset, 0, undefined);
    const [first] = listen() as [Pdu];
    pass(5_000);
    const [again] = pass(5_000) as [Pdu];
    const [one, two] = [first, again].map((request) => pdu.ManagementRequest.decode(request.header).tag);
    assert.notEqual(one, two);
    say(pdu.ManagementReply, { opcode: TargetOpcode.taskManagementResponse, final: 1, tag: two, statSn });
    assert.equal(await answered, TaskManagementResponse.complete);
  });

  it('takes a task management response after those before it only', async () => {
    const { connection, listen, say, submit, statSn } = session();
    const task = submit(0);
    const { slot } = task;
    const answered = connection.manage(TaskManagement.logicalUnitReset, 0, undefined);
    const tag = pdu.Header.decode((listen()[1] as Pdu).header).tag;
    const reply = { opcode: TargetOpcode.taskManagementResponse, final: 1, tag, statSn: statSn + 1 };
    const [snack] = snacks(say(pdu.ManagementReply, reply));
    assert.deepEqual([snack?.begin, snack?.runLength], [statSn, 2]);
    say(pdu.ScsiResponse, { ...response, tag: slot, statSn });
    assert.deepEqual([task.fault, task.slot], [undefined, -1], 'its own answer, not the abort');
    say(pdu.ManagementReply, reply);
    assert.equal(await answered, TaskManagementResponse.complete);
  });

  it('never fails on any numbers', () => {
    const small = fc.oneof(fc.nat(6), fc.constantFrom(4096, 8192, reservedTag), fc.nat(0xffffffff));
    const header = fc.record({
      opcode: fc.constantFrom(...Object.values(TargetOpcode)),
      flags: fc.nat(0xff),
      words: fc.array(small, { minLength: 8, maxLength: 8 }),
    });
    fc.assert(
      fc.property(fc.array(header, { maxLength: 30 }), (headers) => {
        const { connection, submit, pass } = session();
        submit(16);
        submit(0);
        for (const { opcode, flags, words } of headers) {
          const bytes = new Uint8Array(48);
          const view = new DataView(bytes.buffer);
          bytes.set([opcode, flags]);
          for (const [i, word] of words.entries()) view.setUint32(16 + 4 * i, word);
          connection.receive(bytes);
          pass(1_000);
        }
        connection.lost();
      }),
      { numRuns: 300 },
    );
  });
});
