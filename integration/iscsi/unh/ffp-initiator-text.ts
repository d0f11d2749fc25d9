/** Full feature phase for initiators, group 18: text. */

import assert from 'node:assert/strict';
import { LogoutReason, RejectReason, reservedTag } from '../../../src/transport/iscsi/opcodes.ts';
import { encodeText } from '../../../src/transport/iscsi/text.ts';
import { reject, textResponse } from './pdus.ts';
import { called } from './raw-target.ts';
import { type Check, check, pairOf } from './suite.ts';

const discovering = { target: undefined };

/** An initiator that has asked for targets, and its request. */
function asks() {
  const all = called([], discovering);
  const asked = all.connection.ask([['SendTargets', 'All']]);
  asked.catch(() => undefined);
  return { ...all, asked, request: all.raw.expect('textRequest') };
}
const text = (...keys: string[]) => encodeText(keys.map(pairOf));
const target = text('TargetName=iqn.2026-01.org.example:t');
const address = text('TargetAddress=192.0.2.1:3260,1');

export const discoveries: readonly Check[] = [
  check(
    '18.1',
    'a text request has the next CmdSN, a tag of its own, no Target Transfer Tag, and F',
    '§11.10',
    () => {
      const { raw, request } = asks();
      assert.equal(request.cmdSn, raw.expCmdSn);
      assert.deepEqual([request.transferTag, request.final, request.continues], [reservedTag, 1, 0]);
      assert.notEqual(request.tag, reservedTag);
      assert.equal(request.text.get('SendTargets'), 'All');
    },
  ),
  check(
    '18.2',
    'a response that goes on is fetched: same task tag, Target Transfer Tag and LUN',
    '§11.10.3, §11.10.4',
    async () => {
      const { raw, request, asked } = asks();
      const { tag } = request;
      raw.send(textResponse({ ...raw.numbered(), final: 0, tag, transferTag: 0x55, lun: 1 }, target));
      const more = raw.expect('textRequest');
      assert.deepEqual([more.tag, more.transferTag, more.lun, more.data.length], [tag, 0x55, 1, 0]);
      raw.send(textResponse({ ...raw.numbered(), tag }, address));
      assert.equal((await asked).length, 2);
    },
  ),
  check('18.3.1', 'a Target Transfer Tag beside F is ignored', '§11.10.4', async () => {
    const { raw, request, asked, connection } = asks();
    const { tag } = request;
    raw.send(textResponse({ ...raw.numbered(), tag, transferTag: 0x55 }, Buffer.concat([target, address])));
    assert.equal((await asked).length, 2);
    raw.open();
    connection.close('closed');
    const logout = raw.expect('logoutRequest');
    assert.equal(logout.reason, LogoutReason.session);
    assert.notEqual(logout.tag, tag);
  }),
  check('18.3.2', 'no Target Transfer Tag where the response goes on: the session ends', '§11.11.1', () => {
    const { raw, request } = asks();
    raw.send(textResponse({ ...raw.numbered(), final: 0, tag: request.tag, lun: 1 }, target));
    raw.closed();
  }),
  check(
    '18.4',
    'another key in the response to SendTargets',
    'Appendix C, §13.12',
    async () => {
      const { raw, request, asked } = asks();
      const other = text('MaxRecvDataSegmentLength=512');
      raw.send(
        textResponse({ ...raw.numbered(), tag: request.tag }, Buffer.concat([target, address, other])),
      );
      assert.equal((await asked).length, 3);
      raw.open();
    },
    {
      deviation:
        'the public text of 2003 wants recovery; RFC 7143 §13.12 lets MaxRecvDataSegmentLength be declared at any time: the session goes on, and the caller gets the key',
    },
  ),
  check(
    '18.5',
    'a text request is rejected',
    '§7.12',
    async () => {
      const { raw, request, asked } = asks();
      raw.send(reject({ ...raw.numbered(), reason: RejectReason.protocol }, request.bytes));
      raw.closed();
      await assert.rejects(asked);
    },
    {
      deviation:
        'nothing is negotiated in full feature phase, so nothing is negotiated again: the asker gets an error and the session ends',
    },
  ),
];
