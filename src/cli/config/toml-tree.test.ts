import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { getStaticTOMLValue, parseTOML } from 'toml-eslint-parser';
import { Findings } from './mistakes.ts';
import { parseTree, type TomlNode } from './toml-tree.ts';

/** The tree without its lines. */
function plain(node: TomlNode): unknown {
  if (node.kind === 'table') return new Map([...node.entries].map(([key, value]) => [key, plain(value)]));
  return node.kind === 'array' ? node.items.map(plain) : node.value;
}

/** The same of what the parser makes of a text. */
function mapped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mapped);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return new Map(Object.entries(value).map(([key, one]) => [key, mapped(one)]));
}

function linesOf(node: TomlNode, path: string): string[] {
  const below =
    node.kind === 'table'
      ? [...node.entries].flatMap(([key, value]) => linesOf(value, `${path}.${key}`))
      : node.kind === 'array'
        ? node.items.flatMap((item, i) => linesOf(item, `${path}.${i}`))
        : [];
  return [`${path}:${node.line}`, ...below];
}

describe('a TOML tree', () => {
  it('knows the line of everything', () => {
    const text = [
      'a.b = 1',
      '',
      '[t] # remark',
      '"x y" = """',
      'long',
      '"""',
      'l = [',
      '1,',
      ' [2]]',
      'i = { j = 3 }',
    ];
    const tree = parseTree(
      [...text, '[[q]]', '[q.r]', '[[q]]', 'd = 1979-05-27'].join('\r\n'),
      new Findings(),
    );
    assert.ok(tree);
    const expected =
      '.a:1 .a.b:1 .t:3 .t.x y:4 .t.l:7 .t.l.0:8 .t.l.1:9 .t.l.1.0:9 .t.i:10 .t.i.j:10 .q:11 .q.0:11 .q.0.r:12 .q.1:13 .q.1.d:14';
    assert.equal(linesOf(tree, '').slice(1).join(' '), expected);
  });

  it('holds what the parser reads', () => {
    const piece = fc.constantFrom(
      ...[
        '[a]',
        '[a.b]',
        '[[c]]',
        '[c.d]',
        '[b]',
        'a = 1',
        'b = "x"',
        'c.d = [1, [2.5]]',
        "'e' = { f.g = true }",
      ],
      ...['d = []', '"h i" = 07:32:00', 'x.y = 1', 'x.z = 2', 'b.b = {}', "c = '''\nlong'''"],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (lines) => {
        const text = lines.join('\n');
        const findings = new Findings();
        const tree = parseTree(text, findings);
        if (tree === undefined) assert.throws(() => parseTOML(text, { tomlVersion: '1.0' }));
        else
          assert.deepEqual(plain(tree), mapped(getStaticTOMLValue(parseTOML(text, { tomlVersion: '1.0' }))));
      }),
      { numRuns: 1000 },
    );
  });
});
