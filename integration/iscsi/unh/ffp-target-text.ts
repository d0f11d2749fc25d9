/** Full feature phase for targets, group 17: text. */

import assert from 'node:assert/strict';
import {
  LogoutReason,
  LogoutResponseCode,
  RejectReason,
  reservedTag,
} from '../../../src/transport/iscsi/opcodes.ts';
import { targetName } from '../../../src/transport/iscsi/testing-wire.ts';
import { encodeText } from '../../../src/transport/iscsi/text.ts';
import { logoutRequest, textRequest } from './pdus.ts';
import { type Heard, pairsOf } from './peer.ts';
import { discovery, type RawInitiator, session } from './raw-initiator.ts';
import { type Check, check, pairOf } from './suite.ts';

type Values = Parameters<typeof textRequest>[0];

/** A text request, and its response. */
function ask(raw: RawInitiator, keys: readonly string[], values: Values = {}): Heard<'textResponse'> {
  return askBytes(raw, encodeText(keys.map(pairOf)), values);
}

function askBytes(raw: RawInitiator, data: Uint8Array, values: Values): Heard<'textResponse'> {
  const all = { ...raw.numbered(), ...values };
  raw.send(textRequest(all, data));
  const response = raw.expect('textResponse');
  assert.equal(response.tag, all.tag);
  assert.equal(response.transferTag === reservedTag, response.final === 1);
  return response;
}

/** The next request of a negotiation. */
const follows = ({ tag, transferTag, lun }: Heard<'textResponse'>) => ({ tag, transferTag, lun });

function rejects(raw: RawInitiator, data: Uint8Array, values: Values): void {
  raw.send(textRequest({ ...raw.numbered(), ...values }, data));
  assert.equal(raw.expect('reject').reason, RejectReason.protocol);
  raw.cmdSn--; // what is rejected was not received
}

const segment = (length: number) => encodeText([['MaxRecvDataSegmentLength', String(length)]]);

/** The longest data-in of a read of 2048 bytes. */
const longest = (raw: RawInitiator) =>
  Math.max(...raw.reads(raw.read(4), 2048).map(({ data }) => data.length));

const record = [
  ['TargetName', targetName],
  ['TargetAddress', '192.0.2.1,1'],
];

export const text: readonly Check[] = [
  check(
    '17.1.1',
    'discovery: the response has the request’s tag, and after F=0 a Target Transfer Tag',
    '§11.11',
    () => {
      const { raw } = discovery(['MaxRecvDataSegmentLength=512']);
      const response = ask(raw, ['SendTargets=All'], { final: 0 });
      assert.deepEqual([response.final, response.data.length <= 512], [0, true]);
    },
  ),
  check(
    '17.1.2',
    'normal session: MaxRecvDataSegmentLength is declared anew, and holds from then on',
    '§11.10, §13.12',
    () => {
      const { raw } = session();
      const first = ask(raw, ['MaxRecvDataSegmentLength=512'], { final: 0 });
      assert.equal(first.final, 0);
      assert.equal(askBytes(raw, new Uint8Array(0), follows(first)).final, 1);
      raw.greet();
      assert.equal(longest(raw), 512);
    },
  ),
  check('17.2.1', 'discovery: no F in answer to a request without F', '§11.11.1', () => {
    const { raw } = discovery();
    const first = ask(raw, ['SendTargets=All'], { final: 0 });
    assert.equal(first.final, 0);
    assert.equal(askBytes(raw, new Uint8Array(0), follows(first)).final, 1);
  }),
  check('17.2.2', 'normal session: no F in answer to a request without F', '§11.11.1', () => {
    const { raw } = session();
    assert.equal(ask(raw, ['MaxRecvDataSegmentLength=512'], { final: 0 }).final, 0);
  }),
  check('17.3.1', 'discovery: SendTargets=All gives the targets and their addresses', 'Appendix C', () => {
    assert.deepEqual(pairsOf(ask(discovery().raw, ['SendTargets=All']).data), record);
  }),
  check(
    '17.3.2',
    'discovery: SendTargets without a value',
    'Appendix C',
    () => {
      assert.deepEqual(pairsOf(ask(discovery().raw, ['SendTargets=']).data), [['SendTargets', 'Reject']]);
    },
    {
      deviation:
        'the empty value asks for the target that the session is logged in to; a discovery session is logged in to none, so it is answered Reject',
    },
  ),
  check('17.3.3', 'normal session: SendTargets=All is answered Reject', 'Appendix C', () => {
    assert.deepEqual(pairsOf(ask(session().raw, ['SendTargets=All']).data), [['SendTargets', 'Reject']]);
  }),
  check('17.3.4', 'normal session: SendTargets without a value gives this target', 'Appendix C', () => {
    assert.deepEqual(pairsOf(ask(session().raw, ['SendTargets=']).data), record);
  }),
  check('17.3.5', 'discovery: SendTargets with a name gives that target only', 'Appendix C', () => {
    const { raw } = discovery();
    assert.deepEqual(pairsOf(ask(raw, [`SendTargets=${targetName}`]).data), record);
    assert.equal(ask(raw, [`SendTargets=${targetName}x`]).data.length, 0);
  }),
  check(
    '17.4.1',
    'discovery: other keys in full feature phase',
    '§4.3, §13.12',
    () => {
      const { raw } = discovery();
      assert.deepEqual(pairsOf(ask(raw, ['MaxBurstLength=512']).data), [['MaxBurstLength', 'NotUnderstood']]);
      assert.equal(ask(raw, ['MaxRecvDataSegmentLength=512']).data.length, 0);
    },
    {
      deviation:
        'the public text of 2003 wants MaxRecvDataSegmentLength=Irrelevant; RFC 7143 §13.12 has it in all phases, declarative: it is taken, without an answer',
    },
  ),
  check(
    '17.4.2',
    'discovery: a logout for recovery is answered "connection recovery not supported"',
    '§11.15.1',
    () => {
      const { raw } = discovery();
      ask(raw, ['SendTargets=All']);
      raw.send(logoutRequest({ ...raw.immediate(), reason: LogoutReason.recovery }));
      assert.equal(raw.expect('logoutResponse').response, LogoutResponseCode.recoveryUnsupported);
    },
  ),
  check('17.5', 'a negotiation goes on with another Initiator Task Tag: it is rejected', '§11.10.3', () => {
    const { raw } = session();
    const { lun, transferTag } = ask(raw, ['MaxRecvDataSegmentLength=512'], { final: 0 });
    rejects(raw, encodeText([['InitiatorAlias', 'x']]), { lun, transferTag });
  }),
  check(
    '17.6',
    'a key is declared twice in one negotiation: rejected, and it begins anew',
    '§6.2, §7.11',
    () => {
      const { raw } = session();
      const first = ask(raw, ['MaxRecvDataSegmentLength=512'], { final: 0 });
      rejects(raw, segment(512), { ...follows(first), final: 0 });
      const again = ask(raw, ['MaxRecvDataSegmentLength=512'], { final: 0 });
      assert.equal(askBytes(raw, new Uint8Array(0), follows(again)).final, 1);
      raw.greet();
      assert.equal(longest(raw), 512);
    },
  ),
  check(
    '17.7.1',
    'after a reset of the negotiation the same key can be declared, and holds',
    '§7.11, §11.10.4',
    () => {
      const { raw } = session();
      const first = ask(raw, ['MaxRecvDataSegmentLength=512'], { final: 0 });
      rejects(raw, encodeText([['InitiatorAlias', 'x']]), { transferTag: first.transferTag });
      const again = ask(raw, ['MaxRecvDataSegmentLength=512'], { final: 0, tag: first.tag });
      assert.equal(askBytes(raw, new Uint8Array(0), follows(again)).final, 1);
      raw.greet();
      assert.equal(longest(raw), 512);
    },
  ),
  check('17.7.2', 'what is declared in a negotiation that never ends does not hold', '§7.11', () => {
    const { raw } = session(['MaxRecvDataSegmentLength=1024']);
    ask(raw, ['MaxRecvDataSegmentLength=512'], { final: 0 });
    assert.equal(longest(raw), 1024);
  }),
  check(
    '17.7.3',
    'a value that is too small is rejected and does not hold; a valid one then does',
    '§7.11, §13.12',
    () => {
      const { raw } = session();
      rejects(raw, segment(511), {});
      assert.equal(longest(raw), 2048);
      ask(raw, ['MaxRecvDataSegmentLength=1024']);
      assert.equal(longest(raw), 1024);
    },
  ),
  check('17.8.1', 'a key split by the C bit is answered when it is whole', '§6.2, §11.10.2', () => {
    const { raw } = session(['MaxRecvDataSegmentLength=512']);
    const whole = encodeText([
      ['InitiatorAlias', 'a'.repeat(225)],
      ['X-org.example.one', 'b'.repeat(230)],
      ['X-org.example.two', 'c'.repeat(100)],
    ]);
    const first = askBytes(raw, whole.subarray(0, 508), { continues: 1, final: 0 });
    assert.deepEqual([first.final, first.data.length], [0, 0]);
    const last = askBytes(raw, whole.subarray(508), follows(first));
    assert.equal(last.final, 1);
    assert.deepEqual(pairsOf(last.data), [
      ['X-org.example.one', 'NotUnderstood'],
      ['X-org.example.two', 'NotUnderstood'],
    ]);
  }),
  check('17.8.2', 'C with F is rejected, and what it says does not hold', '§11.10.2', () => {
    const { raw } = session(['MaxRecvDataSegmentLength=1024']);
    assert.equal(longest(raw), 1024);
    rejects(raw, segment(512), { continues: 1 });
    assert.equal(longest(raw), 1024);
  }),
  check(
    '17.8.3',
    'a name and its value split by the C bit hold when they are whole',
    '§6.2, §11.10.2',
    () => {
      const { raw } = session(['MaxRecvDataSegmentLength=1024']);
      assert.equal(longest(raw), 1024);
      const whole = segment(512);
      const first = askBytes(raw, whole.subarray(0, 18), { continues: 1, final: 0 });
      assert.equal(longest(raw), 1024);
      assert.equal(askBytes(raw, whole.subarray(18), follows(first)).final, 1);
      assert.equal(longest(raw), 512);
    },
  ),
];
