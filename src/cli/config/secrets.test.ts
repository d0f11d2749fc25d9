import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { CliError } from '../failure.ts';
import { loadBusFile } from './load.ts';
import { BusFileError } from './mistakes.ts';
import { readSecret } from './secrets.ts';

const folder = mkdtempSync(join(tmpdir(), 'ipscsi-config-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

/** A file of its own with that content and those permissions. */
function fileOf(content: string | Uint8Array, mode = 0o600): string {
  const path = join(folder, `file-${files++}`);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

const refused = (attempt: () => unknown, code: string, message: RegExp, hint?: string) =>
  assert.throws(attempt, (error) => {
    assert.ok(error instanceof CliError);
    assert.equal(error.code, code);
    assert.match(error.message, message);
    if (hint !== undefined) assert.equal(error.hint, hint);
    return true;
  });

describe('a secret', () => {
  const read = (path: string) => readSecret({ kind: 'file', path });

  it("is a file's line, without its end", () => {
    for (const end of ['', '\n', '\r\n'])
      assert.equal(read(fileOf(`sécret of twelve${end}`)), 'sécret of twelve');
    assert.equal(read(fileOf(' twelve bytes ')), ' twelve bytes ');
    assert.equal(read(fileOf('twelve bytes', 0o400)), 'twelve bytes');
  });

  it('is refused where others can read it, or write it, with what mends that', () => {
    for (const mode of [0o640, 0o604, 0o644, 0o620, 0o601]) {
      const path = fileOf('twelve bytes', mode);
      refused(() => read(path), 'permission', /others may read/, `chmod 600 ${path}`);
    }
  });

  it('is judged behind a link', () => {
    const link = join(folder, 'link');
    symlinkSync(fileOf('twelve bytes', 0o644), link);
    refused(() => read(link), 'permission', /others may read/);
  });

  it('has 12 to 255 bytes, in one line of UTF-8', () => {
    refused(() => read(fileOf('eleven byte\n')), 'usage', /has 11 bytes/);
    refused(() => read(fileOf('')), 'usage', /has 0 bytes/);
    refused(() => read(fileOf('x'.repeat(256))), 'usage', /has 256 bytes/);
    assert.equal(read(fileOf('x'.repeat(255))).length, 255);
    refused(() => read(fileOf('x'.repeat(5000))), 'usage', /too many/);
    refused(() => read(fileOf('twelve bytes\nand more\n')), 'usage', /more than a line/);
    refused(() => read(fileOf('twelve\0bytes and more')), 'usage', /more than a line/);
    refused(() => read(fileOf(new Uint8Array(16).fill(0xff))), 'usage', /not UTF-8/);
  });

  it('is not in a folder, a device, or where there is nothing', () => {
    refused(() => read(folder), 'usage', /no regular file/);
    refused(() => read('/dev/null'), 'usage', /no regular file/);
    refused(() => read(join(folder, 'nothing')), 'usage', /there is no secret/);
    refused(() => read(join(fileOf('x'), 'below')), 'usage', /there is no secret/);
  });

  it('may be in the environment', () => {
    const ref = { kind: 'environment', variable: 'LAB_SECRET' } as const;
    assert.equal(readSecret(ref, { LAB_SECRET: 'twelve bytes' }), 'twelve bytes');
    refused(() => readSecret(ref, {}), 'usage', /\$LAB_SECRET is not set/);
    refused(() => readSecret(ref, { LAB_SECRET: '' }), 'usage', /has 0 bytes/);
  });
});

describe("a bus file's permissions", () => {
  const text = 'bus = "lab"\n[hosts.a]\nid = 1\nportals = "a"\n';

  it('let everybody read it', () => {
    const path = fileOf(text, 0o644);
    assert.equal(loadBusFile(path).file, path);
  });

  it('must not let everybody write it', () => {
    const path = fileOf(text, 0o646);
    refused(() => loadBusFile(path), 'permission', /:1: everybody .* may write/, `chmod o-w ${path}`);
    assert.throws(() => loadBusFile(path), BusFileError);
  });

  it('do not matter where there is no file', () => {
    refused(() => loadBusFile(join(folder, 'none')), 'usage', /there is no file/);
    refused(() => loadBusFile(folder), 'usage', /no regular file/);
    refused(() => loadBusFile('/dev/null'), 'usage', /no regular file/);
    refused(() => loadBusFile(fileOf('#'.repeat(300_000))), 'usage', /300000 bytes/);
  });

  it('keep us out like everybody', { skip: process.getuid?.() === 0 && 'root may read everything' }, () => {
    refused(() => loadBusFile(fileOf(text, 0)), 'permission', /may not read/);
    refused(() => readSecret({ kind: 'file', path: fileOf(text, 0) }), 'permission', /may not read/);
  });

  it('are those of a file, not of a folder', () => {
    const below = join(folder, 'open');
    mkdirSync(below, { mode: 0o777 });
    const path = join(below, 'lab.toml');
    writeFileSync(path, text, { mode: 0o644 });
    assert.equal(loadBusFile(path).bus, 'lab');
  });
});
