/** Reads a table's keys, each by its type, and tells what is not as expected, by line. */

import type { Findings } from './mistakes.ts';
import { nearest } from './nearest.ts';
import type { TomlArray, TomlNode, TomlScalar, TomlTable } from './toml-tree.ts';

/** A value and the line it is in. */
export interface Located<T> {
  readonly value: T;
  readonly line: number;
}

const kindNames: Readonly<Record<TomlNode['kind'], string>> = {
  table: 'a table',
  array: 'a list',
  string: 'a string',
  integer: 'a whole number',
  float: 'a number with a fraction',
  boolean: 'true or false',
  date: 'a date',
};

type OfKind<K> = K extends 'table' ? TomlTable : K extends 'array' ? TomlArray : TomlScalar;

export class TableReader {
  readonly line: number;
  readonly findings: Findings;
  readonly #table: TomlTable;
  /** "hosts.beta", for the messages; empty at the top. */
  readonly #where: string;
  readonly #asked = new Set<string>();

  constructor(table: TomlTable, where: string, findings: Findings) {
    this.#table = table;
    this.#where = where;
    this.line = table.line;
    this.findings = findings;
  }

  get isEmpty(): boolean {
    return this.#table.entries.size === 0;
  }

  /** How the messages call a key. */
  named(key: string): string {
    return this.#where === '' ? JSON.stringify(key) : `${JSON.stringify(key)} of ${this.#where}`;
  }

  /** Marks the key as known. */
  node(key: string): TomlNode | undefined {
    this.#asked.add(key);
    return this.#table.entries.get(key);
  }

  /** What the key holds, if it is of that kind. */
  #typed<K extends TomlNode['kind']>(
    key: string,
    kinds: readonly K[],
    expected: string,
  ): OfKind<K> | undefined {
    const node = this.node(key);
    if (node === undefined || kinds.some((kind) => kind === node.kind)) return node as OfKind<K> | undefined;
    this.findings.mistake(node.line, `${this.named(key)} is ${kindNames[node.kind]}`, expected);
    return undefined;
  }

  string(key: string, expected: string): Located<string> | undefined {
    const node = this.#typed(key, ['string'], expected);
    return node && { value: String(node.value), line: node.line };
  }

  integer(key: string, expected: string): Located<number> | undefined {
    const node = this.#typed(key, ['integer'], expected);
    return node && { value: Number(node.value), line: node.line };
  }

  /** Seconds, as milliseconds. */
  seconds(key: string, most: number): number | undefined {
    const expected = `seconds, 0 to ${most}`;
    const node = this.#typed(key, ['integer', 'float'], expected);
    if (node === undefined) return undefined;
    const value = Number(node.value);
    if (value >= 0 && value <= most) return Math.round(value * 1000);
    this.findings.mistake(node.line, `${this.named(key)} is ${value}`, expected);
    return undefined;
  }

  /** A list of strings, or a single one. */
  strings(key: string, expected: string): Located<string>[] | undefined {
    const node = this.#typed(key, ['array', 'string'], `a list of ${expected}`);
    if (node === undefined) return undefined;
    if (node.kind !== 'array') return [{ value: String(node.value), line: node.line }];
    return node.items.flatMap((item) => {
      if (item.kind === 'string') return [{ value: String(item.value), line: item.line }];
      this.findings.mistake(item.line, `${this.named(key)} holds ${kindNames[item.kind]}`, expected);
      return [];
    });
  }

  table(key: string, expected: string): TableReader | undefined {
    const node = this.#typed(key, ['table'], expected);
    return node && new TableReader(node, this.#below(key), this.findings);
  }

  keys(): string[] {
    return [...this.#table.entries.keys()];
  }

  /** Every key that is a table. */
  tables(expected: string): (readonly [name: string, table: TableReader])[] {
    return this.keys().flatMap((name) => {
      const reader = this.table(name, expected);
      return reader ? [[name, reader] as const] : [];
    });
  }

  #below(key: string): string {
    return this.#where === '' ? key : `${this.#where}.${key}`;
  }

  /** Whatever was not asked for is unknown. `elsewhere` says where keys belong that are known in another table. */
  refuseOthers(elsewhere: Readonly<Record<string, string>> = {}): void {
    for (const [key, { line }] of this.#table.entries) {
      if (this.#asked.has(key)) continue;
      const known = [...this.#asked];
      const like = nearest(key, known);
      const belongs = Object.hasOwn(elsewhere, key) ? elsewhere[key] : undefined;
      const hint = belongs ?? (like === undefined ? undefined : `did you mean ${like}?`);
      this.findings.mistake(line, `${this.named(key)} is unknown`, `one of ${known.join(', ')}`, hint);
    }
  }
}
