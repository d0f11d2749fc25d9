/** For tests: bus files that are wrong in one thing, and the line that has to be blamed. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { BusFileError, type Mistake } from './mistakes.ts';
import { parseBusFile } from './parse.ts';

/** The mistakes of a text, of which there must be some. */
export function mistakesOf(text: string): readonly Mistake[] {
  try {
    parseBusFile(text, '/etc/lab.toml');
  } catch (error) {
    assert.ok(error instanceof BusFileError);
    assert.ok(error.mistakes.length > 0);
    return error.mistakes;
  }
  assert.fail('nothing was wrong');
}

/** A host that is right, from what differs. */
export const host = (name: string, id: number, more = `portals = ["192.0.2.${id}:3260"]`) =>
  `[hosts.${name}]\nid = ${id}\n${more}\n`;
export const lab = (...parts: readonly string[]) => `bus = "lab"\n${parts.join('')}`;

/** `extra` is met by "expected; hint". */
export type Wrong = readonly [title: string, text: string, line: number, message: RegExp, extra?: RegExp];

/** A test for each: this mistake, in this line, and no other. */
export function refuses(wrong: readonly Wrong[]): void {
  for (const [title, text, line, message, extra = /^/] of wrong)
    it(`${title}, by line`, () => {
      const mistakes = mistakesOf(text);
      const [first] = mistakes;
      assert.equal(mistakes.length, 1, JSON.stringify(mistakes, null, 1));
      assert.equal(first?.line, line);
      assert.match(first?.message ?? '', message);
      assert.match(`${first?.expected}; ${first?.hint}`, extra);
    });
}
