import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hex } from '../../bytes/hex.ts';
import { encodeExtensions, Feature } from '../../link/extensions.ts';
import { Status } from '../../scsi/status.ts';
import type { Outcome } from '../../transport/transport.ts';
import { fakeStatus } from '../control/fake-host.ts';
import { announcementOf, identityOf, lunsOf, typeName } from './device.ts';
import { cellsOf, type Device, jsonOf, rowsOf } from './rows.ts';

const answer = (dataIn: Uint8Array, status: Status = Status.good): Outcome => ({
  status,
  dataIn,
  sense: new Uint8Array(0),
  residual: 0,
});

const inquiry = hex`
  09 00 02 02 1f 00 00 02
  4950534353492020
  4950206f76657220 5343534920202020
  302e3120`;

describe('what devices say', () => {
  it('reads INQUIRY data', () => {
    const identity = { type: 9, vendor: 'IPSCSI', product: 'IP over SCSI', revision: '0.1' };
    assert.deepEqual(identityOf(answer(inquiry)), identity);
    for (let n = 0; n < 36; n++) assert.equal(identityOf(answer(inquiry.subarray(0, n))), undefined);
    assert.equal(identityOf(answer(inquiry, Status.checkCondition)), undefined);
    assert.equal(identityOf(answer(Uint8Array.of(0x7f, ...inquiry.subarray(1)))), undefined);
  });

  it('reads lists of LUNs', () => {
    const list = hex`00000018 00000000 0000000000000000 0003000000000000 4102000000000000`;
    assert.deepEqual(lunsOf(answer(list)), [0, 3, 258]);
    assert.deepEqual(lunsOf(answer(list.subarray(0, 24))), [0, 3]);
    assert.deepEqual(lunsOf(answer(list, Status.checkCondition)), [0]);
    assert.deepEqual(lunsOf(answer(hex`ffffffff 00000000`)), [0]);
  });

  it('reads the vendor page of our own kind', () => {
    const body = encodeExtensions({
      features: Feature.messages,
      mac: hex`025343a1b203`,
      mtu: 65280,
      maxMessage: 65536,
      hostName: 'lab3',
    });
    const page = Uint8Array.of(0x09, 0xc0, 0, body.length, ...body);
    assert.deepEqual(announcementOf(answer(page)), { hostName: 'lab3', mac: '02:53:43:a1:b2:03' });
    assert.equal(announcementOf(answer(inquiry)), undefined);
    assert.equal(announcementOf(answer(page, Status.checkCondition)), undefined);
    for (let n = 0; n < page.length; n++)
      assert.equal(announcementOf(answer(page.subarray(0, n))), undefined);
  });

  it('survives whatever a device says', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        identityOf(answer(bytes));
        announcementOf(answer(bytes));
        const luns = lunsOf(answer(bytes));
        assert.ok(luns.length >= 1 && luns.length <= 8);
      }),
    );
  });

  it('has a name for every type', () => {
    assert.equal(typeName(0x09), 'comms');
    assert.equal(typeName(0x1e), 'type 1eh');
  });
});

describe('rows of a scan', () => {
  const device: Device = {
    id: 5,
    lun: 0,
    identity: identityOf(answer(inquiry)),
    hostName: undefined,
    mac: undefined,
    trouble: undefined,
  };
  const reports = [{ id: 3, state: 'up', status: fakeStatus() }] as const;

  it('completes devices with what hosts know, and adds hosts that no device speaks for', () => {
    assert.deepEqual(rowsOf([device], reports).map(cellsOf), [
      ['3', '-', '-', '-', '-', '-', 'lab3', '02:53:43:a1:b2:03', '10.90.0.3 (not seen on the bus)'],
      ['5', '0', 'comms', 'IPSCSI', 'IP over SCSI', '0.1', 'lab5', '02:53:43:a1:b2:05', '10.90.0.5 fd90::5'],
    ]);
  });

  it('believes the device first', () => {
    const [row] = rowsOf([{ ...device, hostName: 'own', mac: '02:00:00:00:00:01' }], []);
    assert.deepEqual([row?.hostName, row?.mac, row?.addresses], ['own', '02:00:00:00:00:01', []]);
  });

  it('gives programs one flat object', () => {
    const [row] = rowsOf([device], []);
    assert.ok(row);
    assert.deepEqual(JSON.parse(JSON.stringify(jsonOf(row))), {
      id: 5,
      lun: 0,
      type: 9,
      typeName: 'comms',
      vendor: 'IPSCSI',
      product: 'IP over SCSI',
      revision: '0.1',
      addresses: [],
    });
  });
});
