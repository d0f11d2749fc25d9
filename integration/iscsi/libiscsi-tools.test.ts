/** libiscsi's small tools against our target: what each prints and how it ends, with CHAP and without. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { missing, run } from '../lab/processes.ts';
import { DiskTarget, diskSize, diskTargetName } from './target-process.ts';

const skip = missing('iscsi-ls', 'iscsi-inq', 'iscsi-swp', 'iscsi-readcapacity16', 'iscsi-perf');
/** Vital product data pages; the tool takes page codes as decimal numbers. */
const page = { supported: '0', serial: '128', identification: '131', limits: '176', provisioning: '178' };
/** How the tools end when something was refused. */
const refused = 10;

/** Runs a tool that has to end well; gives what it printed. iscsi-ls tries for ever when a target misbehaves. */
async function says(...command: readonly string[]): Promise<string> {
  const { code, out, err } = await tool(...command);
  assert.equal(code, 0, `${command.join(' ')}: ${out}${err}`);
  return out;
}

const tool = (...command: readonly string[]) => run(['timeout', '-s', 'KILL', '30', ...command]);

for (const [title, user, secret] of [
  ['without CHAP', undefined, undefined],
  ['with CHAP', 'alice', 'a secret of hers'],
] as const) {
  describe(`libiscsi’s tools and our target, ${title}`, { skip }, () => {
    let target: DiskTarget;
    before(async () => {
      target = await DiskTarget.start(user, secret);
    });
    after(() => target[Symbol.asyncDispose]());

    it('iscsi-ls lists the target and its logical units', async () => {
      const found = `Target:${diskTargetName} Portal:${target.portal},1\n`;
      assert.equal(await says('iscsi-ls', target.portalUrl()), found);
      const units = await says('iscsi-ls', '-s', target.portalUrl());
      assert.ok(units.startsWith(found), units);
      const types = [...units.matchAll(/^Lun:(\d) +Type:(\w+)/gm)].map(([, lun, type]) => `${lun} ${type}`);
      const disks = [1, 2, 3].map((lun) => `${lun} DIRECT_ACCESS`);
      assert.deepEqual(types, ['0 PROCESSOR', ...disks, '4 COMMUNICATIONS']);
    });

    it('iscsi-inq reads the standard data of every kind of device', async () => {
      for (const [lun, type, product, version] of [
        [0, 'PROCESSOR', 'messages', 2],
        [1, 'DIRECT_ACCESS', 'RAM disk', 6],
        [4, 'COMMUNICATIONS', 'IP over SCSI', 2],
      ] as const) {
        const out = await says('iscsi-inq', target.url(lun));
        assert.match(out, new RegExp(`^Peripheral Device Type:${type}$`, 'm'));
        assert.match(out, new RegExp(`^Product:${product} *$`, 'm'));
        assert.match(out, new RegExp(`^Version:${version} `, 'm'));
        assert.match(out, /^Vendor:IPSCSI {2}$/m);
        assert.match(out, /^CmdQue:1$/m);
      }
    });

    it('iscsi-inq reads the vital product data', async () => {
      const ask = (code: string) => says('iscsi-inq', '-e', '1', '-c', code, target.url());
      const listed = [...(await ask(page.supported)).matchAll(/^Page:0x(\w\w)/gm)].map(([, code]) => code);
      assert.deepEqual(listed, ['00', '80', '83', 'b0', 'b1', 'b2']);
      assert.equal(await ask(page.serial), 'Unit Serial Number:[lab-1]\n');
      assert.match(await ask(page.identification), /^Designator:\[IPSCSI {2}RAM disk {8}lab-1\]$/m);
      assert.match(await ask(page.limits), /^maximum transfer length:[1-9]/m);
      assert.match(await ask(page.provisioning), /^lbpu:1$/m);
      const { code, err } = await tool('iscsi-inq', '-e', '1', '-c', '192', target.url());
      assert.equal(code, refused);
      assert.match(err, /ILLEGAL_REQUEST.*INVALID_FIELD_IN_CDB/);
    });

    it('iscsi-swp protects the disk against writing, and no more', async () => {
      assert.equal(await says('iscsi-swp', target.url()), 'SWP:0\n');
      await says('iscsi-swp', '-s', 'on', target.url());
      assert.equal(await says('iscsi-swp', target.url()), 'SWP:1\n');
      await says('iscsi-swp', '-s', 'off', target.url());
      assert.equal(await says('iscsi-swp', target.url()), 'SWP:0\n');
    });

    it('iscsi-readcapacity16 reads the size, and is refused by what has none', async () => {
      assert.equal(await says('iscsi-readcapacity16', '-s', target.url()), `${diskSize}\n`);
      assert.match(await says('iscsi-readcapacity16', target.url(2)), /PHYSICAL BLOCK EXPONENT:3$/m);
      assert.equal((await tool('iscsi-readcapacity16', target.url(0))).code, refused);
    });

    it('iscsi-perf reads, one and many at once, in order and at random', async () => {
      for (const options of [
        ['-m', '1', '-b', '8'],
        ['-m', '32', '-b', '8', '-r'],
        ['-m', '8', '-b', '2048'],
      ]) {
        // Its own clock wraps around, and it runs for ever, when the machine holds it up: it is told to end.
        // In the foreground: else it would be told twice, which means at once.
        const ended = ['timeout', '--foreground', '--preserve-status', '-s', 'INT', '2'];
        const out = await says(...ended, 'iscsi-perf', '-t', '100', ...options, target.url());
        assert.match(out, /finished\.\s*$/);
        assert.ok(Number(/iops average (\d+)/.exec(out)?.[1]) > 0, out);
      }
    });

    if (secret === undefined) return;
    it('nobody comes in by a wrong secret', async () => {
      for (const login of ['', 'alice%another secret@', 'bob%a secret of hers@'])
        for (const command of ['iscsi-inq', 'iscsi-swp', 'iscsi-readcapacity16']) {
          const { code, err } = await tool(command, target.url(1, login));
          assert.equal(code, refused);
          assert.match(err, /Authentication failure/);
        }
      const { code, err } = await tool('iscsi-ls', target.portalUrl('alice%another secret@'));
      assert.deepEqual([code, /Authentication failure/.test(err)], [refused, true]);
    });
  });
}
