import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hex } from '../../bytes/hex.ts';
import { chapDigest } from './chap.ts';
import { defaultSettings, defaultWishes, rules, type Wishes } from './keys.ts';
import { decodeLun, encodeLun } from './lun.ts';
import { Negotiation, NegotiationError } from './negotiation.ts';
import { ahead } from './serial.ts';
import {
  decodeText,
  encodeText,
  formatBinary,
  type Pair,
  parseBinary,
  parseNumber,
  TextError,
  TextGatherer,
} from './text.ts';
import { InitiatorWindow, TargetWindow } from './window.ts';

const answers = (pairs: readonly Pair[], wishes: Partial<Wishes> = {}, discovery = false) =>
  new Negotiation({ ...defaultWishes, ...wishes }, discovery).receive(pairs);

describe('negotiation as responder (RFC 7143 §6.2, §13)', () => {
  const cases: readonly (readonly [offer: Pair, answer: string | undefined, wishes?: Partial<Wishes>])[] = [
    [['HeaderDigest', 'CRC32C,None'], 'CRC32C'],
    [['HeaderDigest', 'None,CRC32C'], 'None'],
    [['HeaderDigest', 'X-other,None'], 'None'],
    [['DataDigest', 'X-other'], 'Reject'],
    [['InitialR2T', 'No'], 'No'],
    [['InitialR2T', 'No'], 'Yes', { InitialR2T: true }],
    [['ImmediateData', 'Yes'], 'Yes'],
    [['ImmediateData', 'Yes'], 'No', { ImmediateData: false }],
    [['ImmediateData', 'perhaps'], 'Reject'],
    [['MaxBurstLength', '16776192'], '1048576'],
    [['MaxBurstLength', '0x1000'], '4096'],
    [['MaxBurstLength', '511'], 'Reject'],
    [['DefaultTime2Wait', '5'], '5'],
    [['DefaultTime2Retain', '20'], '0'],
    [['MaxConnections', '8'], '1'],
    [['ErrorRecoveryLevel', '2'], '0'],
    [['ErrorRecoveryLevel', '2'], '1', { ErrorRecoveryLevel: 1 }],
    [['ErrorRecoveryLevel', '2'], '1', { ErrorRecoveryLevel: 2 }],
    [['ErrorRecoveryLevel', '3'], 'Reject'],
    [['DataPDUInOrder', 'No'], 'Yes'],
    [['TaskReporting', 'FastAbort,RFC3720'], 'RFC3720'],
    [['TaskReporting', 'FastAbort,ResponseFence,RFC3720'], 'ResponseFence'],
    [['iSCSIProtocolLevel', '2'], '2'],
    [['IFMarker', 'Yes'], 'No'],
    [['OFMarkInt', '2048'], 'Reject'],
    [['X-org.example.key', 'Yes'], 'NotUnderstood'],
    [['MaxRecvDataSegmentLength', '4096'], undefined],
    [['InitiatorAlias', 'me'], undefined],
  ];
  for (const [offer, answer, wishes] of cases)
    it(`${offer.join('=')} is answered ${answer ?? 'not at all'}`, () =>
      assert.deepEqual(answers([offer], wishes), answer === undefined ? [] : [[offer[0], answer]]));

  it('finds what belongs to normal sessions irrelevant in discovery ones', () =>
    assert.deepEqual(answers([['MaxBurstLength', '4096']], {}, true), [['MaxBurstLength', 'Irrelevant']]));

  it('recovers nothing in discovery sessions, but says so (§7.4.1)', () =>
    assert.deepEqual(answers([['ErrorRecoveryLevel', '2']], { ErrorRecoveryLevel: 1 }, true), [
      ['ErrorRecoveryLevel', '0'],
    ]));

  it('refuses a key twice, and a segment length out of range', () => {
    assert.throws(
      () =>
        answers([
          ['InitialR2T', 'No'],
          ['InitialR2T', 'No'],
        ]),
      NegotiationError,
    );
    assert.throws(() => answers([['MaxRecvDataSegmentLength', '16777216']]), NegotiationError);
  });

  it('keeps the first burst within a burst', () => {
    const negotiation = new Negotiation(defaultWishes, false);
    negotiation.receive([
      ['MaxBurstLength', '1024'],
      ['FirstBurstLength', '65536'],
    ]);
    assert.equal(negotiation.settings.FirstBurstLength, 1024);
  });
});

describe('negotiation between two of us', () => {
  const wishes = fc.record(
    {
      HeaderDigest: fc.constantFrom(['None'], ['CRC32C', 'None'], ['None', 'CRC32C']),
      InitialR2T: fc.boolean(),
      ImmediateData: fc.boolean(),
      MaxBurstLength: fc.integer({ min: 512, max: 0xffffff }),
      FirstBurstLength: fc.integer({ min: 512, max: 0xffffff }),
      MaxOutstandingR2T: fc.integer({ min: 1, max: 65535 }),
      DefaultTime2Wait: fc.integer({ min: 0, max: 3600 }),
      MaxRecvDataSegmentLength: fc.integer({ min: 512, max: 0xffffff }),
    },
    { noNullPrototype: true },
  );
  it('ends with the same settings on both sides, each with the other’s segment length', () =>
    fc.assert(
      fc.property(wishes, wishes, (one, other) => {
        const initiator = new Negotiation({ ...defaultWishes, ...one }, false);
        const target = new Negotiation({ ...defaultWishes, ...other }, false);
        initiator.receive([target.segment, ...target.receive(initiator.offers())]);
        assert.ok(initiator.settled);
        const { ownSegment, peerSegment, ...rest } = initiator.settings;
        assert.deepEqual({ ...rest, ownSegment: peerSegment, peerSegment: ownSegment }, target.settings);
      }),
    ));

  it('refuses an answer that the rule cannot give', () => {
    for (const bad of [
      ['MaxBurstLength', '2097152'],
      ['HeaderDigest', 'MD5'],
      ['InitialR2T', 'maybe'],
    ] as const) {
      const initiator = new Negotiation({ ...defaultWishes, HeaderDigest: ['CRC32C'] }, false);
      initiator.offers();
      assert.throws(() => initiator.receive([bad]), NegotiationError);
    }
  });

  it('never offers a first burst longer than a burst (RFC 7143 §13.14)', () => {
    const offers = new Map(new Negotiation({ ...defaultWishes, MaxBurstLength: 4096 }, false).offers());
    assert.deepEqual([offers.get('MaxBurstLength'), offers.get('FirstBurstLength')], ['4096', '4096']);
  });

  it('leaves the default where the target does not know the key', () => {
    const initiator = new Negotiation(defaultWishes, false);
    initiator.offers();
    initiator.receive([['iSCSIProtocolLevel', 'NotUnderstood']]);
    assert.equal(initiator.settings.iSCSIProtocolLevel, rules.iSCSIProtocolLevel.default);
    assert.equal(defaultSettings.InitialR2T, true);
  });
});

describe('text (RFC 7143 §6.1)', () => {
  it('gives back any pairs', () => {
    const key = fc.stringMatching(/^[A-Za-z0-9.-]{1,63}$/);
    const value = fc.stringMatching(/^[A-Za-z0-9.,:=/@ -]{0,255}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(key, value)), (pairs) =>
        assert.deepEqual(decodeText(encodeText(pairs)), pairs),
      ),
    );
  });
  it('takes any bytes, or throws its own error', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          decodeText(bytes);
        } catch (error) {
          assert.ok(error instanceof TextError);
        }
      }),
    ));
  it('may come in pieces, cut anywhere, up to a limit', () => {
    const bytes = encodeText([
      ['SendTargets', 'All'],
      ['X', '1'],
    ]);
    for (let at = 0; at <= bytes.length; at++) {
      const gatherer = new TextGatherer(100);
      assert.equal(gatherer.add(bytes.subarray(0, at), true), undefined);
      assert.deepEqual(gatherer.add(bytes.subarray(at), false), [
        ['SendTargets', 'All'],
        ['X', '1'],
      ]);
    }
    assert.throws(() => new TextGatherer(4).add(bytes, true), TextError);
  });
  it('has numbers and binary values in two forms', () => {
    assert.deepEqual(['10', '0x1F', '', '-1', '1e3', '0x'].map(parseNumber), [
      10,
      31,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    assert.deepEqual(parseBinary('0xa1b'), hex`0a1b`);
    assert.deepEqual(parseBinary('0bAQID'), hex`010203`);
    assert.equal(parseBinary('a1'), undefined);
    assert.equal(formatBinary(hex`0a1b`), '0x0a1b');
  });
});

describe('serial numbers and windows (RFC 7143 §4.2.2.1)', () => {
  it('wrap around', () => {
    assert.ok(ahead(1, 0xffffffff) > 0);
    assert.ok(ahead(0xffffffff, 1) < 0);
  });
  it('let a target take the next command only', () => {
    const window = new TargetWindow(0xffffffff, 4);
    assert.deepEqual(
      [window.take(0), window.take(0xffffffff), window.take(0xffffffff), window.take(0)],
      [false, true, false, true],
    );
    assert.equal(window.max, 2);
    window.open(0);
    assert.equal(window.max, 2, 'it never goes back');
    assert.ok(window.take(1) && window.take(2));
    assert.equal(window.take(3), false, 'it is closed');
    window.open(2);
    assert.ok(window.take(3));
  });
  it('let an initiator go as far as it was told', () => {
    const window = new InitiatorWindow(5);
    window.update(5, 6);
    assert.deepEqual([window.isOpen, window.take(), window.take(), window.isOpen], [true, 5, 6, false]);
    window.update(7, 5); // nonsense: below ExpCmdSN - 1
    assert.equal(window.isOpen, false);
    window.update(7, 7);
    assert.equal(window.isOpen, true);
  });
});

describe('LUNs and CHAP digests', () => {
  it('have one form below 256 and one above', () => {
    assert.deepEqual([encodeLun(255), encodeLun(256)], [0xff, 0x4100]);
    const header = new Uint8Array(48);
    header.set(hex`4100`, 8);
    assert.equal(decodeLun(header), 256);
    header[11] = 1;
    assert.equal(decodeLun(header), -1);
  });
  it('are what RFC 1994 says: H(identifier, secret, challenge)', () => {
    const digest = (algorithm: number) =>
      chapDigest(algorithm, 0x23, 'secret', hex`00112233445566778899aabbccddeeff`);
    assert.deepEqual(
      [5, 7, 8].map((algorithm) => digest(algorithm).length),
      [16, 32, 32],
    );
    assert.notDeepEqual(digest(5), chapDigest(5, 0x24, 'secret', hex`00112233445566778899aabbccddeeff`));
    assert.throws(() => digest(6), { name: 'ChapError' });
  });
});
