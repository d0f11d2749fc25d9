import assert from 'node:assert/strict';
import { constants, readdirSync, readFileSync, readSync } from 'node:fs';
import { test } from 'node:test';
import { toHex } from '../bytes/hex.ts';
import { Echo } from './icmp.ts';
import { Lab, netlinkIn, noTaps } from './lab.ts';
import { SystemError } from './libc.ts';
import { withNamespace } from './namespaces.ts';
import { isInterfaceName, openTap, virtioNetHeaderSize } from './tap.ts';

const skip = noTaps;
const refused = (code: string) => (error: unknown) => error instanceof SystemError && error.code === code;

test('names that Linux takes', () => {
  for (const name of ['scsi0', 'a', 'x'.repeat(15), 'a.b-c_d']) assert.ok(isInterfaceName(name), name);
  for (const name of ['', '.', '..', 'x'.repeat(16), 'a/b', 'a:b', 'a b', 'ééééééééé'])
    assert.ok(!isInterfaceName(name), name);
});

test('a TAP device is there while its descriptor is open', { skip }, () => {
  using lab = new Lab();
  const namespace = lab.namespace();
  using netlink = netlinkIn(namespace);
  const tap = withNamespace(namespace, () => openTap('scsi0'));
  assert.deepEqual([tap.name, netlink.link('scsi0').kind], ['scsi0', 'tun']);
  tap.close();
  assert.deepEqual(
    netlink.links().map(({ name }) => name),
    ['lo'],
  );
});

test('the kernel finds a name when none is given', { skip }, () => {
  using lab = new Lab();
  using tap = withNamespace(lab.namespace(), () => openTap());
  assert.equal(tap.name, 'tap0');
});

/** The next Ethernet frame; undefined when there is none. */
function readFrame(fd: number): Uint8Array | undefined {
  const buffer = new Uint8Array(2048);
  try {
    return buffer.subarray(virtioNetHeaderSize, readSync(fd, buffer));
  } catch (error) {
    assert.match(String(error), /EAGAIN/);
    return undefined;
  }
}

test('frames come behind a virtio_net_hdr, and reading never blocks', { skip }, () => {
  using lab = new Lab();
  const namespace = lab.namespace();
  using netlink = netlinkIn(namespace);
  using tap = withNamespace(namespace, () => openTap('scsi0'));
  netlink.setLink('scsi0', { mac: '02:53:43:00:00:03', up: true });
  netlink.addAddress('scsi0', '10.90.0.3/24');
  using echo = withNamespace(namespace, () => new Echo('10.90.0.4', { now: () => 0 }));
  const sent: string[] = [];
  // Nobody answers; the kernel asks who has 10.90.0.4.
  for (let tries = 0; tries < 50 && !sent.some((frame) => frame.includes('0806')); tries++) {
    echo.ask(20);
    for (let frame = readFrame(tap.fd); frame; frame = readFrame(tap.fd))
      sent.push(toHex(frame.subarray(0, 14)));
  }
  assert.ok(sent.includes('ffffffffffff0253430000030806'), sent.join());
});

test('the descriptor is closed on exec and does not block', { skip }, () => {
  using lab = new Lab();
  using tap = withNamespace(lab.namespace(), () => openTap());
  const [, octal = ''] = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${tap.fd}`, 'utf8')) ?? [];
  const wanted = 0o2000000 | constants.O_NONBLOCK;
  assert.equal(Number.parseInt(octal, 8) & wanted, wanted);
});

test('a name that is taken is refused, by a TAP device or another link', { skip }, () => {
  using lab = new Lab();
  const namespace = lab.namespace();
  using netlink = netlinkIn(namespace);
  netlink.createBridge('br0');
  using tap = withNamespace(namespace, () => openTap('scsi0'));
  const before = readdirSync('/proc/self/fd').length;
  for (const name of [tap.name, 'br0'])
    assert.throws(() => withNamespace(namespace, () => openTap(name)), refused('EBUSY'));
  assert.equal(readdirSync('/proc/self/fd').length, before);
});

test('what cannot be a name never reaches the kernel', () => {
  assert.throws(() => openTap('much-too-long-a-name'), RangeError);
});
