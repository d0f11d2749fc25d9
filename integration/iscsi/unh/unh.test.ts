/** Runs all conformance checks, one by one, and compares their results with the table in docs/iscsi-conformance.md. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { document } from './document.ts';
import type { Check, Result, Suite } from './suite.ts';
import { suites } from './suites.ts';

const path = 'docs/iscsi-conformance.md';
/** Set: writes the document anew instead of comparing with it. */
const update = process.env['UPDATE_TABLES'] === '1';
const results: Result[] = [];

async function run(suite: Suite, check: Check): Promise<void> {
  try {
    await check.run();
    results.push({ suite, check, failure: undefined });
  } catch (error) {
    results.push({ suite, check, failure: (error as Error).message });
    throw error;
  }
}

for (const suite of suites)
  describe(suite.name, () => {
    for (const check of suite.checks)
      it(`${check.number} ${check.title} (${check.clause})`, () => run(suite, check));
  });

describe('the document', () => {
  it('says of each check what came of it', () => {
    const text = document(suites, results);
    if (update) writeFileSync(path, text);
    assert.equal(readFileSync(path, 'utf8'), text);
  });

  it('has each number once in its suite', () => {
    for (const { name, checks } of suites)
      assert.equal(new Set(checks.map(({ number }) => number)).size, checks.length, name);
  });
});
