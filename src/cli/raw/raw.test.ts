import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { hex } from '../../bytes/hex.ts';
import { connect } from '../../iscsi.ts';
import { noIpv6 } from '../../transport/iscsi/testing-ports.ts';
import { parseBusUrl } from '../bus-url.ts';
import { noColours } from '../colours.ts';
import { CliError } from '../failure.ts';
import { chapFrom } from '../iscsi-login.ts';
import { scanPortal } from '../scan/portal.ts';
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
const name = 'iqn.2026-01.org.example:d';
const disk = {
  listen: ['127.0.0.1:0'],
  ...{ name, mebibytes: 1, chap: alice, own: undefined, allow: [], json: false, revision: '0.1' },
};
const limits = { target: undefined, lun: 0, timeoutMs: 10_000 };

describe('ipscsi target, ipscsi raw', () => {
  it('ask and answer: INQUIRY decoded, a refusal in words, nobody there', async () => {
    const stop = new AbortController();
    const served = recorder();
    const serving = serveTarget(disk, served.output, stop.signal);
    const bus = parseBusUrl(await served.ready);
    const common = { bus, ...limits, dataOut: undefined, chap: alice, json: false };

    const power = recorder();
    assert.equal(await raw({ ...common, cdb: hex`00 00 00 00 00 00`, dataIn: 0 }, power.output), 1);
    assert.match(power.lines.join('\n'), /status: .*check condition[\s\S]*power on/i);

    const inquiry = recorder();
    assert.equal(await raw({ ...common, cdb: hex`12 00 00 00 24 00`, dataIn: 40 }, inquiry.output), 0);
    assert.match(
      inquiry.lines.join('\n'),
      /residual: 4\ndecoded: disk, IPSCSI, RAM disk, 0\.1\n00000000 {2}00 00 06 02 .*\n.*RAM disk/,
    );

    const json = recorder();
    await raw({ ...common, cdb: hex`12 00 00 00 05 00`, dataIn: 5, json: true }, json.output);
    assert.deepEqual(JSON.parse(json.lines[0] ?? ''), {
      status: 0,
      sense: '',
      dataIn: '000006025b',
      residual: 0,
    });

    const portal = bus.kind === 'iscsi' ? bus.portal : '';
    const whole = parseBusUrl(`iscsi://${portal}`);
    assert.ok(whole.kind === 'iscsi');
    const scanned = recorder();
    const scan = { bus: whole, chap: alice, json: false, timeoutMs: 10_000 };
    assert.equal(await scanPortal(scan, scanned.output), 0);
    assert.match(
      scanned.lines[1] ?? '',
      new RegExp(`^iqn.2026-01.org.example:d  ${portal},1 +0  disk  IPSCSI  RAM disk +0.1`),
    );
    const inJson = recorder();
    await scanPortal({ ...scan, json: true }, inJson.output);
    const [device] = JSON.parse(inJson.lines[0] ?? '').devices;
    assert.deepEqual([device.target, device.lun, device.typeName], ['iqn.2026-01.org.example:d', 0, 'disk']);
    await assert.rejects(scanPortal({ ...scan, chap: undefined }, scanned.output), {
      name: 'CliError',
      code: 'permission',
    });

    stop.abort();
    assert.equal(await serving, 0);
    await assert.rejects(scanPortal(scan, scanned.output), { name: 'CliError', code: 'unreachable' });
    const gone = raw({ ...common, cdb: hex`00 00 00 00 00 00`, dataIn: 0 }, recorder().output);
    await assert.rejects(gone, { name: 'CliError', code: 'unreachable' });
  });

  it('meet over IPv6, too, and scan finds the target', { skip: noIpv6 }, async () => {
    const stop = new AbortController();
    const served = recorder();
    const options = { ...disk, listen: ['[::1]:0'], chap: undefined };
    const serving = serveTarget(options, served.output, stop.signal);
    try {
      const bus = parseBusUrl(await served.ready);
      assert.ok(bus.kind === 'iscsi');
      assert.match(bus.url, /^iscsi:\/\/\[::1\]:\d+\/iqn/);
      const asked = recorder();
      const common = { bus, ...limits, dataOut: undefined, chap: undefined, json: true };
      assert.equal(await raw({ ...common, cdb: hex`12 00 00 00 24 00`, dataIn: 36 }, asked.output), 0);
      const { decoded } = JSON.parse(asked.lines[0] ?? '');
      const identity = { type: 0, typeName: 'disk', vendor: 'IPSCSI', product: 'RAM disk', revision: '0.1' };
      assert.deepEqual(decoded, identity);
      const portal = parseBusUrl(`iscsi://${bus.portal}`);
      assert.ok(portal.kind === 'iscsi');
      const scanned = recorder();
      const scan = { bus: portal, chap: undefined, json: true, timeoutMs: 10_000 };
      assert.equal(await scanPortal(scan, scanned.output), 0);
      const [device] = JSON.parse(scanned.lines[0] ?? '').devices;
      const found = [device.target, device.portals, device.typeName];
      assert.deepEqual(found, [name, [`${bus.portal},1`], 'disk']);
    } finally {
      stop.abort();
      await serving;
    }
  });

  it('lets in who is on its list, and counts', async () => {
    const stop = new AbortController();
    const served = recorder();
    const serving = serveTarget(
      {
        ...disk,
        own: { name: 'disk', secret: 'a secret of its own' },
        allow: ['iqn.2026-01.org.example:alpha'],
        json: true,
      },
      served.output,
      stop.signal,
    );
    const bus = parseBusUrl(JSON.parse(await served.ready).urls[0]);
    assert.ok(bus.kind === 'iscsi' && bus.target !== undefined);
    const login = { portal: bus.portal, target: bus.target, chap: alice };
    await assert.rejects(connect(login), { name: 'LoginError', status: 0x0202 });
    const initiator = 'iqn.2026-01.org.example:alpha';
    const wrong = { ...alice, target: { name: 'disk', secret: 'not what it has' } };
    await assert.rejects(connect({ ...login, initiator, chap: wrong }), { name: 'ChapError' });
    const mutual = { ...alice, target: { name: 'disk', secret: 'a secret of its own' } };
    (await connect({ ...login, initiator, chap: mutual })).close();
    stop.abort();
    assert.equal(await serving, 0);
    const { event, counters } = JSON.parse(served.lines[1] ?? '');
    assert.deepEqual([event, counters.failedLogins >= 1, counters.logins >= 1], ['ended', true, true]);
  });

  it('refuse secrets that others can read', () => {
    assert.throws(() => chapFrom('alice', undefined), CliError);
    const folder = mkdtempSync(join(tmpdir(), 'ipscsi-raw-'));
    const file = join(folder, 'secret');
    writeFileSync(file, `${secret}\n`);
    chmodSync(file, 0o644);
    assert.throws(() => chapFrom('alice', file), { name: 'CliError', code: 'permission' });
    chmodSync(file, 0o600);
    assert.deepEqual(chapFrom('alice', file), alice);
    rmSync(folder, { recursive: true });
  });
});
