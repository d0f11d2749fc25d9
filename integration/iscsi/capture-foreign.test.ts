/** tshark reads what our target and initiator say to those of others, as we do. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connect, discover } from '../../src/iscsi.ts';
import { missing, run } from '../lab/processes.ts';
import { until } from '../lab/until.ts';
import { checkCapture, type Verdict } from './capture/check.ts';
import { Tap } from './capture/tap.ts';
import { runSuite } from './conformance.ts';
import { digests, exchange } from './exchange.ts';
import { alice, Istgt, istgtNames, itself } from './istgt.ts';
import { DiskTarget, diskTargetName } from './target-process.ts';
import { Tgt, tgtMissing, tgtName } from './tgt.ts';

const noTshark = missing('tshark');

async function verdict(tap: Tap, options?: { readonly misbehaved: boolean }): Promise<Verdict> {
  await tap.quiet();
  const found = await checkCapture(tap.recordings, options);
  assert.deepEqual(found.complaints, []);
  return found;
}

const tools = missing('iscsi-inq', 'iscsi-swp', 'iscsi-readcapacity16', 'qemu-io', 'iscsi-test-cu');

describe('tshark reads sessions of libiscsi and QEMU with our target', { skip: noTshark || tools }, () => {
  it('small tools, with CHAP', async () => {
    await using target = await DiskTarget.start('alice', 'asecretofhers');
    await using tap = await Tap.start(target.portal);
    for (const command of ['iscsi-inq', 'iscsi-swp', 'iscsi-readcapacity16']) {
      const { code, err } = await run([command, target.url(1, undefined, tap.portal)]);
      assert.equal(code, 0, err);
    }
    assert.ok((await verdict(tap)).pdus.has('SCSI Data-In'));
  });

  for (const digest of ['none', 'crc32c'])
    it(`qemu-io, with data of every kind, header digest ${digest}`, async () => {
      await using target = await DiskTarget.start();
      await using tap = await Tap.start(target.portal);
      const where = [`portal=${tap.portal}`, `target=${diskTargetName}`, 'lun=1', 'transport=tcp'];
      const options = ['driver=iscsi', `header-digest=${digest}`, ...where].map((option) => `file.${option}`);
      const image = ['--image-opts', ['driver=raw', ...options].join(',')];
      const commands = [
        ...['write -P 7 0 1M', 'aio_write -P 8 1M 512', 'aio_read -P 7 0 512k'],
        ...['aio_flush', 'discard 0 64k'],
      ].flatMap((command) => ['-c', command]);
      const { code, err } = await run(['qemu-io', ...image, ...commands]);
      assert.equal(code, 0, err);
      const found = await verdict(tap);
      assert.ok(found.pdus.has('Ready To Transfer') && found.pdus.has('SCSI Data-Out'));
      assert.equal(found.digests > 10, digest === 'crc32c', `${found.digests} digests`);
    });

  it('iscsi-test-cu, which breaks rules on purpose', async () => {
    await using target = await DiskTarget.start(undefined, undefined, 'CRC32C');
    await using tap = await Tap.start(target.portal);
    for (const suite of ['ALL.iSCSIResiduals', 'ALL.iSCSITMF'])
      for (const outcome of Object.values(await runSuite(suite, target.url(1, '', tap.portal))))
        assert.equal(outcome, 'pass');
    assert.ok((await verdict(tap, { misbehaved: true })).digests > 100);
  });
});

describe('tshark reads sessions of our initiator with tgt', { skip: noTshark || tgtMissing }, () => {
  it('with every digest', async () => {
    await using tgt = await Tgt.start();
    for (const key of ['HeaderDigest', 'DataDigest'])
      tgt.admin('--op', 'update', '--mode', 'target', '--tid', '1', '-n', key, '-v', 'None,CRC32C');
    await using tap = await Tap.start(tgt.portal);
    for (const wishes of digests) {
      await using session = await connect({ portal: tap.portal, target: tgtName, wishes });
      await exchange(session, 1);
    }
    assert.ok((await verdict(tap)).digests > 40);
  });
});

describe('tshark reads sessions of our initiator with istgt', { skip: noTshark || missing('istgt') }, () => {
  it('with every digest, and CHAP both ways', async () => {
    await using istgt = await Istgt.start();
    await until('it listens', () => discover({ portal: istgt.portal }).catch(() => undefined));
    await using tap = await Tap.start(istgt.portal);
    const chap = { ...alice, target: itself };
    for (const wishes of digests) {
      await using session = await connect({ portal: tap.portal, target: istgtNames.mutual, wishes, chap });
      await exchange(session, 0);
    }
    assert.ok((await verdict(tap)).digests > 40);
  });
});
