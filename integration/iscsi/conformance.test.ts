/** libiscsi's tests against our target: each ends as the committed table says. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { DiskTarget, noTool, type Results, readResults, runSuite, suites } from './conformance.ts';

const table = 'integration/iscsi/iscsi-test-cu.json';
/** Some of these tests want physical blocks larger than logical ones; GetLBAStatus.UnmapSingle has a slip that shows on them. */
const wantLargeBlocks = /\.(CompareAndWrite|WriteSame1[06])$/;
/** These want a medium that can be taken out. */
const wantRemoval = /\.(NoMedia|PreventAllow|StartStopUnit)$/;
/** Set: writes the table anew instead of comparing with it. */
const update = process.env['UPDATE_TABLES'] === '1';
const reason = noTool();

describe('libiscsi’s iscsi-test-cu', { skip: reason ?? false }, () => {
  it('ends as its table says, suite by suite', async () => {
    await using target = await DiskTarget.start();
    const results: Record<string, string> = {};
    for (const suite of suites()) {
      const lun = wantLargeBlocks.test(suite) ? 2 : wantRemoval.test(suite) ? 3 : 1;
      Object.assign(results, await runSuite(suite, target.url(lun)));
    }
    if (update) writeFileSync(table, `${JSON.stringify(results, undefined, 2)}\n`);
    const expected = JSON.parse(readFileSync(table, 'utf8')) as Results;
    assert.deepEqual(results, expected);
    const outcomes = Object.entries(results);
    assert.deepEqual(
      outcomes.filter(([, outcome]) => outcome.startsWith('fail')),
      [],
    );
  });

  it('passes a suite with CHAP, header digests, and none without the secret', async () => {
    await using target = await DiskTarget.start('alice', 'a secret of hers');
    const url = target.url().replace('iscsi://', 'iscsi://alice%a secret of hers@');
    const results = await runSuite('ALL.iSCSIResiduals', `${url}?header_digest=crc32c`);
    assert.equal(Object.values(results).length, 10);
    assert.ok(Object.values(results).every((outcome) => outcome === 'pass'));
    assert.deepEqual(await runSuite('ALL.TestUnitReady', target.url().replace('://', '://alice%wrong@')), {});
  });
});

describe('what iscsi-test-cu says', () => {
  it('is read test by test: passed, skipped, failed, never ended', () => {
    const output = [
      'Suite: Read10',
      '  Test: Simple ...',
      '    [OK] READ10 returned SUCCESS',
      'passed',
      '  Test: Other ...    [SKIPPED] LUN is not removable. Skipping test.',
      'passed',
      '  Test: Bad ...',
      '    [FAILED] READ10 did not',
      'FAILED',
      '    1. test_read10.c:5  - CU_ASSERT_EQUAL(_r,0)',
      '  Test: Stuck ...',
    ].join('\n');
    assert.deepEqual(readResults('Read10', output), {
      'Read10.Simple': 'pass',
      'Read10.Other': 'skip: LUN is not removable',
      'Read10.Bad': 'fail: test_read10.c:5  - CU_ASSERT_EQUAL(_r,0)',
      'Read10.Stuck': 'fail: it did not end',
    });
  });
});
