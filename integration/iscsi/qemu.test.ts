/** QEMU's iSCSI block driver against our target: images in and out, patterns written and verified, many requests in flight. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { missing, run } from '../lab/processes.ts';
import { DiskTarget, diskSize, diskTargetName } from './target-process.ts';

const KiB = 1024;
const flight = 32;
const skip = await (async () => {
  const lacking = missing('qemu-img', 'qemu-io');
  if (lacking) return lacking;
  const { out } = await run(['qemu-img', '--help']);
  const drivers = /Supported formats:(.*)/.exec(out)?.[1] ?? '';
  return /\biscsi\b/.test(drivers) ? false : 'qemu-img has no iSCSI driver (Debian: qemu-block-extra)';
})();

const tool = (...command: readonly string[]) => run(['timeout', '-s', 'KILL', '60', ...command]);

async function says(...command: readonly string[]): Promise<string> {
  const { code, out, err } = await tool(...command);
  assert.equal(code, 0, `${command.join(' ')}: ${out}${err}`);
  return out;
}

/** qemu-io with these commands of its own. */
const io = (url: string, ...commands: readonly string[]) =>
  tool('qemu-io', '-f', 'raw', ...commands.flatMap((command) => ['-c', command]), url);

/** Every command must have moved what it said, with the right pattern. */
async function verified(url: string, ...commands: readonly string[]): Promise<void> {
  const { code, out, err } = await io(url, ...commands);
  assert.equal(code, 0, out + err);
  assert.doesNotMatch(out, /failed/i);
  const moved = commands.filter((command) => /^(aio_)?(read|write|discard)/.test(command)).length;
  assert.equal([...out.matchAll(/^(?:read|wrote|discard) (\d+)\/\1 bytes/gm)].length, moved, out);
}

function folder(): Disposable & { readonly file: (name: string) => string } {
  const path = mkdtempSync(join(tmpdir(), 'ipscsi-qemu-'));
  return { file: (name) => join(path, name), [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

describe('QEMU’s block driver and our target', { skip }, () => {
  it('qemu-img sees a raw disk of its size, with CHAP', async () => {
    await using target = await DiskTarget.start('alice', 'asecretofhers');
    const info = JSON.parse(await says('qemu-img', 'info', '--output', 'json', '-f', 'raw', target.url()));
    assert.deepEqual([info['virtual-size'], info.format], [diskSize, 'raw']);
    const { code, err } = await tool('qemu-img', 'info', '-f', 'raw', target.url(1, 'alice%another@'));
    assert.equal(code, 1);
    assert.match(err, /Authentication failure/);
  });

  it('qemu-img converts an image in and out; nothing is changed on the way', async () => {
    await using target = await DiskTarget.start();
    using files = folder();
    const [image, copy, raw] = [files.file('image'), files.file('copy.qcow2'), files.file('raw')];
    // Data, a hole (written by WRITE SAME with UNMAP, or not at all), data again up to the last block.
    const content = Buffer.alloc(diskSize);
    randomBytes(9 << 20).copy(content, 0);
    randomBytes((7 << 20) + 512).copy(content, diskSize - (7 << 20) - 512);
    writeFileSync(image, content);
    await says('qemu-img', 'convert', '-n', '-f', 'raw', '-O', 'raw', image, target.url());
    await says('qemu-img', 'compare', '-f', 'raw', '-F', 'raw', image, target.url());
    await says('qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', target.url(), copy);
    await says('qemu-img', 'convert', '-f', 'qcow2', '-O', 'raw', copy, raw);
    assert.equal(Buffer.compare(readFileSync(raw), content), 0);
    await verified(target.url(), 'write -P 1 1M 512');
    const { code, out } = await tool('qemu-img', 'compare', '-f', 'raw', '-F', 'raw', image, target.url());
    assert.deepEqual([code, /mismatch at offset 1048576/.test(out)], [1, true]);
  });

  it('qemu-img bench reads and writes with many requests in flight', async () => {
    await using target = await DiskTarget.start();
    for (const options of [[], ['-w'], ['-w', '--flush-interval', '64']]) {
      const command = ['qemu-img', 'bench', '-f', 'raw', ...options, '-c', '1000', '-d', `${flight}`];
      assert.match(await says(...command, target.url()), /Run completed/);
    }
  });

  it('qemu-io writes patterns and finds them again, zeros and discards', async () => {
    await using target = await DiskTarget.start();
    await verified(
      target.url(),
      'write -P 0x5a 0 3M',
      'read -P 0x5a 0 3M',
      'write -P 0xa5 1234k 512',
      'read -P 0xa5 1234k 512',
      'write -z -u 256k 128k',
      'write -z 640k 64k',
      'discard 1M 64k',
      'flush',
    );
    await verified(
      target.url(), // another session
      'read -P 0x5a 0 256k',
      'read -P 0 256k 128k',
      'read -P 0x5a 384k 256k',
      'read -P 0 640k 64k',
      'read -P 0x5a 704k 320k',
      'read -P 0 1M 64k',
      'read -P 0xa5 1234k 512',
    );
    const { code, out } = await io(target.url(), 'read -P 1 0 512');
    assert.deepEqual([code, /Pattern verification failed/.test(out)], [1, true]);
    const beyond = await io(target.url(), `write -P 1 ${diskSize} 512`);
    assert.notEqual(beyond.code, 0);
  });

  it('qemu-io keeps many requests in flight, of many sizes, at any boundary', async () => {
    await using target = await DiskTarget.start();
    const sizes = [512, 4 * KiB, 64 * KiB, 300 * KiB, 1024 * KiB];
    const requests = Array.from({ length: flight }, (_, i) => ({
      pattern: i + 1,
      at: i * 1536 * KiB + 512 * (i % 7),
      size: Number(sizes[i % sizes.length]),
    }));
    const each = (verb: string) =>
      requests.map(({ pattern, at, size }) => `${verb} -P ${pattern} ${at} ${size}`);
    await verified(target.url(), ...each('aio_write'), 'aio_flush', ...each('aio_read'), 'aio_flush');
    await verified(target.url(), ...each('read'));
  });

  it('QEMU works with header digests', async () => {
    await using target = await DiskTarget.start('alice', 'asecretofhers');
    const where = [`portal=${target.portal}`, `target=${diskTargetName}`, 'lun=1', 'transport=tcp'];
    const how = ['driver=iscsi', 'header-digest=crc32c', 'user=alice', 'password-secret=s'];
    const image = ['driver=raw', ...[...how, ...where].map((option) => `file.${option}`)].join(',');
    const { code, out, err } = await tool(
      ...['qemu-io', '--object', 'secret,id=s,data=asecretofhers', '--image-opts', image],
      ...['-c', 'write -P 7 0 2M', '-c', 'read -P 7 0 2M'],
    );
    assert.equal(code, 0, out + err);
    assert.doesNotMatch(out, /failed/i);
  });
});
