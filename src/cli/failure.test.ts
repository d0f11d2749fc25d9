import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { HostError } from '../net/errors.ts';
import { BusError } from '../transport/shm/errors.ts';
import { TransportError } from '../transport/transport.ts';
import { ExitCode, exitCodeMeanings } from './exit-codes.ts';
import { CliError, describeFailure, failureJson, failureLine } from './failure.ts';

describe('failures', () => {
  it('says what is wrong, what was expected and what to do', () => {
    const error = new HostError('id-taken', 'ID 3 is taken by process 7 (lab3)', {
      expected: 'a free ID',
      hint: 'try --id 4',
    });
    const failure = describeFailure(error);
    assert.equal(
      failureLine(failure),
      'ipscsi: ID 3 is taken by process 7 (lab3); expected a free ID; try --id 4',
    );
    assert.deepEqual(JSON.parse(failureJson(failure)), {
      event: 'error',
      code: 'id-taken',
      message: 'ID 3 is taken by process 7 (lab3)',
      expected: 'a free ID',
      hint: 'try --id 4',
      exitCode: 3,
    });
  });

  it('gives each kind its exit code, and advice where there was none', () => {
    const cases: readonly (readonly [unknown, number])[] = [
      [new CliError('unreachable', 'x'), ExitCode.unreachable],
      [new HostError('no-tun', 'x'), ExitCode.unsupported],
      [new HostError('no-space', 'x'), ExitCode.noSpace],
      [new HostError('ended', 'x'), ExitCode.failure],
      [new BusError('bus-owner', 'x'), ExitCode.permission],
      [new BusError('bus-full', 'x'), ExitCode.taken],
      [new TransportError('nexus-lost', 'x'), ExitCode.unreachable],
      [Object.assign(new Error('x'), { code: 'EACCES' }), ExitCode.permission],
      [Object.assign(new Error('x'), { code: 'ENOSPC' }), ExitCode.noSpace],
      [new Error('x'), ExitCode.failure],
      ['x', ExitCode.failure],
      [undefined, ExitCode.failure],
    ];
    for (const [error, exitCode] of cases)
      assert.equal(describeFailure(error).exitCode, exitCode, String(error));
    assert.ok(describeFailure(new BusError('id-taken', 'x')).hint);
  });

  it('prints on one line, whatever a message holds', () => {
    assert.equal(failureLine(describeFailure(new Error('a\n\x1b[31mb'))), 'ipscsi: a ?[31mb');
  });

  it('documents every exit code', () => {
    const manual = readFileSync('docs/cli.md', 'utf8');
    for (const [code, meaning] of Object.entries(exitCodeMeanings))
      assert.ok(manual.includes(`| ${code} | ${meaning} |`), `docs/cli.md: ${code} ${meaning}`);
    assert.equal(new Set(Object.values(ExitCode)).size, Object.keys(exitCodeMeanings).length);
  });
});
