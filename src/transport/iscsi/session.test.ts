import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ScriptedTarget } from '../../../contract/scripted-target.ts';
import { AdditionalSense } from '../../scsi/sense.ts';
import { decodeSense } from '../../scsi/sense-data.ts';
import { Status } from '../../scsi/status.ts';
import type { Pdu } from './framer.ts';
import { InitiatorOpcode, LogoutReason, RejectReason, reservedTag, TargetOpcode } from './opcodes.ts';
import * as pdu from './pdu.ts';
import { opcodes, rawSession } from './testing-wire.ts';

/** The only answer, which must be a refusal with sense. */
function refusal(answers: readonly Pdu[]): number | undefined {
  assert.deepEqual(opcodes(answers), [TargetOpcode.scsiResponse]);
  const [answer] = answers as [Pdu];
  assert.equal(pdu.ScsiResponse.decode(answer.header).status, Status.checkCondition);
  return decodeSense(answer.data.subarray(2))?.code;
}
const rejected = (answers: readonly Pdu[]) => answers.map((one) => pdu.Reject.decode(one.header).reason);

describe('the command window at the target (RFC 7143 §4.2.2.1)', () => {
  it('ignores commands out of turn, and takes immediate ones without a place in it', () => {
    const { peer, device } = rawSession(new ScriptedTarget());
    for (const cmdSn of [0, 130, 500]) assert.deepEqual(peer.command({ tag: 5, cmdSn }), []);
    assert.equal(device.commands, 0);
    const [answer] = peer.command({ tag: 5, cmdSn: 1 }) as [Pdu];
    const { expCmdSn, maxCmdSn, statSn } = pdu.ScsiResponse.decode(answer.header);
    assert.deepEqual([expCmdSn, maxCmdSn, statSn], [2, 129, 1]);
    const [second] = peer.command({ tag: 5, cmdSn: 2, immediate: 1 }) as [Pdu];
    const next = pdu.ScsiResponse.decode(second.header);
    assert.deepEqual([next.expCmdSn, next.statSn], [2, 2]);
  });

  it('refuses a tag that is in use', () => {
    const { peer, device } = rawSession(new ScriptedTarget());
    device.answer = device.hold;
    peer.command({ tag: 5, cmdSn: 1 });
    assert.deepEqual(rejected(peer.command({ tag: 5, cmdSn: 2 })), [RejectReason.taskInProgress]);
  });
});

describe('data-out (RFC 7143 §4.2.5.2, §11.7, §11.8)', () => {
  const write = { tag: 5, cmdSn: 1, write: 1, expectedLength: 1000 };

  it('comes as immediate, unsolicited and solicited data, in one command', () => {
    const { peer, device } = rawSession(new ScriptedTarget(), [
      ['InitialR2T', 'No'],
      ['FirstBurstLength', '700'],
      ['MaxBurstLength', '700'],
    ]);
    assert.deepEqual(peer.command({ ...write, final: 0 }, new Uint8Array(300).fill(1)), []);
    const [r2t] = peer.dataOut({ tag: 5, final: 1, offset: 300 }, new Uint8Array(400).fill(2)) as [Pdu];
    const { desiredLength, offset, r2tSn, transferTag } = pdu.ReadyToTransfer.decode(r2t.header);
    assert.deepEqual([desiredLength, offset, r2tSn], [300, 700, 0]);
    peer.dataOut({ tag: 5, transferTag, offset: 700 }, new Uint8Array(100).fill(3));
    const done = peer.dataOut(
      { tag: 5, transferTag, final: 1, dataSn: 1, offset: 800 },
      new Uint8Array(200).fill(4),
    );
    assert.deepEqual(opcodes(done), [TargetOpcode.scsiResponse]);
    const bytes = device.seen[0]?.dataOut ?? [];
    assert.deepEqual([bytes[0], bytes[300], bytes[700], bytes[999]], [1, 2, 3, 4]);
  });

  const { dataPhaseError, writeErrorUnexpectedUnsolicitedData, writeErrorNotEnoughUnsolicitedData } =
    AdditionalSense;
  it('is refused when it comes unasked', () => {
    const { peer, device } = rawSession(new ScriptedTarget(), [
      ['InitialR2T', 'Yes'],
      ['ImmediateData', 'No'],
    ]);
    assert.equal(refusal(peer.command(write, new Uint8Array(8))), writeErrorUnexpectedUnsolicitedData);
    peer.command({ ...write, cmdSn: 2, final: 0 });
    const answers = peer.dataOut({ tag: 5, final: 1 }, new Uint8Array(8));
    assert.equal(refusal(answers), writeErrorUnexpectedUnsolicitedData);
    assert.equal(device.commands, 0);
  });

  it('is refused when there is more than the first burst takes', () => {
    const { peer } = rawSession(new ScriptedTarget(), [['FirstBurstLength', '512']]);
    assert.equal(refusal(peer.command(write, new Uint8Array(513))), writeErrorUnexpectedUnsolicitedData);
  });

  for (const [what, values, length, sense] of [
    ['with a gap in DataSN', { dataSn: 1, final: 1 }, 1000, dataPhaseError],
    ['at another offset', { offset: 4, final: 1 }, 996, dataPhaseError],
    ['longer than asked for', { final: 1 }, 1004, writeErrorNotEnoughUnsolicitedData],
    ['with F before the end', { final: 1 }, 500, writeErrorNotEnoughUnsolicitedData],
    ['without F at the end', { final: 0 }, 1000, dataPhaseError],
  ] as const)
    it(`that was asked for is refused ${what}`, () => {
      const { peer, device } = rawSession(new ScriptedTarget(), [['ImmediateData', 'No']]);
      const [r2t] = peer.command(write) as [Pdu];
      const { transferTag } = pdu.ReadyToTransfer.decode(r2t.header);
      let answers = peer.dataOut({ tag: 5, transferTag, ...values }, new Uint8Array(length));
      if (answers.length === 0)
        answers = peer.dataOut({ tag: 5, transferTag, dataSn: 9, final: 1 }, new Uint8Array(0));
      assert.equal(refusal(answers), sense);
      assert.equal(device.commands, 0);
    });

  it('may end with an empty PDU that has F (§11.7.7)', () => {
    const { peer, device } = rawSession(new ScriptedTarget(), [['ImmediateData', 'No']]);
    const [r2t] = peer.command(write) as [Pdu];
    const { transferTag } = pdu.ReadyToTransfer.decode(r2t.header);
    assert.deepEqual(peer.dataOut({ tag: 5, transferTag }, new Uint8Array(1000)), []);
    assert.equal(device.commands, 0);
    const last = { tag: 5, transferTag, dataSn: 1, offset: 1000, final: 1 };
    assert.deepEqual(opcodes(peer.dataOut(last, new Uint8Array(0))), [TargetOpcode.scsiResponse]);
    assert.equal(device.commands, 1);
  });

  it('that comes unsolicited is a whole first burst, or all there is (§11.4.7.2)', () => {
    const { peer } = rawSession(new ScriptedTarget(), [
      ['InitialR2T', 'No'],
      ['FirstBurstLength', '512'],
    ]);
    peer.command({ ...write, final: 0 });
    const answers = peer.dataOut({ tag: 5, final: 1 }, new Uint8Array(300));
    assert.equal(refusal(answers), writeErrorNotEnoughUnsolicitedData);
  });

  it('that is damaged is rejected, and its command ends with 0Bh/47h/05h (§7.8)', () => {
    const { peer, device } = rawSession(new ScriptedTarget(), [
      ['ImmediateData', 'No'],
      ['DataDigest', 'CRC32C'],
    ]);
    const [r2t] = peer.command(write) as [Pdu];
    const { transferTag } = pdu.ReadyToTransfer.decode(r2t.header);
    peer.useDataDigests();
    peer.damage = (bytes) => bytes.fill(0xee, 60, 61);
    const answers = peer.dataOut({ tag: 5, transferTag, final: 1 }, new Uint8Array(1000));
    assert.deepEqual(opcodes(answers), [TargetOpcode.reject, TargetOpcode.scsiResponse]);
    assert.deepEqual(rejected(answers.slice(0, 1)), [RejectReason.dataDigest]);
    assert.equal(refusal(answers.slice(1)), AdditionalSense.protocolServiceCrcError);
    assert.equal(device.commands, 0);
  });

  it('of more than we hold is refused, not buffered', () => {
    const { peer } = rawSession(new ScriptedTarget());
    const answers = peer.command({ ...write, expectedLength: 0xffffffff });
    assert.equal(refusal(answers), AdditionalSense.invalidFieldInCdb);
  });
});

describe('memory', () => {
  it('is set aside for so much data-out at once; more is answered BUSY', () => {
    const { peer, device, lab } = rawSession(new ScriptedTarget(), [['ImmediateData', 'No']]);
    const write = { write: 1, expectedLength: 16 << 20 };
    const most = lab.node.maxBuffered / write.expectedLength;
    for (let i = 0; i < most; i++)
      assert.ok(
        opcodes(peer.command({ ...write, tag: i, cmdSn: 1 + i })).every(
          (one) => one === TargetOpcode.readyToTransfer,
        ),
      );
    const [busy] = peer.command({ ...write, tag: 99, cmdSn: 1 + most }) as [Pdu];
    assert.equal(pdu.ScsiResponse.decode(busy.header).status, Status.busy);
    const abort = { opcode: InitiatorOpcode.taskManagementRequest, immediate: 1, final: 1, function: 1 };
    peer.say(pdu.ManagementRequest, { ...abort, tag: 100, referencedTag: 3, cmdSn: 2 + most });
    const [r2t] = peer.command({ ...write, tag: 99, cmdSn: 2 + most }) as [Pdu];
    assert.equal(opcodes([r2t])[0], TargetOpcode.readyToTransfer);
    assert.equal(device.commands, 0);
  });
});

describe('what a target answers beside commands', () => {
  it('pings with the same data; and pings by itself when it is silent for long (§11.18, §11.19)', () => {
    const { lab, peer, connection } = rawSession(new ScriptedTarget());
    const ping = {
      opcode: InitiatorOpcode.nopOut,
      immediate: 1,
      final: 1,
      cmdSn: 1,
      transferTag: reservedTag,
    };
    const [pong] = peer.say(pdu.NopOut, { ...ping, tag: 9 }, new TextEncoder().encode('hello')) as [Pdu];
    assert.deepEqual(
      [opcodes([pong])[0], new TextDecoder().decode(pong.data)],
      [TargetOpcode.nopIn, 'hello'],
    );
    assert.deepEqual(peer.say(pdu.NopOut, { ...ping, tag: reservedTag }), []);
    lab.clock.advance(15_001);
    connection.tick();
    const [asked] = peer.heard() as [Pdu];
    const { tag, transferTag } = pdu.NopIn.decode(asked.header);
    assert.deepEqual([tag, transferTag !== reservedTag], [reservedTag, true]);
    lab.clock.advance(1);
    peer.say(pdu.NopOut, { ...ping, tag: reservedTag, transferTag });
    lab.clock.advance(15_001);
    connection.tick();
    assert.equal(connection.ended, false, 'it was answered: the next ping');
    lab.clock.advance(15_001);
    connection.tick();
    assert.equal(connection.ended, true, 'it was not');
    assert.equal(lab.device.lost.length, 1);
  });

  it('rejects what it does not know, with the header (§11.17)', () => {
    const { peer } = rawSession(new ScriptedTarget());
    const [answer] = peer.say(pdu.Header, { opcode: 0x1c, immediate: 1, tag: 77 }) as [Pdu];
    assert.deepEqual(rejected([answer]), [RejectReason.unsupported]);
    assert.equal(pdu.Header.decode(answer.data).tag, 77);
    assert.deepEqual(rejected(peer.say(pdu.Snack, { opcode: InitiatorOpcode.snack })), [
      RejectReason.protocol,
    ]);
    assert.deepEqual(
      rejected(peer.say(pdu.LoginRequest, { opcode: InitiatorOpcode.loginRequest, isid: new Uint8Array(6) })),
      [RejectReason.protocol],
    );
  });

  it('logs out (§11.14)', () => {
    const { peer, connection, lab } = rawSession(new ScriptedTarget());
    const logout = { opcode: InitiatorOpcode.logoutRequest, immediate: 1, final: 1, tag: 3 };
    const response = (values: object) =>
      pdu.LogoutResponse.decode((peer.say(pdu.LogoutRequest, { ...logout, ...values }) as [Pdu])[0].header)
        .response;
    assert.equal(response({ reason: LogoutReason.recovery }), 2);
    assert.equal(response({ reason: LogoutReason.connection, connection: 9 }), 1);
    assert.equal(connection.ended, false);
    assert.equal(response({ reason: LogoutReason.session }), 0);
    assert.deepEqual([connection.ended, lab.device.lost.length], [true, 1]);
  });

  it('drops a connection whose header digest is wrong (§7.8)', () => {
    const { peer, connection } = rawSession(new ScriptedTarget(), [['HeaderDigest', 'CRC32C']]);
    // None are sent: what follows is taken for one.
    for (const tag of [5, 6]) peer.command({ tag, cmdSn: tag - 4 });
    assert.equal(connection.ended, true);
  });

  it('never fails on any bytes', () =>
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 48, maxLength: 160 }), { maxLength: 6 }), (chunks) => {
        const { connection } = rawSession(new ScriptedTarget());
        for (const chunk of chunks) {
          chunk[5] = 0; // lengths that are not absurd let more through
          chunk[6] = 0;
          connection.receive(chunk);
        }
        connection.tick();
        connection.lost();
      }),
      { numRuns: 300 },
    ));
});
