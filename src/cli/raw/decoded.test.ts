import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hex } from '../../bytes/hex.ts';
import { StandardInquiry } from '../../scsi/inquiry.ts';
import { Status } from '../../scsi/status.ts';
import { decoded } from './decoded.ts';

const answer = (dataIn: Uint8Array, status: Status = Status.good) => ({
  ...{ status, sense: new Uint8Array(0), dataIn, residual: 0 },
});
const inquiry = hex`12 00 00 00 24 00`;
const identity = { vendor: 'ACME', product: 'Tape', revision: '1.0' };
const tape = {
  ...identity,
  qualifier: 0,
  deviceType: 1,
  version: 6,
  responseFormat: 2,
  additionalLength: 31,
};
const standard = StandardInquiry.encode(tape);
const capacity10 = hex`25 00 00000000 0000 00 00`;
const capacity16 = hex`9e 10 0000000000000000 00000020 00 00`;
const huge = hex`000001ffffffffff 00000200 00 03 0000 00000000 00000000 00000000 00000000`;

describe('raw, decoded', () => {
  it('says what device it is, in letters that a terminal takes', () => {
    assert.deepEqual(decoded(inquiry, answer(standard)), {
      members: { ...identity, type: 1, typeName: 'tape' },
      line: 'tape, ACME, Tape, 1.0',
    });
    const evil = standard.slice();
    evil[16] = 0x1b;
    assert.equal(decoded(inquiry, answer(evil))?.line, 'tape, ACME, ?ape, 1.0');
  });

  it('says how large it is', () => {
    assert.deepEqual(decoded(capacity10, answer(hex`00000063 00000800`)), {
      members: { blocks: 100, blockLength: 2048 },
      line: '100 blocks of 2048 bytes: 200.0 KiB',
    });
    assert.deepEqual(decoded(capacity10, answer(hex`ffffffff 00000200`)), {
      members: { blockLength: 512 },
      line: 'more blocks of 512 bytes than READ CAPACITY(10) can say',
    });
    assert.deepEqual(decoded(capacity16, answer(huge)), {
      members: { blocks: 2 ** 41, blockLength: 512, physicalBlockLength: 4096, thin: false },
      line: '2199023255552 blocks of 512 bytes: 1.0 PiB; physical blocks of 4096 bytes',
    });
  });

  it('says nothing of pages, other service actions, other statuses, absent units and answers cut short', () => {
    assert.equal(decoded(hex`12 01 83 00 24 00`, answer(standard)), undefined);
    assert.equal(decoded(hex`9e 12 0000000000000000 00000020 00 00`, answer(huge)), undefined);
    assert.equal(decoded(inquiry, answer(standard, Status.busy)), undefined);
    const absent = StandardInquiry.encode({ ...tape, qualifier: 3, deviceType: 31 });
    assert.equal(decoded(inquiry, answer(absent)), undefined);
    for (const [cdb, data] of [
      [inquiry, standard],
      [capacity10, hex`00000063 00000800`],
      [capacity16, huge],
    ] as const)
      for (let n = 0; n < data.length; n++)
        assert.equal(decoded(cdb, answer(data.subarray(0, n))), undefined);
  });

  it('takes any CDB and any answer', () => {
    const opcode = fc.constantFrom(0x12, 0x25, 0x9e);
    const rest = fc.uint8Array({ maxLength: 16 });
    fc.assert(
      fc.property(opcode, rest, fc.uint8Array({ maxLength: 64 }), (first, others, dataIn) => {
        const said = decoded(Uint8Array.of(first, ...others), answer(dataIn));
        assert.doesNotMatch(said?.line ?? '', /\p{Cc}/u);
        JSON.stringify(said?.members);
      }),
    );
  });
});
