/** The same four tests for every layout (R2). In the golden bytes every whole field holds its own offset, so that a slip shows. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { hex } from '../../bytes/hex.ts';
import { layout } from '../../bytes/testing-layout.ts';
import * as numbers from './opcodes.ts';
import * as pdu from './pdu.ts';

layout(
  'RFC 7143 §11.2.1',
  pdu.Header,
  hex`41800000 00010203 00000000 00000000 10101010 00000000 00000000 00000000 00000000 00000000 00000000 00000000`,
  { opcode: 1, ahsWords: 0, dataLength: 0x10203, immediate: 1, final: 1, tag: 0x10101010 },
);
layout(
  'RFC 7143 §11.3',
  pdu.ScsiCommand,
  hex`41e20002 00010203 08080000 00000000 10101010 14141414 18181818 1c1c1c1c a0a1a2a3 a4a5a6a7 a8a9aaab acadaeaf`,
  {
    opcode: 1,
    ahsWords: 0,
    dataLength: 0x10203,
    immediate: 1,
    final: 1,
    read: 1,
    write: 1,
    attribute: 2,
    priority: 2,
    lun: 0x808,
    tag: 0x10101010,
    expectedLength: 0x14141414,
    cmdSn: 0x18181818,
    expStatSn: 0x1c1c1c1c,
    cdb: hex`a0a1a2a3a4a5a6a7a8a9aaabacadaeaf`,
  },
);
layout(
  'RFC 7143 §11.5',
  pdu.ManagementRequest,
  hex`42820000 00010203 08080000 00000000 10101010 14141414 18181818 1c1c1c1c 20202020 24242424 00000000 00000000`,
  {
    opcode: 2,
    ahsWords: 0,
    dataLength: 0x10203,
    immediate: 1,
    final: 1,
    function: 2,
    lun: 0x808,
    tag: 0x10101010,
    referencedTag: 0x14141414,
    cmdSn: 0x18181818,
    expStatSn: 0x1c1c1c1c,
    refCmdSn: 0x20202020,
    expDataSn: 0x24242424,
  },
);
layout(
  'RFC 7143 §11.7',
  pdu.DataOut,
  hex`05800000 00010203 08080000 00000000 10101010 14141414 00000000 1c1c1c1c 00000000 24242424 28282828 00000000`,
  {
    opcode: 5,
    ahsWords: 0,
    dataLength: 0x10203,
    final: 1,
    lun: 0x808,
    tag: 0x10101010,
    transferTag: 0x14141414,
    expStatSn: 0x1c1c1c1c,
    dataSn: 0x24242424,
    offset: 0x28282828,
  },
);
layout(
  'RFC 7143 §11.10',
  pdu.TextRequest,
  hex`44c00000 00010203 08080000 00000000 10101010 14141414 18181818 1c1c1c1c 00000000 00000000 00000000 00000000`,
  {
    opcode: 4,
    ahsWords: 0,
    dataLength: 0x10203,
    immediate: 1,
    final: 1,
    continues: 1,
    lun: 0x808,
    tag: 0x10101010,
    transferTag: 0x14141414,
    cmdSn: 0x18181818,
    expStatSn: 0x1c1c1c1c,
  },
);
layout(
  'RFC 7143 §11.12',
  pdu.LoginRequest,
  hex`43ca0203 00010203 a0a1a2a3 a4a50e0e 10101010 14140000 18181818 1c1c1c1c 00000000 00000000 00000000 00000000`,
  {
    opcode: 3,
    ahsWords: 0,
    dataLength: 0x10203,
    immediate: 1,
    transit: 1,
    continues: 1,
    currentStage: 2,
    nextStage: 2,
    versionMax: 2,
    versionMin: 3,
    isid: hex`a0a1a2a3a4a5`,
    tsih: 0xe0e,
    tag: 0x10101010,
    connection: 0x1414,
    cmdSn: 0x18181818,
    expStatSn: 0x1c1c1c1c,
  },
);
layout(
  'RFC 7143 §11.14',
  pdu.LogoutRequest,
  hex`46820000 00010203 00000000 00000000 10101010 14140000 18181818 1c1c1c1c 00000000 00000000 00000000 00000000`,
  {
    opcode: 6,
    ahsWords: 0,
    dataLength: 0x10203,
    immediate: 1,
    final: 1,
    reason: 2,
    tag: 0x10101010,
    connection: 0x1414,
    cmdSn: 0x18181818,
    expStatSn: 0x1c1c1c1c,
  },
);
layout(
  'RFC 7143 §11.16',
  pdu.Snack,
  hex`10820000 00010203 08080000 00000000 10101010 14141414 00000000 1c1c1c1c 00000000 00000000 28282828 2c2c2c2c`,
  {
    opcode: 0x10,
    ahsWords: 0,
    dataLength: 0x10203,
    final: 1,
    type: 2,
    lun: 0x808,
    tag: 0x10101010,
    transferTag: 0x14141414,
    expStatSn: 0x1c1c1c1c,
    begin: 0x28282828,
    runLength: 0x2c2c2c2c,
  },
);
layout(
  'RFC 7143 §11.18',
  pdu.NopOut,
  hex`40800000 00010203 08080000 00000000 10101010 14141414 18181818 1c1c1c1c 00000000 00000000 00000000 00000000`,
  {
    opcode: 0,
    ahsWords: 0,
    dataLength: 0x10203,
    immediate: 1,
    final: 1,
    lun: 0x808,
    tag: 0x10101010,
    transferTag: 0x14141414,
    cmdSn: 0x18181818,
    expStatSn: 0x1c1c1c1c,
  },
);
layout('RFC 7143 §11.2.2.1', pdu.AdditionalHeader, hex`0011 01 00`, { length: 17, type: 1 });
layout('RFC 7143 §11.2.2.4', pdu.ReadLength, hex`0005 02 00 04040404`, {
  length: 5,
  type: 2,
  readLength: 0x04040404,
});

for (const [name, table] of Object.entries(numbers)) {
  if (typeof table !== 'object') continue;
  it(`no two names of ${name} share a value`, () =>
    assert.equal(new Set(Object.values(table)).size, Object.keys(table).length));
}
it('an unknown number prints as one', () => assert.equal(numbers.nameOf(numbers.RejectReason, 0x77), '0x77'));
