/** Is the machine what we take it for? Needs sg and scsi_debug loaded. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { must } from './commands.ts';
import { complaintsOfTheKernel } from './kernel-log.ts';

test('runs Debian’s kernel, and this checkout', () => {
  assert.match(readFileSync('/proc/version', 'utf8'), /Debian/);
  assert.equal(process.getuid?.(), 0);
  assert.ok(existsSync(import.meta.filename));
});

test('has a SCSI device that lsscsi and sg_inq see', () => {
  assert.match(must('lsscsi'), /process +Linux +scsi_debug/);
  assert.match(must('sg_inq', '/dev/sg0'), /PDT=3/);
});

test('reaches nobody but itself', () => {
  assert.deepEqual(readFileSync('/proc/net/route', 'utf8').trim().split('\n').length, 1);
});

test('has a kernel without complaints', () => assert.deepEqual(complaintsOfTheKernel(), []));
