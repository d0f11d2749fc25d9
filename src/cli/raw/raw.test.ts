import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { hex } from '../../bytes/hex.ts';
import { noColours } from '../colours.ts';
import { CliError } from '../failure.ts';
import { chapFrom, parseIscsiUrl, readSecret } from '../iscsi-url.ts';
import { serveTarget } from '../target/target.ts';
import { raw } from './raw.ts';

/** Lines printed, and a promise for the first. */
function recorder() {
  const lines: string[] = [];
  let first: (line: string) => void = () => undefined;
  const ready = new Promise<string>((resolve) => {
    first = resolve;
  });
  const line = (text: string) => {
    lines.push(text);
    first(text);
  };
  return { lines, ready, output: { colours: noColours, line } };
}

const secret = 'a secret of hers';
const alice = { name: 'alice', secret };

describe('ipscsi target, ipscsi raw', () => {
  it('ask and answer: INQUIRY decoded, a refusal in words, nobody there', async () => {
    const stop = new AbortController();
    const served = recorder();
    const listen = ['127.0.0.1:0'];
    const options = {
      listen,
      name: 'iqn.2026-01.org.example:d',
      mebibytes: 1,
      chap: alice,
      version: '0.1.0',
    };
    const serving = serveTarget(options, served.output, stop.signal);
    const url = parseIscsiUrl(await served.ready);
    const common = { url, dataOut: undefined, chap: alice, json: false };

    const power = recorder();
    assert.equal(await raw({ ...common, cdb: hex`00 00 00 00 00 00`, dataIn: 0 }, power.output), 1);
    assert.match(power.lines.join('\n'), /status: .*check condition[\s\S]*power on/i);

    const inquiry = recorder();
    assert.equal(await raw({ ...common, cdb: hex`12 00 00 00 24 00`, dataIn: 40 }, inquiry.output), 0);
    assert.match(inquiry.lines.join('\n'), /residual: 4\n00000000 {2}00 00 06 02 .*\n.*RAM disk/);

    const json = recorder();
    await raw({ ...common, cdb: hex`12 00 00 00 05 00`, dataIn: 5, json: true }, json.output);
    assert.deepEqual(JSON.parse(json.lines[0] ?? ''), {
      status: 0,
      sense: '',
      dataIn: '000006025b',
      residual: 0,
    });

    stop.abort();
    assert.equal(await serving, 0);
    const gone = raw({ ...common, cdb: hex`00 00 00 00 00 00`, dataIn: 0 }, recorder().output);
    await assert.rejects(gone, { name: 'CliError', code: 'unreachable' });
  });

  it('refuse URLs that are none, and secrets that others can read', () => {
    assert.deepEqual(parseIscsiUrl('iscsi://[::1]:3261/iqn.2026-01.x:y/7'), {
      portal: '[::1]:3261',
      target: 'iqn.2026-01.x:y',
      lun: 7,
    });
    for (const bad of ['shm:lab', 'iscsi://host', 'iscsi://host/disk/0', 'iscsi://u:p@host/iqn.x/0'])
      assert.throws(() => parseIscsiUrl(bad), CliError);
    assert.throws(() => chapFrom('alice', undefined), CliError);
    const folder = mkdtempSync(join(tmpdir(), 'ipscsi-raw-'));
    const file = join(folder, 'secret');
    writeFileSync(file, `${secret}\n`);
    chmodSync(file, 0o644);
    assert.throws(() => readSecret(file), { name: 'CliError', code: 'permission' });
    chmodSync(file, 0o600);
    assert.deepEqual(chapFrom('alice', file), alice);
    rmSync(folder, { recursive: true });
  });
});
