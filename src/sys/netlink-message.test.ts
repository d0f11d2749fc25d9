import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import fc from 'fast-check';
import type { Fields, Struct, Values } from '../bytes/fields.ts';
import { hex } from '../bytes/hex.ts';
import {
  AddressMessage,
  AttributeHeader,
  acknowledgement,
  attribute,
  attributeNumber,
  attributes,
  attributeText,
  LinkMessage,
  MessageHeader,
  message,
  messages,
  NeighbourMessage,
  nest,
  numberAttribute,
  RouteMessage,
  textAttribute,
} from './netlink-message.ts';

function layout<F extends Fields>(struct: Struct<F>, bytes: Uint8Array, values: Values<F>): void {
  describe(struct.title, () => {
    it('reads', () => assert.deepEqual(struct.decode(bytes), values));
    it('writes, over a dirty buffer', () =>
      assert.deepEqual(struct.encode(values, new Uint8Array(struct.size).fill(0xa5)), bytes));
    it('refuses every shorter buffer', () => {
      for (let n = 0; n < struct.size; n++)
        assert.throws(() => struct.over(bytes.subarray(0, n)), RangeError);
    });
    it('gives back whatever was put in', () =>
      fc.assert(
        fc.property(fc.uint8Array({ minLength: struct.size, maxLength: struct.size }), (any) => {
          const value = struct.decode(any);
          assert.deepEqual(struct.decode(struct.encode(value)), value);
        }),
      ));
  });
}

layout(MessageHeader, hex`20000000 1000 0506 07000000 01020304`, {
  length: 32,
  type: 16,
  flags: 0x605,
  sequence: 7,
  port: 0x04030201,
});
layout(AttributeHeader, hex`0800 0400`, { length: 8, type: 4 });
layout(LinkMessage, hex`00 00 0100 02000000 43100100 01000000`, {
  family: 0,
  hardware: 1,
  index: 2,
  flags: 0x11043,
  change: 1,
});
layout(AddressMessage, hex`0a 40 02 fd 03000000`, {
  family: 10,
  prefixLength: 64,
  flags: 2,
  scope: 253,
  index: 3,
});
layout(RouteMessage, hex`02 18 00 00 fe 04 fd 01 00000080`, {
  family: 2,
  toLength: 24,
  fromLength: 0,
  tos: 0,
  table: 254,
  protocol: 4,
  scope: 253,
  type: 1,
  flags: 0x80000000,
});
layout(NeighbourMessage, hex`02 000000 05000000 0200 00 01`, {
  family: 2,
  index: 5,
  state: 2,
  flags: 0,
  type: 1,
});

test('a message is its header, its fixed part and padded attributes', () => {
  const parts = [LinkMessage.encode({ index: 2 }), textAttribute(3, 'scsi0'), numberAttribute(4, 65280)];
  assert.deepEqual(
    message({ type: 16, flags: 5, sequence: 1 }, parts),
    hex`34000000 1000 0500 01000000 00000000
        00 00 0000 02000000 00000000 00000000
        0a00 0300 73637369 3000 0000
        0800 0400 00ff0000`,
  );
});

test('nested attributes carry the flag, and are found without it', () => {
  const nested = nest(18, textAttribute(1, 'veth'));
  assert.deepEqual(nested, hex`1000 1280 0900 0100 76657468 00 000000`);
  const inner = attributes(attributes(nested).get(18) ?? new Uint8Array());
  assert.equal(attributeText(inner.get(1)), 'veth');
});

const anyAttributes = fc.uniqueArray(
  fc.tuple(fc.integer({ min: 1, max: 0x3fff }), fc.uint8Array({ maxLength: 40 })),
  { selector: ([type]) => type, maxLength: 8 },
);

test('attributes give back whatever was put in', () =>
  fc.assert(
    fc.property(anyAttributes, (list) => {
      const joined = message(
        { type: 16, flags: 0, sequence: 3 },
        list.map(([type, value]) => attribute(type, value)),
      );
      const [only, ...more] = messages(joined);
      assert.equal(more.length, 0);
      const found = attributes(only?.payload ?? new Uint8Array());
      assert.deepEqual(
        [...found].map(([type, value]) => [type, [...value]]),
        list.map(([type, value]) => [type, [...value]]),
      );
    }),
  ));

test('messages that follow one another are told apart', () => {
  const one = message({ type: 16, flags: 2, sequence: 9 }, [textAttribute(3, 'a')]);
  const two = message({ type: 3, flags: 2, sequence: 9 }, [new Uint8Array(4)]);
  assert.deepEqual(
    [...messages(Buffer.concat([one, two]))].map(({ type, payload }) => [type, payload.length]),
    [
      [16, 8],
      [3, 4],
    ],
  );
});

test('arbitrary bytes are parsed or refused', () =>
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (any) => {
      for (const parse of [(b: Uint8Array) => [...messages(b)], attributes]) {
        try {
          parse(any);
        } catch (error) {
          assert.ok(error instanceof RangeError);
        }
      }
    }),
  ));

test('an acknowledgement gives errno and the words of the kernel', () => {
  const header = hex`20000000 1800 0500 01000000 00000000`;
  const bare = { type: 2, flags: 0x100, sequence: 1, payload: Buffer.concat([hex`00000000`, header]) };
  assert.deepEqual(acknowledgement(bare), { errno: 0, text: undefined });
  const words = textAttribute(1, 'no such thing');
  const refused = { ...bare, flags: 0x300, payload: Buffer.concat([hex`eaffffff`, header, words]) };
  assert.deepEqual(acknowledgement(refused), { errno: 22, text: 'no such thing' });
});

test('a number too short for itself is no number', () => {
  assert.equal(attributeNumber(hex`010000`), undefined);
  assert.equal(attributeNumber(hex`01000080`), 0x80000001);
});
