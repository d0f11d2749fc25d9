import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Framer, type Pdu } from './framer.ts';
import { Kept, type KeptCommand } from './kept.ts';
import { RejectReason, TargetOpcode } from './opcodes.ts';
import { Outbox } from './outbox.ts';
import { DataIn, ScsiResponse } from './pdu.ts';

describe('what a target keeps until it is acknowledged (RFC 7143 §7.1.3, §11.16)', () => {
  it('is rejected for what was too much to keep', () => {
    const outbox = new Outbox();
    const kept = new Kept(outbox, () => ({ statSn: 3, expCmdSn: 1, maxCmdSn: 1, segment: 8192 }), 100);
    const sizes = [60, 60, 30];
    const commands = sizes.map((size, tag) => {
      const command = kept.begin(tag, 0, size);
      kept.dataIn(command, new Uint8Array(size));
      kept.response(tag, new Uint8Array(0), 0, command);
      return command;
    });
    const answers = () => commands.map((command) => kept.resendData(command, 0, 1));
    assert.deepEqual(answers(), [undefined, RejectReason.snack, undefined]);
    assert.equal(kept.resendAll(commands[1] as KeptCommand, 7), RejectReason.snack);
    kept.acknowledge(3);
    assert.equal(kept.oldest, undefined);
    assert.equal(kept.begin(9, 0, 100).dropped, false, 'there is room again');
  });

  it('is cut anew, by R-Data alone, for an initiator that takes less than before (§11.16.3)', () => {
    const outbox = new Outbox();
    const sent: Pdu[] = [];
    const framer = new Framer(1 << 20, (pdu) => sent.push(pdu));
    let segment = 1000;
    const kept = new Kept(outbox, () => ({ statSn: 2, expCmdSn: 5, maxCmdSn: 9, segment }));
    const command = kept.begin(7, 0, 2000);
    for (const dataSn of [0, 1]) {
      const last = { final: dataSn, hasStatus: dataSn, statSn: 1, underflow: dataSn, residual: 3 * dataSn };
      const values = { opcode: TargetOpcode.dataIn, tag: 7, dataSn, offset: 1000 * dataSn, ...last };
      DataIn.encode(values, outbox.header);
      kept.dataIn(command, new Uint8Array(1000).fill(dataSn));
    }
    kept.response(1, new Uint8Array(1000).fill(1), 0, command);
    segment = 514;
    assert.equal(kept.resendData(command, 0, 0), RejectReason.snack);
    assert.equal(kept.resendResponses(1, 1), RejectReason.snack);
    assert.equal(kept.resendAll(command, 0x99), undefined);
    for (const bytes of outbox.take()) framer.push(bytes.slice());
    const data = sent.slice(0, 4).map(({ header }) => DataIn.decode(header));
    assert.deepEqual(
      data.map(({ dataSn, offset }) => [dataSn, offset]),
      [
        [0, 0],
        [1, 512],
        [2, 1000],
        [3, 1512],
      ],
    );
    assert.deepEqual(
      data.map(({ final, hasStatus }) => [final, hasStatus]),
      [
        [0, 0],
        [0, 0],
        [0, 0],
        [1, 0],
      ],
    );
    assert.deepEqual(
      sent.slice(0, 4).map((pdu) => pdu.data.length),
      [512, 488, 512, 488],
    );
    const { statSn, snackTag, expDataSn, residual, underflow } = ScsiResponse.decode((sent[4] as Pdu).header);
    assert.deepEqual([statSn, snackTag, expDataSn, residual, underflow], [1, 0x99, 4, 3, 1]);
    assert.equal(kept.acknowledgeData(command.transferTag, 4), undefined);
    kept.resendAll(command, 0x9a);
    sent.length = 0;
    for (const bytes of outbox.take()) framer.push(bytes.slice());
    assert.deepEqual(
      sent.map(({ header }) => ScsiResponse.decode(header).snackTag),
      [0x9a],
      'nothing but the status',
    );
  });
});
