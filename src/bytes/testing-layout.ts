/** For tests only: the four tests that every layout has (R2). */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Fields, LayoutError, type Struct, type Values } from './fields.ts';

/** Any value that a field holds; text has no blanks at its ends. */
function anyValues(table: Struct<Fields>): fc.Arbitrary<Record<string, unknown>> {
  const fields = Object.entries(table.fields).map(([name, field]) => {
    const empty = field.get(new Uint8Array(table.size));
    if (typeof empty === 'string')
      return [name, fc.stringMatching(new RegExp(`^[!-~]{0,${field.size}}$`))] as const;
    if (empty instanceof Uint8Array)
      return [name, fc.uint8Array({ minLength: field.size, maxLength: field.size })] as const;
    if (typeof empty === 'bigint') return [name, fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })] as const;
    const bits =
      field.size === 1
        ? 32 - Math.clz32(field.mask >>> Math.log2(field.mask & -field.mask))
        : Math.min(53, 8 * field.size);
    return [name, fc.nat({ max: 2 ** bits - 1 })] as const;
  });
  return fc.record(Object.fromEntries(fields), { noNullPrototype: true });
}

/** Golden bytes are read and written, shorter ones refused, any values given back. */
export function layout<F extends Fields>(
  clause: string,
  table: Struct<F>,
  bytes: Uint8Array,
  values: Values<F>,
): void {
  describe(`${table.title}, ${clause}`, () => {
    it('reads', () => assert.deepEqual(table.decode(bytes), values));
    it('writes, over a dirty buffer', () =>
      assert.deepEqual(table.encode(values, new Uint8Array(table.size).fill(0xa5)), bytes));
    it('refuses every shorter buffer', () => {
      for (let n = 0; n < table.size; n++) assert.throws(() => table.over(bytes.subarray(0, n)), LayoutError);
    });
    it('gives back whatever was put in', () =>
      fc.assert(
        fc.property(anyValues(table as unknown as Struct<Fields>), (v) =>
          assert.deepEqual(table.decode(table.encode(v as Values<F>)), v),
        ),
      ));
  });
}
