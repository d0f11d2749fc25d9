import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hex } from '../bytes/hex.ts';
import { Echo, EchoMessage, echoRequest, internetChecksum, replySequence } from './icmp.ts';
import { Lab, netlinkIn, noNamespaces } from './lab.ts';
import { SystemError } from './libc.ts';
import { withNamespace } from './namespaces.ts';

const skip = noNamespaces;
const now = () => Number(process.hrtime.bigint() / 1000n);

test('the checksum of RFC 1071, §3', () => {
  assert.equal(internetChecksum(hex`0001 f203 f4f5 f6f7`), 0x220d);
  assert.equal(internetChecksum(hex`0001 f2`), 0xffff - 0xf201);
});

test('a request with its checksum sums up to nothing', () =>
  fc.assert(
    fc.property(fc.nat(0xffff), fc.nat(0xffff), fc.nat(99), (identifier, sequence, size) => {
      const request = echoRequest(4, identifier, sequence, size);
      assert.equal(request.length, 8 + size);
      assert.equal(internetChecksum(request), 0);
    }),
  ));

test('echo requests, to the byte', () => {
  assert.deepEqual(echoRequest(4, 0x1234, 5, 0), hex`08 00 e5c6 1234 0005`);
  assert.deepEqual(echoRequest(6, 0x1234, 5, 2), hex`80 00 0000 1234 0005 0000`);
});

test('a reply is ours by type and identifier', () => {
  const reply4 = Buffer.concat([hex`45`, new Uint8Array(19), hex`00 00 ffff 1234 0007`]);
  const reply6 = hex`81 00 0000 1234 0007`;
  assert.equal(replySequence(4, 0x1234, reply4), 7);
  assert.equal(replySequence(6, 0x1234, reply6), 7);
  assert.equal(replySequence(4, 0x1235, reply4), undefined);
  assert.equal(replySequence(6, 0x1235, reply6), undefined);
  assert.equal(replySequence(6, 0x1234, echoRequest(6, 0x1234, 7, 0)), undefined);
  for (let n = 0; n < reply4.length; n++)
    assert.equal(replySequence(4, 0x1234, reply4.subarray(0, n)), undefined);
});

test('arbitrary packets are ours or not', () =>
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (any) => void replySequence(4, 1, any))));

test('the layout refuses every shorter buffer', () => {
  for (let n = 0; n < 8; n++) assert.throws(() => EchoMessage.over(new Uint8Array(n)), RangeError);
});

test('loopback answers, IPv4 and IPv6', { skip }, () => {
  using lab = new Lab();
  const namespace = lab.namespace();
  for (const address of ['127.0.0.1', '::1']) {
    using echo = withNamespace(namespace, () => new Echo(address, { now }));
    for (let i = 0; i < 3; i++) assert.ok((echo.ask(1000) ?? -1) >= 0, address);
  }
});

test('no answer is not an error, no route is', { skip }, () => {
  using lab = new Lab();
  const namespace = lab.namespace();
  using netlink = netlinkIn(namespace);
  netlink.createVeth('a', { name: 'b' });
  for (const name of ['a', 'b']) netlink.setLink(name, { up: true });
  netlink.addAddress('a', '10.90.0.1/24');
  using echo = withNamespace(namespace, () => new Echo('10.90.0.2', { now }));
  assert.equal(echo.ask(20), undefined);
  assert.throws(
    () => withNamespace(namespace, () => new Echo('10.91.0.1', { now })),
    (error) => error instanceof SystemError && error.code === 'ENETUNREACH',
  );
});
