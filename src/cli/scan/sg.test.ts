import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hex } from '../../bytes/hex.ts';
import { encodeExtensions, Feature } from '../../link/extensions.ts';
import { Status } from '../../scsi/status.ts';
import type { Outcome } from '../../transport/transport.ts';
import { noColours } from '../colours.ts';
import { plant, type Tree } from '../testing-tree.ts';
import { type SgScanSettings, scanSg } from './sg.ts';

const device = (address: string, type: number, model: string, more: Tree = {}): Tree => {
  const at = `devices/host${address[0]}/${address}`;
  const files = {
    type: `${type}\n`,
    vendor: 'IPSCSI  \n',
    model: `${model}\n`,
    rev: '0.1 \n',
    state: 'running\n',
  };
  return Object.fromEntries(
    Object.entries({ ...files, ...more }).map(([name, text]) => [`${at}/${name}`, text]),
  );
};

const machine: Tree = {
  ...device('0:0:0:0', 9, 'a host', { vpd_pg0: hex`09 00 0003 00 83 c0` }),
  ...device('0:0:1:0', 9, 'a strict host', { vpd_pg0: hex`09 00 0001 00` }),
  ...device('1:0:0:0', 0, 'a disk', { 'block/sda/size': '8' }),
  ...device('1:0:1:0', 3, 'an enclosure', { state: 'offline\n' }),
  ...device('1:0:2:0', 1, 'a tape', { 'scsi_tape/nst0/dev': '9:128', 'scsi_tape/st0/dev': '9:0' }),
  'class/scsi_host/host0/proc_name': 'qla2xxx\n',
  'class/scsi_host/host1/proc_name': '(null)\n',
  'class/scsi_host/host1/device': '-> ../../../devices/usb/1-1/host1',
  'devices/usb/1-1/host1': undefined,
  'devices/usb/1-1/driver': '-> ../../../drivers/uas',
  'drivers/uas': undefined,
  'class/scsi_generic/sg0/device': '-> ../../../devices/host0/0:0:0:0',
  'class/scsi_generic/sg1/device': '-> ../../../devices/host0/0:0:1:0',
  'class/scsi_generic/sg2/device': '-> ../../../devices/host1/1:0:0:0',
  'class/scsi_generic/sg3/device': '-> ../../../devices/host1/1:0:1:0',
  'class/scsi_generic/sg10/device': '-> ../../../devices/host1/1:0:2:0',
};

const body = encodeExtensions({
  features: Feature.messages,
  mac: hex`025343a1b203`,
  mtu: 65280,
  maxMessage: 65536,
  hostName: 'lab\u202e3',
});
const page: Outcome = {
  status: Status.good,
  sense: new Uint8Array(0),
  dataIn: Uint8Array.of(0x09, 0xc0, 0, body.length, ...body),
  residual: 0,
};

async function scan(tree: Tree, settings: Partial<SgScanSettings> = {}) {
  using planted = plant(tree);
  const lines: string[] = [];
  const asked: string[] = [];
  const send = async (path: string) => {
    asked.push(path);
    return page;
  };
  const output = { colours: noColours, line: (text: string) => void lines.push(text) };
  const whole = { devices: [], json: false, timeoutMs: 1000, root: planted.root, send, ...settings };
  return { code: await scanSg(whole, output), lines, asked };
}

describe('scan of the machine’s own SCSI devices', () => {
  it('lists all, and asks only those that may be hosts', async () => {
    const { code, lines, asked } = await scan(machine);
    assert.equal(code, 0);
    assert.deepEqual(asked, ['/dev/sg0']);
    assert.match(lines[0] ?? '', /^SG +H:C:T:L +TYPE/);
    assert.match(
      lines[1] ?? '',
      /^\/dev\/sg0 +0:0:0:0 +comms +IPSCSI +a host +0.1 +qla2xxx +- +ipscsi +lab.*02:53:43:a1:b2:03/,
    );
    assert.match(lines[2] ?? '', /sg1 .* rfc2143\? +- +-$/);
    assert.match(lines[3] ?? '', /sg2 +1:0:0:0 +disk .* uas +\/dev\/sda +no/);
    assert.match(lines[4] ?? '', /process .*\? \(offline\)/);
    assert.match(lines[5] ?? '', /sg10 .*\/dev\/st0 +no/);
    assert.ok(lines.every((line) => !line.includes('\u202e')));
  });

  it('as JSON; of some', async () => {
    const { lines } = await scan(machine, { json: true, devices: ['/dev/sg0', '/dev/sg2'] });
    const { bus, devices } = JSON.parse(lines[0] ?? '');
    assert.equal(bus, 'sg:/dev/sg0,/dev/sg2');
    assert.deepEqual(
      devices.map(({ node, typeName, speaks }: Record<string, unknown>) => [node, typeName, speaks]),
      [
        ['/dev/sg0', 'comms', 'ipscsi'],
        ['/dev/sg2', 'disk', 'no'],
      ],
    );
  });

  it('says why a device could not be asked', async () => {
    const send = async () => {
      throw new Error('EACCES: permission denied');
    };
    const { lines, code } = await scan(machine, { send, devices: ['/dev/sg0'] });
    assert.match(lines[1] ?? '', /\? \(EACCES/);
    assert.equal(code, 0);
  });

  it('fails clearly without the driver, without devices, and for one that is not there', async () => {
    await assert.rejects(scan({ 'class/net': undefined }), { code: 'unsupported', hint: /modprobe sg/ });
    const { code, lines } = await scan({ 'class/scsi_generic': undefined });
    assert.deepEqual([code, lines], [5, ['this machine has no SCSI device']]);
    await assert.rejects(scan(machine, { devices: ['/dev/sg7'] }), {
      code: 'unreachable',
      expected: /sg0, /,
    });
  });
});
