/** The checks can fail: rules are broken on purpose, on the wire of the machine under test, and the named check must notice. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Peer } from './peer.ts';
import { suites } from './suites.ts';

/** Does something to a PDU that our machine has sent: false drops it. */
type Mutation = (header: DataView, data: Uint8Array) => unknown;

const opcode = (header: DataView) => header.getUint8(0) & 0x3f;
/** Adds to a field of four bytes. */
const add = (header: DataView, at: number, by: number) =>
  header.setUint32(at, (header.getUint32(at) + by) >>> 0);
const on =
  (kind: number, change: Mutation): Mutation =>
  (header, data) =>
    opcode(header) === kind ? change(header, data) : undefined;

const mutants: readonly (readonly [what: string, suite: string, checks: readonly string[], Mutation])[] = [
  ['StatSN that stands still', 'Full Feature Phase, targets', ['2.1'], on(0x21, (h) => h.setUint32(24, 1))],
  ['MaxCmdSN of 0', 'Full Feature Phase, targets', ['1.1'], on(0x21, (h) => h.setUint32(32, 0))],
  ['DataSN that begins at 1', 'Full Feature Phase, targets', ['3.1', '9.4'], on(0x25, (h) => add(h, 36, 1))],
  ['R2TSN that begins at 1', 'Full Feature Phase, targets', ['4.1', '10.1'], on(0x31, (h) => add(h, 36, 1))],
  [
    'R2Ts without a tag',
    'Full Feature Phase, targets',
    ['8.1', '10.1'],
    on(0x31, (h) => h.setUint32(20, 0xffffffff)),
  ],
  [
    'data-in without F',
    'Full Feature Phase, targets',
    ['9.2'],
    on(0x25, (h) => h.setUint8(1, h.getUint8(1) & 0x7f)),
  ],
  ['data-in at other offsets', 'Full Feature Phase, targets', ['9.5'], on(0x25, (h) => add(h, 40, 4))],
  ['R2Ts for 4 bytes less', 'Full Feature Phase, targets', ['10.1'], on(0x31, (h) => add(h, 44, -4))],
  [
    'a Reject with another reason',
    'Full Feature Phase, targets',
    ['12.4', '14.3', '18.2.1'],
    on(0x3f, (h) => h.setUint8(2, 1)),
  ],
  [
    'a Reject of another header',
    'Full Feature Phase, targets',
    ['14.2', '14.3'],
    on(0x3f, (_, data) => data.fill(1)),
  ],
  [
    'a ping’s data changed',
    'Full Feature Phase, targets',
    ['15.1.3', '15.1.6'],
    on(0x20, (_, data) => data.fill(0)),
  ],
  [
    'residual counts of 0',
    'Full Feature Phase, targets',
    ['16.1', '16.2'],
    on(0x25, (h) => h.setUint32(44, 0)),
  ],
  [
    'CHECK CONDITION as GOOD',
    'Full Feature Phase, targets',
    ['7.1', '16.3.2', '18.2.2'],
    on(0x21, (h) => h.setUint8(3, 0)),
  ],
  [
    'text responses with F',
    'Full Feature Phase, targets',
    ['17.2.1', '17.8.1'],
    on(0x24, (h) => h.setUint8(1, 0x80)),
  ],
  [
    'logout responses of another kind',
    'Full Feature Phase, targets',
    ['13.1', '13.3', '17.4.2'],
    on(0x26, (h) => h.setUint8(2, 3)),
  ],
  ['TSIH of 0', 'Login Phase, targets', ['2.1'], on(0x23, (h) => h.setUint16(14, 0))],
  [
    'login without T',
    'Login Phase, targets',
    ['1.1', '3.1'],
    on(0x23, (h) => h.setUint8(1, h.getUint8(1) & 0x7f)),
  ],
  ['every login granted', 'CHAP, targets', ['5.1', '3.8', '1.2.1'], on(0x23, (h) => h.setUint16(36, 0))],
  ['data sent again with other numbers', 'Error Recovery, targets', ['3.2'], on(0x25, (h) => add(h, 36, 1))],
  ['recovery R2Ts lost', 'Error Recovery, targets', ['4.2', '5.1'], on(0x31, (h) => h.getUint32(36) === 0)],
  ['CmdSN that stands still', 'Full Feature Phase, initiators', ['1.1'], on(0x01, (h) => h.setUint32(24, 1))],
  [
    'data-out DataSN that begins at 1',
    'Full Feature Phase, initiators',
    ['6.1', '11.3'],
    on(0x05, (h) => add(h, 36, 1)),
  ],
  [
    'another Target Transfer Tag',
    'Full Feature Phase, initiators',
    ['9.1', '15.1', '18.2'],
    (h) => h.setUint32(20, 7),
  ],
  [
    'data-out always with F',
    'Full Feature Phase, initiators',
    ['11.2.2', '12.2'],
    on(0x05, (h) => h.setUint8(1, 0x80)),
  ],
  [
    'commands never with F',
    'Full Feature Phase, initiators',
    ['16.2.1', '16.6'],
    on(0x01, (h) => h.setUint8(1, h.getUint8(1) & 0x7f)),
  ],
  ['Logout Requests lost', 'Full Feature Phase, initiators', ['14.1', '20.1', '20.4'], on(0x06, () => false)],
  ['RefCmdSN of 0', 'Full Feature Phase, initiators', ['19.3'], on(0x02, (h) => h.setUint32(32, 0))],
  [
    'SNACKs for other runs',
    'Error Recovery, initiators',
    ['3.2', '3.5', '5.1'],
    on(0x10, (h) => add(h, 40, 1)),
  ],
  ['SNACKs lost', 'Error Recovery, initiators', ['3.3', '3.8', '4.2'], on(0x10, () => false)],
  [
    'a challenge answered wrongly',
    'CHAP, initiators',
    ['1.1', '3.1'],
    on(0x03, (_, data) => spoil(data, 'CHAP_R=0x')),
  ],
  [
    'names left out',
    'Login Phase, initiators',
    ['1.1', '11.1'],
    on(0x03, (_, data) => spoil(data, 'InitiatorName=')),
  ],
];

/** Changes the first letter after this text. */
function spoil(data: Uint8Array, text: string): void {
  const at = Buffer.from(data.buffer, data.byteOffset, data.length).indexOf(text);
  if (at >= 0) data[at + text.length] = data[at + text.length] === 0x30 ? 0x31 : 0x30;
}

/** Runs a check with the mutation on the wire; true: the check noticed. */
async function notices(suite: string, number: string, mutation: Mutation): Promise<boolean> {
  const check = suites.find(({ name }) => name === suite)?.checks.find((one) => one.number === number);
  assert.ok(check, `${suite} has no ${number}`);
  Peer.mutation = ({ header, data }) =>
    mutation(new DataView(header.buffer, header.byteOffset, header.length), data) !== false;
  try {
    await check.run();
    return false;
  } catch {
    return true;
  } finally {
    Peer.mutation = undefined;
  }
}

describe('a machine that breaks a rule is found out', () => {
  for (const [what, suite, checks, mutation] of mutants)
    it(`${what}: ${suite} ${checks.join(', ')}`, async () => {
      for (const number of checks)
        assert.ok(await notices(suite, number, mutation), `${number} did not notice`);
    });
});
