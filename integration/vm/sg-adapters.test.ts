/** Emulated adapters, each with our iSCSI target behind it by QEMU's own initiator: what a guest's `sg` gets through. */

import { test } from 'node:test';
import { messageBufferId } from '../../src/link/command-set.ts';
import type { Command } from '../../src/scsi/command.ts';
import { DeviceServer } from '../../src/scsi/device-server.ts';
import { communicationsUnit } from '../../src/scsi/logical-unit.ts';
import type { MessageService } from '../../src/scsi/message-service.ts';
import { Status } from '../../src/scsi/status.ts';
import { createTarget, type IscsiTarget } from '../../src/transport/iscsi/target.ts';
import { declareGuestTests } from './guest-tests.ts';
import { vmMissing } from './vm.ts';

/** Gives back the message that came last. */
class Echo implements MessageService {
  #message = new Uint8Array(0);

  send(command: Command, _form: number, _stream: number, length: number): void {
    const from = command.dataOutOffset;
    this.#message = command.dataOut.slice(from, from + length);
    command.complete(Status.good);
  }

  get(command: Command, _form: number, _stream: number, length: number): void {
    command.complete(Status.good, undefined, this.#message.subarray(0, length));
  }

  cancelled(): void {}
}

const name = 'iqn.2026-01.org.example:adapters';
/** As QEMU calls them, and where their bus hangs. */
const adapters = [
  ['lsi53c895a', 'scsi-id=1'],
  ['virtio-scsi-pci', 'scsi-id=1'],
  ['pvscsi', 'scsi-id=1'],
  ['megasas', 'scsi-id=1'],
  ['usb-uas,bus=usb.0', 'scsi-id=0,lun=0'],
  ['am53c974', 'scsi-id=1'],
] as const;

const qemuOf = ({ address }: IscsiTarget) => [
  '-device',
  'qemu-xhci,id=usb',
  ...adapters.flatMap(([device, place], i) => [
    ...['-device', `${device},id=s${i}`],
    ...['-drive', `if=none,id=d${i},format=raw,file=iscsi://${address}/${name}/${i}`],
    ...['-device', `scsi-generic,bus=s${i}.0,${place},drive=d${i}`],
  ]),
];

/** QEMU's am53c974 lacks the command that selects with a tag: its kernel is told to use none (BLIST_NOTQ). */
const untagged = 'scsi_mod dev_flags=IPSCSI:am53c974:0x20';
const drivers = ['sym53c8xx', 'virtio_scsi', 'vmw_pvscsi', 'megaraid_sas', 'xhci_pci', 'uas', 'am53c974'];
const modules = [untagged, 'sg', ...drivers];

test('emulated adapters', { skip: vmMissing() }, async (t) => {
  const units = adapters.map(([device], i) => {
    const identity = { vendor: 'IPSCSI', product: device.slice(0, 16), revision: '0', serial: String(i) };
    return [i, communicationsUnit({ identity, service: new Echo(), messageBufferId })] as const;
  });
  await using target = await createTarget({
    name,
    portals: ['127.0.0.1:0'],
    device: new DeviceServer(new Map(units), { powerOnUnitAttention: false }),
  });
  await declareGuestTests(t, 'sg-adapters', { modules, qemu: qemuOf(target) });
});
