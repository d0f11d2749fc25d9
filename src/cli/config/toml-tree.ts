/** TOML as a tree in which every value knows its line, so that mistakes in meaning have one as well as mistakes in form. */

import { type AST, ParseError, parseTOML } from 'toml-eslint-parser';
import type { Findings } from './mistakes.ts';

export interface TomlTable {
  readonly kind: 'table';
  readonly line: number;
  readonly entries: Map<string, TomlNode>;
}
export interface TomlArray {
  readonly kind: 'array';
  readonly line: number;
  readonly items: TomlNode[];
}
export interface TomlScalar {
  readonly kind: 'string' | 'integer' | 'float' | 'boolean' | 'date';
  readonly line: number;
  readonly value: string | number | boolean | Date;
}
export type TomlNode = TomlTable | TomlArray | TomlScalar;

const tableAt = (line: number): TomlTable => ({ kind: 'table', line, entries: new Map() });
const lineOf = (node: { readonly loc: AST.SourceLocation }) => node.loc.start.line;
const keyName = (key: AST.TOMLBare | AST.TOMLQuoted) => (key.type === 'TOMLBare' ? key.name : key.value);

/** The table under a key, made where it is implied; the parser has refused all that can't be one. */
function child(parent: TomlTable, key: string, line: number): TomlTable {
  const there = parent.entries.get(key);
  if (there?.kind === 'table') return there;
  const last = there?.kind === 'array' ? there.items.at(-1) : undefined; // [[key]], then [key.more]
  if (last?.kind === 'table') return last;
  const table = tableAt(line);
  parent.entries.set(key, table);
  return table;
}

function put(into: TomlTable, { key, value }: AST.TOMLKeyValue): void {
  const names = key.keys.map(keyName);
  const last = names.pop() ?? '';
  const table = names.reduce((parent, name) => child(parent, name, lineOf(key)), into);
  table.entries.set(last, nodeOf(value, lineOf(key)));
}

function scalarOf(value: AST.TOMLValue, line: number): TomlScalar {
  switch (value.kind) {
    case 'string':
    case 'integer':
    case 'float':
    case 'boolean':
      return { kind: value.kind, line, value: value.value };
    default:
      return { kind: 'date', line, value: value.value };
  }
}

function nodeOf(content: AST.TOMLContentNode, line: number): TomlNode {
  if (content.type === 'TOMLValue') return scalarOf(content, line);
  if (content.type === 'TOMLArray')
    return { kind: 'array', line, items: content.elements.map((item) => nodeOf(item, lineOf(item))) };
  const table = tableAt(line);
  for (const pair of content.body) put(table, pair);
  return table;
}

/** The table that "[a.b]" or "[[a.b]]" opens. */
function opened(root: TomlTable, { key, kind }: AST.TOMLTable): TomlTable {
  const line = lineOf(key);
  const names = key.keys.map(keyName);
  const last = names.pop() ?? '';
  const parent = names.reduce((table, name) => child(table, name, line), root);
  const there = parent.entries.get(last);
  if (kind === 'standard' && there?.kind === 'table') return there; // [a.b.c] came before [a.b]
  const table = tableAt(line);
  if (kind === 'array' && there?.kind === 'array') there.items.push(table);
  else parent.entries.set(last, kind === 'array' ? { kind: 'array', line, items: [table] } : table);
  return table;
}

/** The parser blames the place where it gave up; people look for the line that is incomplete. */
function blamedLine(text: string, { message, index, lineNumber }: ParseError): number {
  const before = text.slice(0, index);
  if (/Unterminated/.test(message)) {
    const opening = Math.max(before.lastIndexOf('"""'), before.lastIndexOf("'''"));
    const close = before.lastIndexOf('\n') < opening || !before.endsWith('\n');
    return opening < 0 || close ? lineNumber : before.slice(0, opening).split('\n').length;
  }
  const whole = before.trimEnd();
  const cutShort = /same line/.test(message) || /=[ \t]*(#.*)?$/.test(whole);
  return cutShort ? whole.split('\n').length : lineNumber;
}

/** Undefined, and a finding, if it isn't TOML 1.0. */
export function parseTree(text: string, findings: Findings): TomlTable | undefined {
  try {
    const root = tableAt(1);
    for (const part of parseTOML(text, { tomlVersion: '1.0' }).body[0].body) {
      if (part.type === 'TOMLKeyValue') put(root, part);
      else {
        const table = opened(root, part);
        for (const pair of part.body) put(table, pair);
      }
    }
    return root;
  } catch (error) {
    if (error instanceof ParseError)
      findings.mistake(
        blamedLine(text, error),
        `not TOML: ${error.message[0]?.toLowerCase() ?? ''}${error.message.slice(1)}`,
        'key = value, [table], or a comment',
        'text stands in quotes; toml.io has the rules',
      );
    else if (error instanceof RangeError) findings.mistake(1, 'not TOML that we can read: nested too deeply');
    else throw error;
    return undefined;
  }
}
