import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { dismantle, exportsOf, perform } from './configfs.ts';
import { Errand } from './errand.ts';

/** A directory that goes with the test. */
class Scratch implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'ipscsi-configfs-'));
  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

describe('steps in configfs', () => {
  it('are done, and may be done again', () => {
    using root = new Scratch();
    const at = (...parts: readonly string[]) => join(root.path, ...parts);
    for (let i = 0; i < 2; i++) {
      perform({ do: 'mkdir', path: at('a/b') });
      perform({ do: 'write', path: at('a/enable'), text: '1' });
      perform({ do: 'link', path: at('a/b/link'), to: at('a') });
    }
    assert.equal(readFileSync(at('a/b/link/enable'), 'utf8'), '1');
  });

  it('fail unless they are optional', () => {
    using root = new Scratch();
    const path = join(root.path, 'no/such/attribute');
    assert.throws(() => perform({ do: 'write', path, text: '1' }), { code: 'ENOENT' });
    perform({ do: 'write', path, text: '1', optional: true });
  });

  it('are undone: links, then directories; what the kernel keeps stays', () => {
    using root = new Scratch();
    const port = join(root.path, 'iscsi/port');
    mkdirSync(join(port, 'tpgt_1/lun/lun_0'), { recursive: true });
    mkdirSync(join(root.path, 'core/device'), { recursive: true });
    symlinkSync(join(root.path, 'core/device'), join(port, 'tpgt_1/lun/lun_0/ipscsi'));
    assert.deepEqual(exportsOf(root.path, join(root.path, 'core/device')), [port]);
    assert.deepEqual(exportsOf(root.path, join(root.path, 'core/other')), []);
    writeFileSync(join(root.path, 'iscsi/attribute'), 'x');
    assert.equal(dismantle(port), true);
    assert.deepEqual([existsSync(port), existsSync(join(root.path, 'core/device'))], [false, true]);
    assert.equal(dismantle(join(root.path, 'iscsi')), false, 'it holds an attribute');
    assert.equal(dismantle(join(root.path, 'nothing')), false);
  });
});

describe('an errand', () => {
  it('does its steps in a thread of its own', () => {
    using root = new Scratch();
    const errand = new Errand();
    errand.start([
      { do: 'mkdir', path: join(root.path, 'a') },
      { do: 'write', path: join(root.path, 'a/b'), text: 'c' },
    ]);
    errand.wait(10_000);
    assert.deepEqual([errand.ended, errand.failure], [true, undefined]);
    assert.equal(readFileSync(join(root.path, 'a/b'), 'utf8'), 'c');
    errand.close();
  });

  it('says what went wrong', () => {
    using root = new Scratch();
    const errand = new Errand();
    errand.start([{ do: 'write', path: join(root.path, 'a/b'), text: 'c' }]);
    errand.wait(10_000);
    assert.match(errand.failure ?? '', /ENOENT.*a\/b/);
    errand.close();
  });

  it('leaves out what it has not begun when it is cancelled', () => {
    using root = new Scratch();
    const errand = new Errand();
    assert.equal(errand.cancel(0), true, 'it has not started');
    errand.start([{ do: 'mkdir', path: join(root.path, 'a') }]);
    assert.equal(errand.cancel(10_000), true);
    assert.equal(existsSync(join(root.path, 'a')), false);
    errand.close();
  });
});
