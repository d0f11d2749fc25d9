import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guestTests } from './guest-tests.ts';
import { runInVm, vmMissing } from './vm.ts';

const skip = vmMissing();

guestTests('a virtual machine', 'smoke', { modules: ['sg', 'scsi_debug ptype=3 max_luns=1'] });

test('a command’s status, output and errors come back as they were', { skip }, async () => {
  const script = 'printf "one\\ntwo"; printf three >&2; echo "$WORD"; exit 7';
  const ran = await runInVm(['sh', '-c', script], { env: { WORD: "it's four" } });
  assert.deepEqual([ran.code, ran.out, ran.err], [7, "one\ntwoit's four\n", 'three']);
});

test('a machine that takes too long is stopped', { skip }, async () => {
  const { code, err } = await runInVm(['sleep', '1000'], { limit: 1 });
  assert.equal(code, 124);
  assert.match(err, /stopped after 1 s/);
});
