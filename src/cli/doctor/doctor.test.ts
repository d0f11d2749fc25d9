import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TcmuError } from '../../transport/tcmu/options.ts';
import { noColours } from '../colours.ts';
import { plant, type Tree } from '../testing-tree.ts';
import { clean } from './clean.ts';
import { doctor } from './doctor.ts';

const all = '000001ffffffffff';
const status = (capabilities: string) =>
  `Name:\tnode\nCapPrm:\t${all}\nCapEff:\t${capabilities}\nSeccomp:\t0\n`;

/** A server with Debian's kernel, a Fibre Channel and a RAID adapter. */
const server: Tree = {
  'proc/sys/kernel/osrelease': '6.1.0-56-amd64\n',
  'proc/self/status': status(all),
  'lib/modules/6.1.0-56-amd64/modules.dep': [
    'kernel/drivers/scsi/sg.ko: kernel/drivers/scsi/scsi_mod.ko',
    'kernel/drivers/target/target_core_user.ko.xz: kernel/drivers/target/target_core_mod.ko.xz',
    'kernel/drivers/target/loopback/tcm_loop.ko:',
    'kernel/drivers/scsi/qla2xxx/tcm_qla2xxx.ko:',
    'kernel/drivers/target/iscsi/iscsi_target_mod.ko:',
  ].join('\n'),
  'lib/modules/6.1.0-56-amd64/modules.builtin': 'kernel/drivers/net/tun.ko\n',
  'sys/module/scsi_mod/initstate': 'live\n',
  'sys/module/sg/initstate': 'live\n',
  'sys/kernel/config': undefined,
  'dev/net/tun': '',
  'dev/shm': undefined,
  'dev/sg0': '',
  'sys/bus/pci/devices/0000:03:00.0/class': '0x0c0400\n',
  'sys/bus/pci/devices/0000:03:00.0/vendor': '0x1077\n',
  'sys/bus/pci/devices/0000:03:00.0/device': '0x2532\n',
  'sys/bus/pci/devices/0000:03:00.0/driver': '-> ../../drivers/qla2xxx',
  'sys/bus/pci/drivers/qla2xxx': undefined,
  'sys/bus/pci/devices/0000:04:00.0/class': '0x010400\n',
  'sys/bus/pci/devices/0000:04:00.0/vendor': '0x1000\n',
  'sys/bus/pci/devices/0000:04:00.0/device': '0x005d\n',
  'sys/bus/pci/devices/0000:05:00.0/class': '0x030000\n',
  'sys/class/scsi_host/host0/proc_name': 'qla2xxx\n',
  'sys/class/fc_host/host0/port_name': '0x21000024ff000001\n',
};

function examine(tree: Tree, json = false) {
  using planted = plant(tree);
  const lines: string[] = [];
  const output = { colours: noColours, line: (text: string) => void lines.push(text) };
  const code = doctor({ json, root: planted.root }, output);
  return { code, lines, text: lines.join('\n') };
}

function verdictsOf(tree: Tree): Readonly<Record<string, string>> {
  const { transports } = JSON.parse(examine(tree, true).text);
  return Object.fromEntries(transports.map(({ name, verdict }: Record<string, string>) => [name, verdict]));
}

describe('doctor', () => {
  it('judges a server with adapters', () => {
    assert.deepEqual(verdictsOf(server), {
      interface: 'ready',
      shm: 'ready',
      iscsi: 'ready',
      sg: 'ready',
      'tcmu loopback': 'possible',
      'tcmu iscsi': 'possible',
      'tcmu vhost': 'not here',
      'tcmu qla2xxx': 'possible',
      'tcmu srpt': 'not here',
      'tcmu fc': 'not here',
      'tcmu usb_gadget': 'not here',
    });
    const { code, text } = examine(server);
    assert.equal(code, 0);
    assert.match(text, /^kernel 6\.1\.0-56-amd64$/m);
    assert.match(text, /^modules available: .*target_core_user tcm_loop/m);
    assert.match(text, /^modules loaded: scsi_mod sg$/m);
    assert.match(text, /^0000:03:00\.0 +1077:2532 +Fibre Channel +qla2xxx +tcm_qla2xxx$/m);
    assert.match(text, /^0000:04:00\.0 +1000:005d +RAID +no driver +none$/m);
    assert.match(text, /^host0 +- +Fibre Channel port 0x21000024ff000001/m);
    assert.doesNotMatch(text, /0000:05/);
    assert.match(
      text,
      /tcmu loopback +possible, after\n +module target_core_user is not loaded: modprobe target_core_user\n/,
    );
    assert.match(text, /tcmu usb_gadget +not here\n +no USB device port/);
  });

  it('says how to get what is missing: a user without rights, an empty machine', () => {
    const user = { ...server, 'proc/self/status': status('0000000000000000') };
    const { code, text } = examine(user);
    assert.equal(code, 7, 'no interface');
    assert.match(text, /interface +possible, after\n +we lack CAP_NET_ADMIN: run as root/);
    const empty = examine({ 'proc/sys/kernel/osrelease': '6.1.0\n' });
    assert.equal(empty.code, 7);
    assert.match(empty.text, /no adapter/);
    assert.match(empty.text, /there is no \/dev\/net\/tun: modprobe tun/);
    assert.match(empty.text, /sg +not here\n +module sg .* in a container/);
    assert.match(empty.text, /modules unknown: tun/);
    assert.doesNotThrow(() => examine({}));
  });

  it('tells the same as JSON', () => {
    const { code, lines } = examine(server, true);
    const said = JSON.parse(lines[0] ?? '');
    assert.deepEqual(
      [code, lines.length, said.fit, said.modules.tun, said.modules.vhost_scsi],
      [0, 1, true, 'builtin', 'absent'],
    );
    assert.equal(said.capabilities.CAP_SYS_RAWIO, true);
    assert.equal(said.adapters.length, 3);
  });

  it('looks at this machine without harm', () => {
    const lines: string[] = [];
    doctor({ json: false }, { colours: noColours, line: (text) => void lines.push(text) });
    assert.match(lines[0] ?? '', /^kernel \S+$/);
  });
});

describe('doctor --clean', () => {
  const run = (json: boolean, sweep: () => readonly string[]) => {
    const lines: string[] = [];
    const code = clean({ json, sweep }, { colours: noColours, line: (text) => void lines.push(text) });
    return [code, ...lines];
  };

  it('names what it took away', () => {
    assert.deepEqual(
      run(false, () => ['ipscsi.lab.0.7', 'ipscsi.b.1.2']),
      [0, 'removed ipscsi.lab.0.7', 'removed ipscsi.b.1.2'],
    );
    assert.deepEqual(
      run(true, () => ['ipscsi.lab.0.7']),
      [0, '{"removed":["ipscsi.lab.0.7"]}'],
    );
    assert.deepEqual(
      run(false, () => []),
      [0, 'nothing was left behind'],
    );
  });

  it('tells what it needs', () => {
    const refused = () => {
      throw new TcmuError('permission', 'EACCES');
    };
    assert.throws(() => run(false, refused), { code: 'permission', hint: 'run as root' });
  });
});
