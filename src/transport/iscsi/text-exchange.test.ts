import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ScriptedTarget } from '../../../contract/scripted-target.ts';
import { Framer, type Pdu } from './framer.ts';
import { RejectReason, reservedTag, TargetOpcode } from './opcodes.ts';
import { Outbox } from './outbox.ts';
import * as pdu from './pdu.ts';
import { converse, Lab, type RawInitiator, rawSession } from './testing-wire.ts';
import { encodeText } from './text.ts';

const ask = { opcode: 4, immediate: 1, cmdSn: 1, transferTag: reservedTag };

/** One text request, and its answer. */
function exchange(peer: RawInitiator, values: object, key = '', value = ''): Pdu {
  const data = key ? encodeText([[key, value]]) : new Uint8Array(0);
  return (peer.say(pdu.TextRequest, { ...ask, ...values }, data) as [Pdu])[0];
}

describe('text in full feature phase at the target (RFC 7143 §11.10, §11.11)', () => {
  it('ends when both have said F; what was declared holds from then on', () => {
    const { peer, device } = rawSession(new ScriptedTarget());
    device.answer = (command) => command.complete(0, undefined, new Uint8Array(1000));
    const first = pdu.TextResponse.decode(
      exchange(peer, { tag: 5 }, 'MaxRecvDataSegmentLength', '512').header,
    );
    assert.deepEqual([first.final, first.transferTag === reservedTag], [0, false]);
    assert.equal(peer.command({ tag: 9, cmdSn: 1, read: 1, expectedLength: 1000 }).length, 1);
    const { transferTag } = first;
    const last = pdu.TextResponse.decode(exchange(peer, { tag: 5, transferTag, final: 1, cmdSn: 2 }).header);
    assert.deepEqual([last.final, last.transferTag], [1, reservedTag]);
    assert.equal(peer.command({ tag: 9, cmdSn: 2, read: 1, expectedLength: 1000 }).length, 2);
  });

  it('is rejected, and forgotten, when it breaks the rules', () => {
    const { peer } = rawSession(new ScriptedTarget());
    const { transferTag } = pdu.TextResponse.decode(exchange(peer, { tag: 5 }, 'InitiatorAlias', 'x').header);
    for (const values of [
      { tag: 6, transferTag },
      { tag: 5, transferTag },
      { tag: 7, continues: 1, final: 1 },
    ])
      assert.equal(
        pdu.Reject.decode(exchange(peer, values, 'InitiatorAlias', 'y').header).reason,
        RejectReason.protocol,
      );
    assert.equal(pdu.TextResponse.decode(exchange(peer, { tag: 8, final: 1 }).header).final, 1);
  });
});

/** A discovery session of ours that has asked for targets; and what it says. */
function discovering() {
  const lab = new Lab(new ScriptedTarget());
  const { connection, told } = lab.initiator({ target: undefined });
  connection.start();
  converse(connection, lab.connection());
  const asked = connection.ask([['SendTargets', 'All']]);
  const said: Pdu[] = [];
  const framer = new Framer(1 << 20, (one) => said.push(one));
  const heard = () => {
    for (const bytes of connection.outbox.take()) framer.push(bytes.slice());
    return said.splice(0).map((one) => pdu.TextRequest.decode(one.header));
  };
  const outbox = new Outbox();
  const answer = (values: object, text: Uint8Array) => {
    pdu.TextResponse.encode(
      { opcode: TargetOpcode.textResponse, statSn: connection.expStatSn, ...values },
      outbox.header,
    );
    outbox.put(text);
    for (const bytes of outbox.take()) connection.receive(bytes.slice());
  };
  return { connection, told, asked, heard, answer };
}

describe('text requests of an initiator (RFC 7143 §11.10)', () => {
  it('have one tag in one sequence, and the LUN and tag of the target', async () => {
    const { heard, answer, asked } = discovering();
    const [first] = heard();
    answer({ tag: first?.tag, transferTag: 77, lun: 3 }, encodeText([['TargetName', 'iqn.2026-01.x:y']]));
    const [second] = heard();
    assert.deepEqual([second?.tag, second?.transferTag, second?.lun], [first?.tag, 77, 3]);
    answer({ tag: first?.tag, transferTag: 5, final: 1 }, encodeText([['TargetAddress', 'a:1,1']]));
    assert.equal((await asked).length, 2);
  });

  it('end the session when an answer neither ends nor goes on', async () => {
    const { heard, answer, asked, told } = discovering();
    answer({ tag: heard()[0]?.tag, transferTag: reservedTag }, new Uint8Array(0));
    assert.ok(told.over instanceof Error);
    await assert.rejects(asked);
  });
});

describe('an initiator at error recovery level 0', () => {
  const session = (digest: boolean) => {
    const lab = new Lab(new ScriptedTarget(), digest ? { wishes: { DataDigest: ['CRC32C'] } } : {});
    const { connection, told } = lab.initiator();
    connection.start();
    converse(connection, lab.connection());
    return { connection, told };
  };

  it('ends the session when StatSN is far off (§4.2.2.2)', () => {
    const { connection, told } = session(false);
    const ping = { opcode: TargetOpcode.nopIn, final: 1, tag: 0, transferTag: reservedTag };
    const statSn = (connection.expStatSn + 0x7fffffff) >>> 0;
    connection.receive(pdu.NopIn.encode({ ...ping, statSn }));
    assert.ok(told.over instanceof Error);
  });

  it('ends the session when any data digest is wrong (§7.8)', () => {
    const { connection, told } = session(true);
    const response = { opcode: TargetOpcode.scsiResponse, final: 1, status: 2, dataLength: 4 };
    const header = pdu.ScsiResponse.encode({ ...response, statSn: connection.expStatSn });
    connection.receive(Buffer.concat([header, new Uint8Array(8)]));
    assert.ok(told.over instanceof Error);
  });
});
