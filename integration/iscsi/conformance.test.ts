/** libiscsi's tests against our target: each ends as the committed tables say. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { noTool, type Results, readResults, runSuite, suites } from './conformance.ts';
import { DiskTarget } from './target-process.ts';

/** Some of these tests want physical blocks larger than logical ones; GetLBAStatus.UnmapSingle has a slip that shows on them. */
const wantLargeBlocks = /\.(CompareAndWrite|WriteSame1[06])$/;
/** These want a medium that can be taken out. */
const wantRemoval = /\.(NoMedia|PreventAllow|StartStopUnit)$/;
/** These are sent whatever the device is, with opcodes that are GET MESSAGE and SEND MESSAGE at a communications device: they would wait. */
const areMessages = /\.(Read|Write|Verify)(6|10|12)$|\.iSCSIResiduals$/;
/** Set: writes the tables anew instead of comparing with them. */
const update = process.env['UPDATE_TABLES'] === '1';
const reason = noTool();

/** Compares with a committed table, and gives the tests that failed. */
function failures(table: string, results: Results): string[] {
  const path = `integration/iscsi/${table}`;
  if (update) writeFileSync(path, `${JSON.stringify(results, undefined, 2)}\n`);
  assert.deepEqual(results, JSON.parse(readFileSync(path, 'utf8')));
  return Object.keys(results).filter((test) => results[test]?.startsWith('fail'));
}

describe('libiscsi’s iscsi-test-cu', { skip: reason ?? false }, () => {
  it('ends as its table says, suite by suite', async () => {
    await using target = await DiskTarget.start();
    const results: Record<string, string> = {};
    for (const suite of suites()) {
      const lun = wantLargeBlocks.test(suite) ? 2 : wantRemoval.test(suite) ? 3 : 1;
      Object.assign(results, await runSuite(suite, target.url(lun)));
    }
    assert.deepEqual(failures('iscsi-test-cu.json', results), []);
  });

  it('ends as its table says on a communications device', async () => {
    await using target = await DiskTarget.start();
    const results: Record<string, string> = {};
    for (const suite of suites())
      if (!areMessages.test(suite)) Object.assign(results, await runSuite(suite, target.url(4)));
    // Our communications devices claim SCSI-2, the last standard to have such devices; the tool wants a later one.
    assert.deepEqual(failures('iscsi-test-cu-communications.json', results), ['Inquiry.Standard']);
  });

  it('passes its iSCSI family with CHAP and header digests, and nothing without the secret', async () => {
    // The tool offers None before CRC32C, whatever its URL says: our target insists.
    await using target = await DiskTarget.start('alice', 'a secret of hers', 'CRC32C');
    const results: Record<string, string> = {};
    for (const suite of suites().filter((name) => name.startsWith('ALL.iSCSI')))
      Object.assign(results, await runSuite(suite, target.url()));
    assert.deepEqual(Object.values(results), new Array(15).fill('pass'));
    assert.deepEqual(await runSuite('ALL.TestUnitReady', target.url(1, 'alice%wrong@')), {});
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
      '  Test: Last ...',
      '    [OK] READ10 returned SUCCESS',
      'passed    Send PRIN/READ_KEYS',
      '    [SKIPPED] PERSISTENT RESERVE IN is not implemented.',
      '  Test: Bad ...',
      '    [FAILED] READ10 did not',
      'FAILED',
      '    1. test_read10.c:5  - CU_ASSERT_EQUAL(_r,0)',
      '  Test: Stuck ...',
    ].join('\n');
    assert.deepEqual(readResults('Read10', output), {
      'Read10.Simple': 'pass',
      'Read10.Other': 'skip: LUN is not removable',
      'Read10.Last': 'pass',
      'Read10.Bad': 'fail: test_read10.c:5  - CU_ASSERT_EQUAL(_r,0)',
      'Read10.Stuck': 'fail: it did not end',
    });
  });
});
